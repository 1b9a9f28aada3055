"""Which strip of one graph is which of another, and which processor on a strip."""

from collections.abc import Callable, Hashable, Mapping, Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from mixtrace.graph import Graph, Passage, Strip, is_branch
from mixtrace.names import folded
from mixtrace.processors import WET, NodeSettings, processor

__all__ = ["destinations", "longest_rising", "paired_processors", "paired_strips"]

_FARTHEST = 5.0
"""Of two unconstrained values: beyond it one is simply another."""

_PLACE_WEIGHT = 0.05
"""What one place in the order counts where settings are alike."""


def paired_strips(before: Graph, after: Graph, *, same_song: bool) -> dict[int, int]:
    """Return which strip of the first graph is which of the second, by their numbers.

    Strips of one role and one name are the same, or of names that differ in case and separators
    alone; so are the masters. In results of one song what is left of buses and returns is paired by
    number: it has another name only.
    """
    pairs: dict[int, int] = {}
    for key in (str, folded):
        places = {_place(s, key): number for number, s in reversed([*after.strips.items()])}
        for number, strip in before.strips.items():
            found = places.get(_place(strip, key))
            if number not in pairs and found is not None and found not in pairs.values():
                pairs[number] = found
    if same_song:
        for number, strip in before.strips.items():
            other = after.strips.get(number)
            free = number not in pairs and number not in pairs.values()
            if free and other is not None and other.role == strip.role in ("bus", "return"):
                pairs[number] = number
    return pairs


def destinations(graph: Graph, node: int) -> frozenset[int]:
    """Return the strips that a node feeds."""
    return frozenset(graph.nodes[i].strip for i in graph.successors[node])


def paired_processors(
    sides: tuple[Graph, Graph],
    chains: tuple[Passage, Passage],
    settings: tuple[Mapping[int, NodeSettings], Mapping[int, NodeSettings]],
    strips: Mapping[int, int],
) -> dict[int, int]:
    """Return which processor on a strip is which on the same strip of the other graph.

    Those of one kind are paired, a send with the one to the same strip; of several, those whose
    settings lie nearest.

    Args:
        sides: the graphs.
        chains: the strip in each.
        settings: of each.
        strips: see `paired_strips`.
    """
    renamed = {number: number for number in sides[1].strips}
    groups = [
        _groups(graph, chain, names)
        for graph, chain, names in zip(sides, chains, (strips, renamed), strict=True)
    ]
    pairs: dict[int, int] = {}
    for key, members in groups[0].items():
        others = groups[1].get(key, [])
        distances = np.array(
            [
                [
                    _distance(settings[0][i], settings[1][j]) + _PLACE_WEIGHT * abs(a - b)
                    for b, j in enumerate(others)
                ]
                for a, i in enumerate(members)
            ]
        ).reshape(len(members), len(others))
        rows, columns = linear_sum_assignment(distances)
        pairs |= {members[a]: others[b] for a, b in zip(rows, columns, strict=True)}
    return pairs


def longest_rising(numbers: Sequence[int]) -> set[int]:
    """Return the members of a longest rising subsequence: what kept its order.

    >>> sorted(longest_rising([2, 0, 1, 3]))
    [0, 1, 3]
    """
    best: list[list[int]] = []
    for number in numbers:
        before = [run for run in best if run[-1] < number]
        best.append([*max(before, key=len, default=[]), number])
    return set(max(best, key=len, default=[]))


def _place(strip: Strip, key: Callable[[str], str]) -> Hashable:
    return strip.role if strip.role == "master" else (strip.role, key(strip.name))


def _groups(graph: Graph, chain: Passage, names: Mapping[int, int]) -> dict[Hashable, list[int]]:
    """Return the processors of a strip by kind, sends by where they lead as well."""
    found: dict[Hashable, list[int]] = {}
    for i in chain.processors:
        node = graph.nodes[i]
        where = frozenset(names.get(s, -1 - s) for s in destinations(graph, i))
        key = (node.kind, where) if is_branch(node) else (node.kind,)
        found.setdefault(key, []).append(i)
    return found


def _distance(before: NodeSettings, after: NodeSettings) -> float:
    """Return how far settings are apart, as a search would move them."""
    apart = [abs(before.wet - after.wet)]
    for spec in processor(before.kind).params:
        first, second = before.values[spec.name], after.values[spec.name]
        if spec.fixed or spec.name == WET:
            continue
        if first.shape != second.shape:
            apart.append(1.0)
            continue
        moved = spec.unconstrained(second[None]) - spec.unconstrained(first[None])
        apart.append(float(moved.abs().clamp_max(_FARTHEST).mean()))
    return float(np.mean(apart))
