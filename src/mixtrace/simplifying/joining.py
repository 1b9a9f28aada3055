"""One processor for two on a strip that do what it does as well: gains, and equalizers.

They need not touch: what is linear can change places with a gain that is the same on both sides,
or with an equalizer. So can what hears a level, if its threshold moves by that gain.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float

from mixtrace.graph import KEY, MAIN, Graph, is_branch, remove_nodes, replace_node
from mixtrace.interpret import node_of
from mixtrace.interpret.nodes import sides_of
from mixtrace.processors import (
    FilterProcessor,
    MatrixProcessor,
    NodeSettings,
    Settings,
    processor,
)
from mixtrace.processors.dynamics_params import DialledDynamics
from mixtrace.simplifying.free_curve import bands_of, grid_hz, tone_db
from mixtrace.simplifying.nearest import Nearest
from mixtrace.store import Change
from mixtrace.units import db_from_ratio

__all__ = ["joined"]

_ALIKE_DB = 0.01
_EQUALIZER = "parametric_equalizer"

_Parts = dict[int, NodeSettings]


def joined(
    graph: Graph, settings: Settings, heard: Mapping[int, np.ndarray], sample_rate_hz: int
) -> tuple[Graph, Settings, list[Change]]:
    """Return a graph with one processor where two in a row on a strip do what one does.

    Args:
        graph: the graph.
        settings: its settings.
        heard: for some nodes, at which frequencies of `grid_hz` they have sound.
        sample_rate_hz: of the audio.
    """
    parts = {i: settings[i] for i in graph.processors}
    done: list[Change] = []
    while True:
        step = next(_gains(graph, parts), None) or next(
            _equalizers(graph, parts, heard, sample_rate_hz), None
        )
        if step is None:
            return graph, Settings.of({i: parts[i] for i in graph.processors}), done
        done.append(_change(graph, step))
        graph, parts = _with(graph, {**parts, **step.turned}, step)


@dataclass(frozen=True, eq=False)
class _Step:
    """Two that can be one.

    Attributes:
        first, second: the two, in the order of the sound.
        found: what they are together.
        turned: what stands between them and has to be turned.
    """

    first: int
    second: int
    found: Nearest
    turned: _Parts = field(default_factory=dict)


def _gains(graph: Graph, parts: _Parts) -> Iterator[_Step]:
    """Yield two gains of a strip that one fader can be."""
    for i in graph.order:
        sides = _sides(graph, parts, i)
        if sides is None:
            continue
        for j, between in _behind(graph, parts, i):
            others = _sides(graph, parts, j)
            if others is None:
                continue
            fader = _fader(sides * others)
            turned = _louder(graph, parts, between, sides, others)
            if fader is not None and turned is not None:
                yield _Step(i, j, Nearest(fader, 0.0, 0.0, "in the gain"), turned)
            break


def _fader(sides: Float[np.ndarray, " 2"]) -> tuple[NodeSettings, ...] | None:
    """Return a fader of two gains, nothing where they are 1, and None where no fader has them."""
    level_db, pan = sides_of(*sides)
    spec = processor("fader").param("level_db")
    if abs(level_db) < _ALIKE_DB and _alike(sides):
        return ()
    if not torch.isclose(spec.clip(torch.tensor(level_db)), torch.tensor(level_db)):
        return None
    return (node_of("fader", level_db=level_db, pan=pan),)


def _louder(
    graph: Graph,
    parts: _Parts,
    between: Sequence[int],
    sides: Float[np.ndarray, " 2"],
    others: Float[np.ndarray, " 2"],
) -> _Parts | None:
    """Return what is between two gains as it has to be turned when the first joins the second.

    What hears a level then hears another one: its threshold moves along. None where that cannot be,
    or where both gains place the sound and there is something between.
    """
    moving = [i for i in between if not _is_linear(parts[i])]
    if not between:
        return {}
    if not _alike(sides):
        return {} if _alike(others) and not moving else None
    turned = {}
    for i in moving:
        entry = processor(parts[i].kind)
        if not isinstance(entry, DialledDynamics):
            return None
        if graph.keyed(i):
            continue
        values = dict(parts[i].values)
        for name in entry.levels:
            wanted = values[name] - db_from_ratio(float(sides[0]))
            values[name] = entry.param(name).clip(wanted[None])[0]
            if not torch.isclose(values[name], wanted):
                return None
        turned[i] = NodeSettings(parts[i].kind, values, parts[i].wet)
    return turned


def _equalizers(
    graph: Graph, parts: _Parts, heard: Mapping[int, np.ndarray], rate_hz: int
) -> Iterator[_Step]:
    """Yield two parametric equalizers of a strip that one can be."""
    hz = grid_hz(rate_hz)
    for i in graph.of_kind(_EQUALIZER):
        for j, between in _behind(graph, parts, i):
            if not all(_is_linear(parts[k]) for k in (*between, j)):
                break
            if graph.nodes[j].kind == _EQUALIZER:
                both_db = tone_db(parts[i], hz, rate_hz) + tone_db(parts[j], hz, rate_hz)
                sounds = heard.get(i, np.ones(len(hz), bool))
                found = bands_of(hz, both_db, sounds, rate_hz)
                if found.near:
                    yield _Step(i, j, found)
                break


def _behind(graph: Graph, parts: _Parts, node: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield what stands behind a node on its strip and hears it alone, and what is between."""
    between: tuple[int, ...] = ()
    while True:
        leading = [edge for edge in graph.edges if edge.source == node]
        if len(leading) != 1 or leading[0].port == KEY:
            return
        after = leading[0].destination
        same = graph.nodes[after].strip == graph.nodes[node].strip
        alone = [edge.port for edge in graph.feeds[after]].count(MAIN) == 1
        if not (same and alone) or after not in parts or is_branch(graph.nodes[after]):
            return
        yield after, between
        node, between = after, (*between, after)


def _is_linear(node: NodeSettings) -> bool:
    return isinstance(processor(node.kind), FilterProcessor | MatrixProcessor)


def _sides(graph: Graph, parts: _Parts, node: int) -> np.ndarray | None:
    """Return the gains to left and right of what is nothing but these."""
    entry = processor(parts[node].kind) if node in parts else None
    if not isinstance(entry, MatrixProcessor) or is_branch(graph.nodes[node]):
        return None
    own = parts[node]
    matrix = entry.matrix({name: value[None] for name, value in own.values.items()})[0].double()
    mixed = (own.wet * matrix + (1.0 - own.wet) * torch.eye(2)).numpy()
    apart = mixed[0, 1] == mixed[1, 0] == 0.0
    return np.diag(mixed) if apart and (np.diag(mixed) > 0.0).all() else None


def _alike(sides: np.ndarray) -> bool:
    return abs(db_from_ratio(sides[0] / sides[1])) < _ALIKE_DB


def _change(graph: Graph, step: _Step) -> Change:
    found = step.found
    was = tuple(graph.nodes[i].kind for i in (step.first, step.second))
    now = tuple(node.kind for node in found.chain)
    limits = (found.off_db, found.most_db, found.measure)
    return Change(graph.name(step.first), was, now, *limits, None, "joined")


def _with(graph: Graph, parts: _Parts, step: _Step) -> tuple[Graph, _Parts]:
    """Put what was found where the gain that places, or else the second, stood."""
    first, second, chain = step.first, step.second, step.found.chain
    sides = _sides(graph, parts, first)
    stays, goes = (first, second) if sides is not None and not _alike(sides) else (second, first)
    graph = remove_nodes(graph, {goes} if chain else {first, second})
    if not chain:
        return graph, {i: parts[i] for i in graph.processors}
    graph, numbers = replace_node(graph, stays, [node.kind for node in chain])
    made = dict(zip(numbers, chain, strict=True))
    return graph, {i: made.get(i) or parts[i] for i in graph.processors}
