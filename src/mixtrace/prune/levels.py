"""Moving level along a graph, so that what could be said by one processor is not said by two.

A gain before a compressor is a gain behind it if the threshold moves as well. An equalizer and a
gain/panning in one chain can therefore share out the level between them in any way without a
change of sound, and pruning finds neither of them redundant. Here the one that does more beside the
level - the curve, or the panning - takes all of it, and the gain where neither does. What a bus and
its tracks, or the master and the buses, can share is left to `balance`.
"""

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.graph import Graph
from mixtrace.processors import Settings
from mixtrace.prune.balance import balance_sums
from mixtrace.prune.effects import (
    EQUALIZER,
    FLAT_DB,
    GAIN_PANNING,
    effect_db,
    move_threshold,
    set_effect,
    shape_and_level,
    shares,
    within_range,
)

__all__ = ["gather_levels"]


def gather_levels(
    graph: Graph, settings: Settings, heard: Float[Tensor, "equalizer bin"]
) -> Settings:
    """Return settings of the same sound with each chain's level in one processor, and few in all.

    The sound is the same but for what a detector's floor of -50 dB and the ends of the ranges take.

    Args:
        graph: any graph; what has nowhere else to go stays as it is.
        settings: its settings.
        heard: 1 where what an equalizer stands on sounds, else 0; see `SongWindows.heard`.
    """
    moved = settings.map(torch.clone)
    where = dict(zip(graph.of_kind(EQUALIZER), heard, strict=True))
    for equalizer, between, gain in _pairs(graph):
        curve_db = effect_db(moved, equalizer)
        sides_db = effect_db(moved, gain)
        shape_db, level_db = shape_and_level(curve_db, shares(moved, where, equalizer))
        panning_db, gain_db = shape_and_level(sides_db, shares(moved, where, gain))
        # What goes into the equalizer and out of the gain, in dB.
        curve_leads = shape_db > max(panning_db, FLAT_DB)
        shift_db = gain_db if curve_leads else -level_db
        set_effect(moved, equalizer, curve_db + shift_db)
        set_effect(moved, gain, sides_db - shift_db)
        for i in between:
            move_threshold(graph, moved, i, shift_db)
    balance_sums(graph, moved, where)
    return within_range(moved)


def _pairs(graph: Graph) -> Iterator[tuple[int, list[int], int]]:
    """Yield each equalizer with a gain behind it in its chain, and what stands between."""
    for equalizer in graph.of_kind(EQUALIZER):
        between: list[int] = []
        if len(graph.successors[equalizer]) != 1:
            continue  # what else it feeds would hear the level that moves
        (i,) = graph.successors[equalizer]
        while len(graph.predecessors[i]) == len(graph.successors[i]) == 1:
            kind = graph.nodes[i].kind
            if kind == GAIN_PANNING:
                yield equalizer, between, i
                break
            if kind == EQUALIZER or not graph.nodes[i].is_processor:
                break
            between.append(i)
            (i,) = graph.successors[i]
