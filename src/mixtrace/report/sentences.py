"""What was done to a track, a bus or the master, as an engineer would say it, and what is unsure.

Where the sound was measured, the words follow what was heard of the settings: compression is what
was taken away, an EQ counts where the track has sound, a level is that of the result.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from mixtrace.processors import processor
from mixtrace.processors.equalizer import equalizer_frequencies
from mixtrace.report.chains import Chain, chains
from mixtrace.report.curves import CurveShape, Feature, curve_shape
from mixtrace.report.effects import mixed_gain_db, reverb_bands_s, ride, strongest_echoes
from mixtrace.report.rendered import (
    NodeValues,
    is_heard_at,
    node_values,
    reduction,
    wet_levels_db,
)
from mixtrace.report.words import clock, hertz, panned, ratio, seconds, signed_db
from mixtrace.store import Evidence, StoredGraph
from mixtrace.units import db_from_ratio

__all__ = ["Telling", "pan_place", "tell"]

_LEVEL_DB = 0.75
_PAN = 0.05
_IDLE_DB = 0.5
_WIDTH_DB = 0.5
_INAUDIBLE_DB = -40.0
_STEADY_DB = 1.0
_RARELY = 0.01


@dataclass(frozen=True)
class Telling:
    """One chain in words; all plain text.

    Attributes:
        name: whose chain it is.
        place: `master`, `bus` or `track`.
        depth: how many chains lie between it and the output.
        sentence: what was done.
        doubts: what that is unsure of.
    """

    name: str
    place: str
    depth: int
    sentence: str
    doubts: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Context:
    """What there is to tell a chain from."""

    stored: StoredGraph
    evidence: Evidence | None
    row: int | None  # of the track among the evidence's
    numbers: tuple[int, ...]  # its processors
    nodes: tuple[NodeValues, ...]
    levels_db: Mapping[int, float]  # of the wet parts, as measured

    @property
    def spectrum_db(self) -> np.ndarray | None:
        """The spectrum that enters the chain, where it is a track's."""
        measured = self.evidence is not None and self.row is not None
        return self.evidence.track_spectra_db[self.row, 0] if measured else None  # type: ignore

    def of_kind(self, kind: str) -> Iterator[tuple[int, NodeValues]]:
        pairs = zip(self.numbers, self.nodes, strict=True)
        return ((i, node) for i, node in pairs if node.kind == kind)


def tell(
    stored: StoredGraph,
    evidence: Evidence | None = None,
    tolerance: float = 0.0,
    levels_db: Mapping[int, float] | None = None,
) -> tuple[Telling, ...]:
    """Return every chain in words, from the master down.

    Args:
        stored: the result.
        evidence: what was measured of it; without it the words follow the settings alone.
        tolerance: processors that L_a rises by less without are called unsure.
        levels_db: see `wet_levels_db`, where they are known already.
    """
    if levels_db is None:
        levels_db = {} if evidence is None else wet_levels_db(stored, evidence)
    graph = stored.graph
    tellings = []
    for chain in chains(graph):
        if not chain.told:
            context = _context(stored, evidence, levels_db, chain)
            words = [*_level(context)]
            doubts: list[str] = []
            for phrase in _PHRASES:
                said, doubted = phrase(context)
                words += said
                doubts += doubted
            doubts += _dispensable(context, tolerance)
            sentence = ", ".join(words) or "left as it is"
            whole = f"{sentence[0].upper()}{sentence[1:]}."
            tellings.append(Telling(chain.name, chain.place, chain.depth, whole, tuple(doubts)))
    return tuple(tellings)


_Said = tuple[list[str], list[str]]


def _context(
    stored: StoredGraph, evidence: Evidence | None, levels_db: Mapping[int, float], chain: Chain
) -> _Context:
    graph = stored.graph
    inputs = [graph.inputs.index(i) for i in chain.nodes if i in graph.inputs]
    numbers = chain.processors(graph)
    nodes = tuple(node_values(graph, stored.settings, i) for i in numbers)
    return _Context(stored, evidence, inputs[0] if inputs else None, numbers, nodes, levels_db)


def _level(context: _Context) -> Iterator[str]:
    """Say level and place of the whole chain: as measured, or as its gains promise."""
    if context.evidence is not None and context.row is not None:
        dry, wet = 10.0 ** (context.evidence.track_sides_db[context.row].astype(float) / 10.0)
        change_db = 10.0 * math.log10(wet.sum() / dry.sum())
        moved = pan_place(wet) if abs(pan_place(wet) - pan_place(dry)) >= _PAN else 0.0
    else:
        gains = [
            mixed_gain_db(node.values["gain_db"].double().numpy(), node.wet)
            for _, node in context.of_kind("gain_panning")
        ]
        power = 10.0 ** (np.sum(gains, axis=0) / 10.0) if gains else np.ones(2)
        change_db, moved = 10.0 * math.log10(power.mean()), pan_place(power)
        if not gains:
            return
    if abs(change_db) >= _LEVEL_DB:
        yield f"{abs(change_db):.0f} dB {'up' if change_db > 0.0 else 'down'}"
    if abs(moved) >= _PAN:
        yield panned(moved)


def pan_place(power: np.ndarray) -> float:
    """Return the place of a constant-power pan pot, -1 left to +1 right."""
    left, right = np.sqrt(np.maximum(power, 1e-20))
    return 4.0 / math.pi * math.atan2(right, left) - 1.0


def _curve(context: _Context) -> _Said:
    """Say the shape of all equalizers of the chain together, where it has sound."""
    curves = [
        mixed_gain_db(node.values["magnitude_db"].double().numpy(), node.wet)
        for _, node in context.of_kind("equalizer")
    ]
    if not curves:
        return [], []
    shape = curve_shape(equalizer_frequencies().double().numpy(), np.sum(curves, axis=0))
    said, unheard = [], []
    if shape.low_cut_hz is not None:
        (said if _heard(context, 0.7 * shape.low_cut_hz) else unheard).append(
            f"high-pass near {hertz(shape.low_cut_hz)}"
        )
    for feature in shape.features:
        words = f"{_rounded_db(feature.gain_db)} {feature.side} {hertz(feature.frequency_hz)}"
        (said if _heard(context, _middle_hz(feature)) else unheard).append(words)
    if shape.high_cut_hz is not None:
        (said if _heard(context, 1.4 * shape.high_cut_hz) else unheard).append(
            f"low-pass near {hertz(shape.high_cut_hz)}"
        )
    doubts = [f"EQ where it has next to no sound: {', '.join(unheard)}"] if unheard else []
    return said + _bus_level(context, shape), doubts


def _bus_level(context: _Context, shape: CurveShape) -> list[str]:
    """Say an equalizer's level where no measured level of the chain has told it."""
    measured = context.evidence is not None and context.row is not None
    if measured or abs(shape.level_db) < _LEVEL_DB:
        return []
    return [f"{_rounded_db(shape.level_db)} through the EQ"]


def _middle_hz(feature: Feature) -> float:
    """Return where a feature is heard most: a shelf half an octave beyond its corner."""
    shift = {"below": 0.7, "at": 1.0, "above": 1.4}[feature.side]
    return feature.frequency_hz * shift


def _heard(context: _Context, frequency_hz: float) -> bool:
    spectrum_db = context.spectrum_db
    if context.evidence is None or spectrum_db is None:
        return True
    return is_heard_at(context.evidence, spectrum_db, frequency_hz)


def _compressor(context: _Context) -> _Said:
    said, doubts = [], []
    for i, node in context.of_kind("compressor"):
        at = ratio(float(node.values["slope"]))
        taken = reduction(context.evidence, i) if context.evidence is not None else None
        if context.evidence is None:
            said.append(f"compression at {at} above {float(node.values['threshold_db']):.0f} dB")
        elif taken is None or taken.most_db < _IDLE_DB:
            doubts.append("the compressor takes less than 0.5 dB away")
        elif taken.most_db - taken.least_db < _STEADY_DB and taken.least_db > _STEADY_DB:
            said.append(f"a compressor that takes a steady {taken.most_db:.0f} dB away")
        else:
            said.append(f"about {_amount(taken.most_db)} of compression at {at}")
    return said, doubts


def _gate(context: _Context) -> _Said:
    said, doubts = [], []
    for i, node in context.of_kind("noise_gate"):
        taken = reduction(context.evidence, i) if context.evidence is not None else None
        threshold = f"below {float(node.values['threshold_db']):.0f} dB"
        if context.evidence is None:
            said.append(f"gated {threshold}")
        elif taken is None or taken.closed_share < _RARELY:
            doubts.append("the gate hardly ever closes")
        else:
            share = f"{100.0 * taken.closed_share:.0f} % of the time"
            said.append(f"gated {threshold} ({share}, by up to {taken.closed_db:.0f} dB)")
    return said, doubts


def _imager(context: _Context) -> _Said:
    said, doubts = [], []
    for _, node in context.of_kind("stereo_imager"):
        side = node.values["side_gain_db"].double().numpy().reshape(1)
        side_db = float(mixed_gain_db(side, node.wet)[0])
        if abs(side_db) < _WIDTH_DB:
            doubts.append("the stereo imager changes the width by less than 0.5 dB")
        elif side_db < _INAUDIBLE_DB:
            said.append("made mono")
        else:
            word = "wider" if side_db > 0.0 else "narrower"
            said.append(f"{word} (sides {_rounded_db(side_db)})")
    return said, doubts


def _delay(context: _Context) -> _Said:
    return _tail(context, "multitap_delay", "the echoes are", _echo)


def _reverb(context: _Context) -> _Said:
    return _tail(context, "reverb", "the reverb is", lambda node: _decay(node) + " reverb")


def _tail(context: _Context, kind: str, they_are: str, name: Callable[[NodeValues], str]) -> _Said:
    """Say what rings after the sound, and doubt it where it is far below it."""
    said, doubts = [], []
    for i, node in context.of_kind(kind):
        level_db = context.levels_db.get(i)
        if level_db is None:
            level_db = db_from_ratio(node.wet / max(1.0 - node.wet, 1e-6))
        if level_db < _INAUDIBLE_DB:
            doubts.append(f"{they_are} more than 40 dB below the dry sound")
        else:
            said.append(f"{name(node)} at {_rounded_db(level_db)}")
    return said, doubts


def _echo(node: NodeValues) -> str:
    strongest = max(strongest_echoes(node.values, node.wet), key=lambda echo: echo.level_db)
    side = "" if strongest.side == "both" else f", {strongest.side}"
    return f"echoes (the strongest after {seconds(strongest.time_s)}{side})"


def _decay(node: NodeValues) -> str:
    time_s = reverb_bands_s(node.values)[1]
    return f"{time_s:.1f} s" if time_s >= 0.95 else seconds(time_s)


def _automation(context: _Context) -> _Said:
    said: list[str] = []
    for _, node in context.of_kind("gain_automation"):
        found = ride(node.values, node.wet)
        if found.high_db - found.low_db >= _STEADY_DB:
            said.append(f"rides between {signed_db(found.low_db)} and {signed_db(found.high_db)}")
        for word, span in (("in", found.fade_in_s), ("out", found.fade_out_s)):
            if span:
                said.append(f"fades {word} from {clock(span[0])} to {clock(span[1])}")
    return said, []


def _dispensable(context: _Context, tolerance: float) -> list[str]:
    """Name the processors that the match hardly needs."""
    if context.evidence is None or tolerance <= 0.0:
        return []
    order = context.stored.graph.processors
    weak = [
        processor(node.kind).label
        for i, node in zip(context.numbers, context.nodes, strict=True)
        if context.evidence.increases[order.index(i)] < tolerance
    ]
    if not weak:
        return []
    return [f"L_a rises by less than {tolerance:g} without the {_listed(weak)}"]


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _amount(level_db: float) -> str:
    return f"{level_db:.0f} dB" if level_db >= 1.5 else f"{level_db:.1f} dB"


def _rounded_db(level_db: float) -> str:
    return signed_db(level_db) if abs(level_db) < 1.5 else f"{level_db:+.0f} dB"


_PHRASES: tuple[Callable[[_Context], _Said], ...] = (
    _curve,
    _gate,
    _compressor,
    _imager,
    _delay,
    _reverb,
    _automation,
)
