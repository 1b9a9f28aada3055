"""The canonical form of equalizers: no band that does nothing, no level hidden in one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import scipy.signal
import torch
from jaxtyping import Bool, Float

from mixtrace.graph import Graph, remove_nodes
from mixtrace.interpret.nodes import response_of
from mixtrace.processors import (
    FilterProcessor,
    MatrixProcessor,
    NodeSettings,
    Settings,
    processor,
)

__all__ = ["fader_behind", "louder", "sounding", "tidied"]

_EQ = "parametric_equalizer"
_HEARD_DB = 0.3
_SOUNDS_DB = -40.0
_LOWEST_HZ, _HIGHEST, _BANDS = 25.0, 0.45, 60  # from and to, of the rate; a sixth of an octave
_FRAME = 8192
_ON_DB = 0.05
_SINGLE = ("high_pass_db_per_octave", "low_pass_db_per_octave", "low_shelf_db", "high_shelf_db")


def tidied(
    graph: Graph,
    settings: Settings,
    tracks: Mapping[str, Float[np.ndarray, "channel time"]],
    sample_rate_hz: float,
) -> tuple[Graph, Settings]:
    """Return a graph that sounds the same with fewer bands.

    A band leaves where it changes what sounds of its track by less than .3 dB, a mere gain left
    out; that gain goes to the fader, if nothing that hears levels stands between. Equalizers
    without a band leave as well.

    Args:
        graph: the graph.
        settings: its settings.
        tracks: the dry tracks by name.
        sample_rate_hz: theirs.
    """
    hz = np.geomspace(_LOWEST_HZ, _HIGHEST * sample_rate_hz, _BANDS)
    nodes = {i: settings[i] for i in graph.processors}
    idle = set()
    for strip in {graph.nodes[i].strip for i in graph.inputs}:
        chain = [i for i in graph.order if i in nodes and graph.nodes[i].strip == strip]
        sounds = sounding(tracks[graph.strips[strip].name], hz, sample_rate_hz)
        for place, i in enumerate(chain):
            if nodes[i].kind != _EQ:
                continue
            fader = fader_behind(graph, chain[place + 1 :])
            nodes[i], level_db = _with_fewer(nodes[i], hz, sounds, sample_rate_hz, fader is None)
            if fader is not None and level_db:
                nodes[fader] = louder(nodes[fader], level_db)
            if not list(_fewer(nodes[i])):
                idle.add(i)
    kept = remove_nodes(graph, idle)
    return kept, Settings.of({i: nodes[i] for i in kept.processors})


def fader_behind(graph: Graph, behind: Sequence[int]) -> int | None:
    """Return the fader that takes up the level of what stands in front; None if none may."""
    for i in behind:
        if graph.nodes[i].kind == "fader":
            return i
        if not isinstance(processor(graph.nodes[i].kind), FilterProcessor | MatrixProcessor):
            return None
    return None


def louder(node: NodeSettings, by_db: float) -> NodeSettings:
    """Return a fader that is so much louder, as far as it goes."""
    spec = processor(node.kind).param("level_db")
    return _turned(node, "level_db", spec.clip((node.values["level_db"] + by_db)[None])[0])


def sounding(
    audio: Float[np.ndarray, "channel time"], hz: Float[np.ndarray, " band"], rate: float
) -> Bool[np.ndarray, " band"]:
    """Return where a sound is within 40 dB of its loudest band.

    Args:
        audio: the sound.
        hz: centres of the bands, evenly spaced in octaves.
        rate: its sample rate in Hz.
    """
    own, power = scipy.signal.welch(audio, rate, nperseg=min(_FRAME, audio.shape[-1]))
    levels = np.interp(hz, own, power.mean(0)) * hz
    return levels > 10.0 ** (0.1 * _SOUNDS_DB) * max(levels.max(), 1e-30)


def _with_fewer(
    node: NodeSettings,
    hz: Float[np.ndarray, " band"],
    sounds: Bool[np.ndarray, " band"],
    rate: float,
    level_counts: bool,
) -> tuple[NodeSettings, float]:
    """Return an equalizer with fewer bands, and the level that it has lost in dB."""
    lost_db, left = 0.0, True
    while left:
        left = False
        curve_db = _curve_db(node, hz, rate)
        for fewer in _fewer(node):
            change_db = (_curve_db(fewer, hz, rate) - curve_db)[sounds]
            level_db = 0.0 if level_counts else float(np.median(change_db))
            if np.abs(change_db - level_db).max(initial=0.0) < _HEARD_DB:
                node, lost_db, left = fewer, lost_db - level_db, True
                break
    return node, lost_db


def _fewer(node: NodeSettings) -> Iterator[NodeSettings]:
    """Yield an equalizer without each band that is on."""
    for name in _SINGLE:
        if abs(node.number(name)) > _ON_DB:
            yield _turned(node, name, torch.zeros_like(node.values[name]))
    gains = node.array("bell_db")
    for row in np.flatnonzero(np.abs(gains) > _ON_DB):
        if len(gains) == 1:
            yield _turned(node, "bell_db", torch.zeros_like(node.values["bell_db"]))
            continue
        others = [k for k in range(len(gains)) if k != row]
        values = {n: node.values[n][others] for n in ("bell_hz", "bell_db", "bell_q")}
        yield replace(node, values={**node.values, **values})


def _turned(node: NodeSettings, name: str, value: torch.Tensor) -> NodeSettings:
    return replace(node, values={**node.values, name: value})


def _curve_db(
    node: NodeSettings, hz: Float[np.ndarray, " band"], rate: float
) -> Float[np.ndarray, " band"]:
    taps = response_of(node, rate).double().numpy()
    spectrum = np.fft.rfft(taps)
    gains = np.abs(1.0 - node.wet + node.wet * spectrum)
    own = np.linspace(0.0, 0.5 * rate, len(gains))
    return 20.0 * np.log10(np.interp(hz, own, gains) + 1e-9)
