"""The order of types: which kind of node to process next, all its ready nodes in one batch.

Source: Lee et al., "GRAFX", DAFx 2024, arXiv 2408.03204: a graph is rendered in steps, each of
which takes nodes of one type that depend on nothing still undone. Fewer steps mean larger batches.
How beam search scores its candidates is ours.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from mixtrace.graph import INPUT, MIX, OUTPUT, Graph

__all__ = ["Order", "TypeSchedule", "type_schedule"]

Order = Literal["fixed", "greedy", "beam"]
"""How the next kind is chosen; see `type_schedule`."""

TypeSchedule = tuple[tuple[str, tuple[int, ...]], ...]
"""Steps in order: a kind and the nodes of that kind to process as one batch."""

_BEAM_WIDTH = 16


@lru_cache(maxsize=64)
def type_schedule(graph: Graph, order: Order) -> TypeSchedule:
    """Return steps that process every node after its predecessors.

    Args:
        graph: any valid graph.
        order: `fixed` goes round the kinds in the order in which they first occur, sums and the
            output last; `greedy` takes the kind with most ready nodes; `beam` searches sequences
            of kinds for the fewest steps, never more than `greedy`.

    >>> from mixtrace.graph import CONSOLES, build_console
    >>> console = build_console([("kick", "drums"), ("voice", "vocals")], CONSOLES["paper"])
    >>> [kind for kind, _ in type_schedule(console, "fixed")][:3]
    ['input', 'equalizer', 'one_pole_compressor']
    """
    search = _Search(graph)
    if order == "fixed":
        return search.fixed().steps
    if order == "greedy":
        return search.greedy().steps
    return search.beam().steps


@dataclass(frozen=True)
class _State:
    """What is done, as a set of bits and in steps, and what is ready."""

    done: int
    ready: frozenset[int]
    steps: TypeSchedule


class _Search:
    """One graph, with what every search over it needs."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._kinds = (INPUT, *graph.kinds(), MIX, OUTPUT)
        self._bit = {i: 1 << place for place, i in enumerate(graph.nodes)}
        self._needs = {i: self._bits(before) for i, before in graph.predecessors.items()}
        self._left = _kinds_left(graph, self._kinds)
        self._start = _State(0, frozenset(graph.inputs), ())

    def fixed(self) -> _State:
        state = self._start
        while state.ready:
            for kind in self._kinds:
                state = self._take(state, kind)
        return state

    def greedy(self) -> _State:
        state = self._start
        while state.ready:
            state = max(self._successors(state), key=lambda after: len(after.steps[-1][1]))
        return state

    def beam(self) -> _State:
        beam, best = [self._start], self.greedy()
        while beam and len(beam[0].steps) + 1 < len(best.steps):
            found = {state.done: state for old in beam for state in self._successors(old)}
            beam = sorted(found.values(), key=self._steps_left)[:_BEAM_WIDTH]
            best = next((state for state in beam if not state.ready), best)
        return best

    def _successors(self, state: _State) -> Iterator[_State]:
        taken = (self._take(state, kind) for kind in self._kinds)
        return (after for after in taken if after is not state)

    def _take(self, state: _State, kind: str) -> _State:
        """Return the state after all ready nodes of a kind, or the same state if there are none."""
        nodes = tuple(sorted(i for i in state.ready if self._graph.nodes[i].kind == kind))
        if not nodes:
            return state
        done = state.done | self._bits(nodes)
        after = {s for i in nodes for s in self._graph.successors[i]}
        freed = {s for s in after if not self._needs[s] & ~done}
        return _State(done, (state.ready - set(nodes)) | freed, (*state.steps, (kind, nodes)))

    def _bits(self, nodes: tuple[int, ...]) -> int:
        total = 0
        for i in nodes:
            total |= self._bit[i]
        return total

    def _steps_left(self, state: _State) -> tuple[int, int]:
        """Return a bound of the steps to come, and how many nodes are undone.

        A step serves one kind, and no way through the graph twice: for each kind there are as many
        steps to come as nodes of it on the way that has most.
        """
        left = [self._left[i] for i in state.ready]
        return sum(max(counts) for counts in zip(*left, strict=True)), -state.done.bit_count()


def _kinds_left(graph: Graph, kinds: tuple[str, ...]) -> dict[int, tuple[int, ...]]:
    """Return for each node and kind the most nodes of it on a way from the node to the output."""
    left: dict[int, tuple[int, ...]] = {}
    for i in reversed(graph.order):
        own = tuple(int(graph.nodes[i].kind == kind) for kind in kinds)
        beyond = [left[s] for s in graph.successors[i]] or [(0,) * len(kinds)]
        left[i] = tuple(
            mine + max(counts) for mine, counts in zip(own, zip(*beyond, strict=True), strict=True)
        )
    return left
