"""What was done to a track, a bus or the master, as an engineer would say it, and what is unsure.

Where the sound was measured, the words follow what was heard of the settings: compression is what
was taken away, an EQ counts where the track has sound, a level is that of the result. A pan is told
as it is dialled: a reverb may lean to either side, which says nothing of it.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mixtrace.graph import Graph, Passage, is_branch, leads_to, listens_to, passages
from mixtrace.processors import (
    FAMILIES,
    Heard,
    MatrixProcessor,
    NodeSettings,
    Said,
    processor,
)
from mixtrace.reporting.digits import known_digits
from mixtrace.reporting.heard import heard_at
from mixtrace.reporting.open_bands import split_bands
from mixtrace.store import Evidence, StoredGraph, Sureness
from mixtrace.wording import listed, panned

__all__ = ["Telling", "pan_place", "tell"]

_LEVEL_DB = 0.75
_PAN = 0.05
_LEFT_OPEN = "EQ that the mix leaves open"


@dataclass(frozen=True)
class Telling:
    """One strip in words; all plain text.

    Attributes:
        name: whose it is.
        place: its role.
        depth: how many strips lie between it and the output.
        sentence: what was done.
        doubts: what that is unsure of.
    """

    name: str
    place: str
    depth: int
    sentence: str
    doubts: tuple[str, ...]


def tell(
    stored: StoredGraph,
    evidence: Evidence | None = None,
    tolerance: float = 0.0,
    levels_db: Mapping[int, float] | None = None,
    sureness: Sureness | None = None,
) -> tuple[Telling, ...]:
    """Return every strip in words, from the master down.

    Args:
        stored: the result.
        evidence: what was measured of it; without it the words follow the settings alone.
        tolerance: processors that L_a rises by less without are called unsure.
        levels_db: see `wet_levels_db`, where they are known already.
        sureness: how sure the settings are: no more of their digits are told than are known.
    """
    heard = heard_at(stored, evidence, levels_db)
    stored = known_digits(stored, sureness)
    return tuple(
        _told(stored, evidence, tolerance, passage, heard, sureness)
        for passage in passages(stored.graph)
        if not passage.told
    )


def _told(
    stored: StoredGraph,
    evidence: Evidence | None,
    tolerance: float,
    passage: Passage,
    heard: Mapping[int, Heard],
    sureness: Sureness | None,
) -> Telling:
    graph = stored.graph
    nodes = {i: stored.node(i) for i in passage.processors}
    order = list(FAMILIES)
    in_turn = sorted(nodes, key=lambda i: order.index(processor(nodes[i].kind).family))
    said = [_said(graph, i, nodes[i], heard[i], sureness) for i in in_turn]
    own = [node for i, node in nodes.items() if not is_branch(graph.nodes[i])]
    words = [*_level(graph.inputs, passage, own, evidence), *_words(said)]
    doubts = [doubt for each in said for doubt in each.doubts]
    if evidence is not None and tolerance > 0.0:
        doubts += _dispensable(graph.processors, nodes, evidence, tolerance)
    sentence = ", ".join(words) or "left as it is"
    whole = f"{sentence[0].upper()}{sentence[1:]}."
    return Telling(passage.name, passage.role, passage.depth, whole, tuple(doubts))


def _said(
    graph: Graph, number: int, node: NodeSettings, heard: Heard, sureness: Sureness | None
) -> Said:
    """Return what a processor says, and what it leads to or listens to."""
    node, vague = split_bands(number, node, sureness)
    said = processor(node.kind).say(node, heard)
    if vague is not None:
        maybe = processor(vague.kind).say(vague, heard)
        told = [f"{_LEFT_OPEN}: {', '.join(maybe.words)}"] if maybe.words else []
        said = Said(said.words, (*said.doubts, *told, *maybe.doubts))
    if is_branch(graph.nodes[number]):
        where = f" to {' and '.join(leads_to(graph, number))}"
    elif node.keyed:
        where = f" (key: {' and '.join(listens_to(graph, number))})"
    else:
        return said
    return Said(tuple(f"{word}{where}" for word in said.words), said.doubts)


def _words(said: Iterable[Said]) -> list[str]:
    return [word for each in said for word in each.words]


def _level(
    inputs: Sequence[int],
    passage: Passage,
    nodes: Iterable[NodeSettings],
    evidence: Evidence | None,
) -> Iterator[str]:
    """Say the level of the whole chain, as measured or promised, and where its pans put it."""
    rows = [inputs.index(i) for i in passage.nodes if i in inputs]
    promised = _promised(nodes)
    power, moved = promised.mean(), pan_place(promised)
    if evidence is not None and rows:
        dry, wet = 10.0 ** (evidence.track_sides_db[rows[0]].astype(float) / 10.0)
        power = wet.sum() / dry.sum()
    change_db = 10.0 * math.log10(max(power, 1e-20))
    if abs(change_db) >= _LEVEL_DB:
        yield f"{abs(change_db):.0f} dB {'up' if change_db > 0.0 else 'down'}"
    if abs(moved) >= _PAN:
        yield panned(moved)


def _promised(nodes: Iterable[NodeSettings]) -> Float[np.ndarray, " 2"]:
    """Return the power that memoryless processors give to either side of a mono sound."""
    sides = np.ones(2)
    for node in nodes:
        entry = processor(node.kind)
        if isinstance(entry, MatrixProcessor):
            one = {name: value.detach().cpu()[None] for name, value in node.values.items()}
            matrix = entry.matrix(one)[0].double().numpy()
            sides = (1.0 - node.wet) * sides + node.wet * (matrix @ sides)
    return sides**2


def pan_place(power: np.ndarray) -> float:
    """Return the place of a constant-power pan pot, -1 left to +1 right."""
    left, right = np.sqrt(np.maximum(power, 1e-20))
    return 4.0 / math.pi * math.atan2(right, left) - 1.0


def _dispensable(
    order: Sequence[int],
    nodes: Mapping[int, NodeSettings],
    evidence: Evidence,
    tolerance: float,
) -> list[str]:
    """Name the processors that the match hardly needs."""
    weak = [
        processor(node.kind).label
        for i, node in nodes.items()
        if evidence.increases[order.index(i)] < tolerance
    ]
    return [f"L_a rises by less than {tolerance:g} without the {listed(weak)}"] if weak else []
