"""A graph with processors that people turn in place of those that only a search can turn.

Each processor is asked for its nearest one that is dialled. Those that are near are tried alone,
then all together; as long as L_a rises by more than is allowed, the one that costs most is taken
back. What one does as well as two is joined at the end.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool

from mixtrace.descent import SongWindows
from mixtrace.graph import Graph, remove_nodes, replace_node
from mixtrace.interpret.tidy import sounding
from mixtrace.processors import Settings
from mixtrace.progress import Steps
from mixtrace.session import Session, Views
from mixtrace.simplifying.asking import nearest
from mixtrace.simplifying.free_curve import grid_hz
from mixtrace.simplifying.hearing import places
from mixtrace.simplifying.joining import joined
from mixtrace.simplifying.nearest import Nearest
from mixtrace.store import Change, Outcome
from mixtrace.trials import look_at

__all__ = ["Simplified", "simplified"]

_ALONE_WINDOWS, _TOGETHER_WINDOWS = 4, 12
"""Of a song, spread over it: on how many L_a is judged where one processor is replaced, and where
all are. It is the latter that decides; a song of 34 seconds has no more."""


@dataclass(frozen=True, eq=False)
class Simplified:
    """A simplified graph.

    Attributes:
        graph, settings: the result.
        changes: what became of each processor that is not dialled as it is, in the order of the
            sound, then what was joined.
    """

    graph: Graph
    settings: Settings
    changes: tuple[Change, ...]


def simplified(
    graph: Graph,
    settings: Settings,
    session: Session,
    windows: SongWindows,
    most: float,
    report: Steps,
) -> Simplified:
    """Return a graph that sounds alike, of processors that people turn.

    Args:
        graph: the graph.
        settings: its settings.
        session: tracks and mix, at the rate of L_a.
        windows: of the session, on which L_a is judged.
        most: the share of L_a by which it may rise.
        report: see `Steps`.
    """
    found, heard = _asked(graph, settings, session, report)
    near = {i: one for i, one in found.items() if one.near}
    alone, together = (
        _Trials(graph, settings, windows, near, count)
        for count in (_ALONE_WINDOWS, _TOGETHER_WINDOWS)
    )
    costs: dict[int, float] = {}
    for done, i in enumerate(near, 1):
        costs[i] = alone.cost((i,))
        report("weighing", done, len(near))
    kept = _affordable(together, costs, most)
    simple, turned = replaced(graph, settings, {i: near[i] for i in kept})
    simple, turned, joints = joined(simple, turned, heard, session.sample_rate_hz)
    changes = [
        Change(
            graph.name(i),
            (graph.nodes[i].kind,),
            tuple(node.kind for node in one.chain),
            one.off_db,
            one.most_db,
            one.measure,
            costs.get(i),
            _outcome(one, i in kept),
        )
        for i, one in found.items()
    ]
    return Simplified(simple, turned, (*changes, *joints))


def replaced(
    graph: Graph, settings: Settings, chosen: Mapping[int, Nearest]
) -> tuple[Graph, Settings]:
    """Return a graph with other processors in the place of some."""
    nodes = {i: settings[i] for i in graph.processors}
    for i, one in chosen.items():
        if not one.chain:
            graph = remove_nodes(graph, {i})
            continue
        graph, numbers = replace_node(graph, i, [node.kind for node in one.chain])
        nodes |= dict(zip(numbers, one.chain, strict=True))
    return graph, Settings.of({i: nodes[i] for i in graph.processors})


_Heard = dict[int, Bool[np.ndarray, " hz"]]


def _asked(
    graph: Graph, settings: Settings, session: Session, report: Steps
) -> tuple[dict[int, Nearest], _Heard]:
    """Return the nearest processors of those that have such, and where each node has sound."""
    rate_hz = session.sample_rate_hz
    tracks = Views(torch.from_numpy, session.audio)
    asked = [i for i in graph.order if i in settings and not graph.keyed(i)]
    found: dict[int, Nearest] = {}
    heard: _Heard = {}
    for done, (i, place) in enumerate(places(graph, settings, tracks, rate_hz, asked), 1):
        heard[i] = sounding(place.entering.numpy(), grid_hz(rate_hz), rate_hz)
        one = nearest(place)
        if one is not None:
            found[i] = one
        report("looking for dials", done, len(asked))
    return found, heard


class _Trials:
    """What L_a a graph has with some of its processors replaced, on some windows."""

    def __init__(
        self,
        graph: Graph,
        settings: Settings,
        windows: SongWindows,
        near: Mapping[int, Nearest],
        most: int,
    ) -> None:
        self._graph, self._settings, self._windows, self._near = graph, settings, windows, near
        count = min(windows.count, most)
        places = (np.arange(count) + 0.5) * windows.count / count
        self._numbers = np.unique(places.astype(int)).tolist()
        self.before = self._loss(())

    def cost(self, chosen: Collection[int]) -> float:
        """Return by how much L_a rises when some are replaced."""
        return self._loss(chosen) - self.before

    def _loss(self, chosen: Collection[int]) -> float:
        graph, settings = replaced(self._graph, self._settings, {i: self._near[i] for i in chosen})
        return look_at(graph, settings, self._windows, self._numbers).means["published"]


def _affordable(trials: _Trials, costs: Mapping[int, float], most: float) -> list[int]:
    """Return those that may all be replaced at once, the dearest taken back."""
    cheapest = sorted(costs, key=costs.__getitem__)
    while cheapest and trials.cost(cheapest) > most * trials.before:
        cheapest.pop()
    return cheapest


def _outcome(one: Nearest, kept: bool) -> Outcome:
    if not one.near:
        return "too far"
    if not kept:
        return "too dear"
    return "replaced" if one.chain else "left out"
