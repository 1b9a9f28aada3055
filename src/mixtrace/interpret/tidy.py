"""The canonical form of equalizers: no band that does nothing, no level hidden in one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

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

__all__ = ["Missed", "fader_behind", "louder", "sounding", "tidied"]

_EQ = "parametric_equalizer"
_HEARD_DB = 0.3
_SOUNDS_DB = -40.0
_LOWEST_HZ, _HIGHEST, _BANDS = 25.0, 0.45, 60  # from and to, of the rate; a sixth of an octave
_FRAME = 8192
_ON_DB = 0.05
_SINGLE = ("high_pass_db_per_octave", "low_pass_db_per_octave", "low_shelf_db", "high_shelf_db")


@dataclass
class Missed:
    """Says whether bands are missed: by how much a loss rises without them.

    Attributes:
        loss: of the graph with some settings.
        worth: by how much it has to rise without a band for the band to stay.
        before: the loss of the graph as it stands.
    """

    loss: Callable[[Settings], float]
    worth: float
    before: float

    def may_leave(self, nodes: Mapping[int, NodeSettings], bands: int) -> bool:
        """Return whether the loss hardly rises without some bands, which then are gone."""
        after = self.loss(Settings.of(nodes))
        leave = after - self.before <= bands * self.worth
        if leave:
            self.before = after
        return leave


def tidied(
    graph: Graph,
    settings: Settings,
    tracks: Mapping[str, Float[np.ndarray, "channel time"]],
    sample_rate_hz: float,
    missed: Missed,
) -> tuple[Graph, Settings]:
    """Return a graph that sounds the same with fewer bands.

    A band leaves where it changes what sounds of its track by less than .3 dB, a mere gain left
    out, and is not missed; that gain goes to the fader, if nothing that hears levels stands
    between. Equalizers without a band leave as well.

    Args:
        graph: the graph.
        settings: its settings.
        tracks: the dry tracks by name.
        sample_rate_hz: theirs.
        missed: asked for all bands of an equalizer that might leave together, and, where these are
            missed, for each alone.
    """
    hz = np.geomspace(_LOWEST_HZ, _HIGHEST * sample_rate_hz, _BANDS)
    nodes = {i: settings[i] for i in graph.processors}
    idle = set()
    for strip in sorted({graph.nodes[i].strip for i in graph.inputs}):
        chain = [i for i in graph.order if i in nodes and graph.nodes[i].strip == strip]
        sounds = sounding(tracks[graph.strips[strip].name], hz, sample_rate_hz)
        for place, i in enumerate(chain):
            if nodes[i].kind != _EQ:
                continue
            fader = fader_behind(graph, chain[place + 1 :])
            curves = _Curves(hz, sounds, sample_rate_hz, fader is None)
            nodes = _without_idle(nodes, i, fader, curves, missed)
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


@dataclass(frozen=True, eq=False)
class _Curves:
    """Compares equalizers by what they do to a sound.

    Attributes:
        hz: where.
        sounds: where the sound is.
        rate: of the audio, in Hz.
        level_counts: whether a mere gain is a change as well.
    """

    hz: Float[np.ndarray, " band"]
    sounds: Bool[np.ndarray, " band"]
    rate: float
    level_counts: bool

    def lost_db(self, curve_db: Float[np.ndarray, " band"], fewer: NodeSettings) -> float | None:
        """Return the level that is lost with a band; None where it changes more than that."""
        change_db = (self.db(fewer) - curve_db)[self.sounds]
        level_db = 0.0 if self.level_counts else float(np.median(change_db))
        return -level_db if np.abs(change_db - level_db).max(initial=0.0) < _HEARD_DB else None

    def db(self, node: NodeSettings) -> Float[np.ndarray, " band"]:
        """Return the gain of an equalizer."""
        spectrum = np.fft.rfft(response_of(node, self.rate).double().numpy())
        gains = np.abs(1.0 - node.wet + node.wet * spectrum)
        own = np.linspace(0.0, 0.5 * self.rate, len(gains))
        return 20.0 * np.log10(np.interp(self.hz, own, gains) + 1e-9)


def _without_idle(
    nodes: Mapping[int, NodeSettings], eq: int, fader: int | None, curves: _Curves, missed: Missed
) -> dict[int, NodeSettings]:
    """Return the settings without the bands of an equalizer that change nothing and are not missed.

    Args:
        nodes: the settings.
        eq: the equalizer.
        fader: that takes up its level.
        curves: tell what changes the sound.
        missed: tells what is missed.
    """
    every, bands = dict(nodes), 0
    while (fewer := next(_unheard(every, eq, fader, curves), None)) is not None:
        every, bands = fewer, bands + 1
    if bands and missed.may_leave(every, bands):
        return every
    found, left = dict(nodes), bands > 1
    while left:
        unheard = _unheard(found, eq, fader, curves)
        fewer = next((one for one in unheard if missed.may_leave(one, 1)), None)
        found, left = (found, False) if fewer is None else (fewer, True)
    return found


def _unheard(
    nodes: Mapping[int, NodeSettings], eq: int, fader: int | None, curves: _Curves
) -> Iterator[dict[int, NodeSettings]]:
    """Yield the settings without each band that changes nothing of what sounds."""
    curve_db = curves.db(nodes[eq])
    for fewer in _fewer(nodes[eq]):
        level_db = curves.lost_db(curve_db, fewer)
        if level_db is None:
            continue
        found = {**nodes, eq: fewer}
        if fader is not None and level_db:
            found[fader] = louder(found[fader], level_db)
        yield found


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
