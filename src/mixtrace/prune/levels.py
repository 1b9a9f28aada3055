"""Moving level along a chain, so that what could be said by one processor is not said by two.

A gain before a compressor is a gain behind it if the threshold moves as well. An equalizer and a
gain/panning in one chain can therefore share out the level between them in any way without a
change of sound, and pruning finds neither of them redundant. Here the one that does more beside the
level - the curve, or the panning - takes all of it, and the gain where neither does.
"""

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.graph import Graph
from mixtrace.processors import DynamicsProcessor, Settings, processor
from mixtrace.processors.equalizer import equalizer_frequencies

__all__ = ["gather_levels"]

EQUALIZER, GAIN_PANNING = "equalizer", "gain_panning"
_FLAT_DB = 1.0
"""A curve that strays less than this from its level (rms) is taken for a level alone."""

_LOWEST_HZ, _HIGHEST_HZ = 50.0, 12_000.0


def gather_levels(
    graph: Graph, settings: Settings, heard: Float[Tensor, "equalizer bin"]
) -> Settings:
    """Return settings of the same sound with each chain's level in one processor.

    The sound is the same but for what a detector's floor of -50 dB and the ends of the ranges take.

    Args:
        graph: any graph; chains without an equalizer and a gain behind it stay as they are.
        settings: its settings.
        heard: 1 where what an equalizer stands on sounds, else 0; see `SongWindows.heard`.
    """
    moved = settings.map(torch.clone)
    for equalizer, between, gain in _pairs(graph):
        e, g = graph.of_kind(EQUALIZER).index(equalizer), graph.of_kind(GAIN_PANNING).index(gain)
        curve_db = _effect_db(moved, EQUALIZER, "magnitude_db", e)
        sides_db = _effect_db(moved, GAIN_PANNING, "gain_db", g)
        shape_db, level_db = _shape_and_level(curve_db, heard[e])
        panning_db = float(sides_db.std(unbiased=False))
        # What goes into the equalizer and out of the gain, in dB.
        curve_leads = shape_db > max(panning_db, _FLAT_DB)
        shift_db = float(sides_db.mean()) if curve_leads else -level_db
        _set_effect(moved, EQUALIZER, "magnitude_db", e, curve_db + shift_db)
        _set_effect(moved, GAIN_PANNING, "gain_db", g, sides_db - shift_db)
        for i in between:
            kind = graph.nodes[i].kind
            moved.values[kind]["threshold_db"][graph.of_kind(kind).index(i)] += shift_db
    return _within_range(moved)


def _pairs(graph: Graph) -> Iterator[tuple[int, list[int], int]]:
    """Yield each equalizer with a gain behind it in its chain, and the dynamics between."""
    for equalizer in graph.of_kind(EQUALIZER):
        between: list[int] = []
        (i,) = graph.successors[equalizer][:1]
        while len(graph.predecessors[i]) == len(graph.successors[i]) == 1:
            kind = graph.nodes[i].kind
            if kind == GAIN_PANNING:
                yield equalizer, between, i
                break
            if kind == EQUALIZER or not graph.nodes[i].is_processor:
                break
            if isinstance(processor(kind), DynamicsProcessor):
                between.append(i)
            (i,) = graph.successors[i]


def _effect_db(settings: Settings, kind: str, name: str, row: int) -> Float[Tensor, " value"]:
    """Return what a node does in dB, its dry/wet weight included."""
    wet = settings.wet[kind][row]
    ratio = 1.0 - wet + wet * 10.0 ** (settings.values[kind][name][row] / 20.0)
    return 20.0 * torch.log10(ratio)


def _set_effect(
    settings: Settings, kind: str, name: str, row: int, effect_db: Float[Tensor, " value"]
) -> None:
    """Set a node, in place, to what it shall do in dB, fully wet."""
    settings.wet[kind][row] = 1.0
    settings.values[kind][name][row] = effect_db


def _shape_and_level(
    curve_db: Float[Tensor, " bin"], heard: Float[Tensor, " bin"]
) -> tuple[float, float]:
    """Return how far a curve strays from its level (rms), and its level, per octave heard."""
    frequency_hz = equalizer_frequencies()
    weight = torch.where(
        (frequency_hz >= _LOWEST_HZ) & (frequency_hz <= _HIGHEST_HZ), 1.0 / frequency_hz, 0.0
    )
    weight = weight.to(curve_db) * heard
    weight = weight / weight.sum().clamp_min(1e-9)
    level_db = (weight * curve_db).sum()
    return float((weight * (curve_db - level_db).square()).sum().sqrt()), float(level_db)


def _within_range(settings: Settings) -> Settings:
    values = {
        kind: {spec.name: spec.clip(named[spec.name]) for spec in processor(kind).params}
        for kind, named in settings.values.items()
    }
    return Settings(values, settings.wet)
