"""From a mix as it is wished for to its settings: strip by strip, on the sound that reaches each.

A processor that would not be heard is left out: a graph whose nodes do nothing tells nobody how a
song was mixed.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float, Float32

from mixtrace.generating.plan import MixPlan
from mixtrace.generating.players import RATE_HZ
from mixtrace.generating.wishes import Wish
from mixtrace.interpret import Desk, TrackStrip
from mixtrace.processors import NodeSettings
from mixtrace.rendering import render_taps
from mixtrace.units import ratio_from_db

__all__ = ["HEARD_DB", "change_db", "passed", "settle"]

HEARD_DB = 0.3
"""By how many dB a processor changes a band somewhere in the song, at least."""

_FRAME = 2048  # samples, 46 ms
_BANDS_HZ = (20.0, 60.0, 120.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 20000.0)
_FAINT_DB = -40.0  # bands softer than this, against the loudest of all, are not heard
_TINY = 1e-14

Sound = Float32[np.ndarray, "_channel time"]


def settle(plan: MixPlan, tracks: Mapping[str, Sound]) -> Desk:
    """Return the desk of a song: everything dialled, nothing on it that is not heard.

    Args:
        plan: the mix as it is wished for.
        tracks: the dry audio of its tracks, by name.
    """
    strips: list[TrackStrip] = []
    ends: dict[str, Sound] = {}
    for track in plan.tracks:
        name, group = track.instrument.name, track.instrument.group
        chain, ends[name] = _settled(track.chain, tracks[name])
        sends = {to: next(iter(send.tries(ends[name]))) for to, send in track.sends.items()}
        strips.append(TrackStrip(name, group, chain, sends))
    reaching = []
    buses: dict[str, list[NodeSettings]] = {}
    for group, wishes in plan.buses.items():
        members = [ends[strip.name] for strip in strips if strip.group == group]
        chain, end = _settled(wishes, _sum(members))
        if chain:
            buses[group] = chain
            reaching.append(end)
    reaching += [ends[strip.name] for strip in strips if strip.group not in buses]
    returns: dict[str, list[NodeSettings]] = {}
    for name, wishes in plan.returns.items():
        fed = [
            ratio_from_db(strip.sends[name].number("level_db")) * ends[strip.name]
            for strip in strips
            if name in strip.sends
        ]
        returns[name], end = _settled(wishes, _sum(fed))
        reaching.append(end)
    master, _ = _settled(plan.master, _sum(reaching))
    return Desk(strips, buses, returns, master)


def passed(node: NodeSettings, sound: Sound) -> Sound:
    """Return a sound behind a processor, with one channel where both are equal."""
    graph, settings = Desk([TrackStrip("sound", "", [node])]).built()
    (number,) = graph.processors
    dry = torch.from_numpy(sound)
    _, tapped = render_taps(graph, settings, [dry], RATE_HZ, [number])
    return tapped[number].numpy()


def change_db(before: Sound, after: Sound) -> float:
    """Return by how much a band of a channel changes, where it changes most.

    Bands are some octaves wide and 46 ms long. Those that are 40 dB softer than the loudest before
    and after do not count.

    >>> import numpy as np
    >>> sound = np.random.default_rng(0).normal(0.0, 0.1, (1, 44_100)).astype(np.float32)
    >>> round(change_db(sound, 0.5 * sound), 2)
    6.02
    """
    return _change_db(_levels_db(before), _levels_db(after))


def _change_db(
    before_db: Float[np.ndarray, "2 frame band"], after_db: Float[np.ndarray, "2 frame band"]
) -> float:
    heard = np.maximum(before_db, after_db) > max(before_db.max(), after_db.max()) + _FAINT_DB
    return float(np.abs(after_db - before_db)[heard].max())


def _settled(wishes: Sequence[Wish], sound: Sound) -> tuple[list[NodeSettings], Sound]:
    """Return the settings of a chain, and what leaves it."""
    chain: list[NodeSettings] = []
    levels_db = _levels_db(sound)
    for wish in wishes:
        for node in wish.tries(sound):
            after = passed(node, sound)
            after_db = _levels_db(after)
            if _change_db(levels_db, after_db) > HEARD_DB:
                chain.append(node)
                sound, levels_db = after, after_db
                break
    return chain, sound


def _sum(sounds: Sequence[Sound]) -> Sound:
    """Return a sum; mono counts on both channels."""
    total = np.zeros((max(map(len, sounds)), sounds[0].shape[-1]), dtype=np.float32)
    for sound in sounds:
        total += sound
    return total


def _levels_db(sound: Sound) -> Float[np.ndarray, "2 frame band"]:
    """Return the level of each channel in each frame and band; mono is on both channels."""
    whole = sound.shape[-1] // _FRAME * _FRAME
    frames = torch.from_numpy(sound[:, :whole]).unflatten(-1, (-1, _FRAME))
    spectra = torch.fft.rfft(frames * torch.hann_window(_FRAME))
    powers = torch.view_as_real(spectra).square().sum(-1).numpy()
    edges = np.round(np.array(_BANDS_HZ) * _FRAME / RATE_HZ).astype(int)
    bands = np.add.reduceat(powers, edges[:-1], axis=-1)
    levels_db = 10.0 * np.log10(bands / _FRAME**2 + _TINY)
    return np.broadcast_to(levels_db, (2, *levels_db.shape[1:]))
