"""What a graph still lacks: compressors and gates that soft passages ask for.

Capture weighs a mix by its energy. A compressor that takes as much away all song long, or a gate
that closes in pauses alone, moves next to nothing of it: only where the sound dies away is it
heard, and L_a hears that as well as the rest, for each window counts as much as any other.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice

import numpy as np
import torch

from mixtrace.descent import SongWindows
from mixtrace.graph import Edge, Graph, Node, insert_node
from mixtrace.interpret import fader_behind, loud_db, louder, usual
from mixtrace.processors import NodeSettings, Settings
from mixtrace.session import Session, Track
from mixtrace.trials import Look, Trials, look_at

__all__ = ["with_additions"]

_WINDOWS = 12
"""On so many windows, those that match worst, each is tried; what helps there, on all."""

_TRACKS = 40
"""So many tracks are asked with one graph: of a kind it has room for 400 processors."""

_SILENT_DB = -100.0

_COMPRESSORS = tuple((below_db, ratio) for below_db in (3.0, 10.0) for ratio in (1.6, 3.0))
_GATES = ((10.0, 8.0), (20.0, 8.0), (20.0, 20.0), (30.0, 20.0))
"""By how many dB thresholds lie below what is loud, with ratios and with what a closed gate takes
away: a descent finds the way between them."""


@dataclass(frozen=True, eq=False)
class _Addition:
    """What could stand at the beginning of a track's strip.

    Attributes:
        edge: from the track to what is first on its strip now.
        settings: of the processor; a compressor's make-up leaves loud passages as they are.
    """

    edge: Edge
    settings: NodeSettings


def with_additions(
    graph: Graph,
    settings: Settings,
    session: Session,
    windows: SongWindows,
    worth: float,
    tried: Callable[[int, int], None],
) -> tuple[Graph, Settings] | None:
    """Return a graph with the compressors and gates that it lacks; None where it lacks none.

    On each track that has none, a few are tried alone on the windows that match worst. The best
    of every track then enters, the one that helps most first, if L_a of the whole song falls by
    what a processor has to be worth.

    Args:
        graph: the graph.
        settings: its settings.
        session: its tracks.
        windows: the song.
        worth: by how much L_a has to fall for each.
        tried: told how many of how many trials are done.
    """
    possible = [asked for track in session.tracks if (asked := _possible(graph, track, session))]
    if not possible:
        return None
    # All trials, then the whole song, once for each track at most.
    numbers, total = count(1), sum(map(len, possible)) + len(possible)
    tried(0, total)

    def tell() -> None:
        tried(next(numbers), total)

    def look(additions: Sequence[_Addition]) -> Look:
        grown, set_to, _ = _added(graph, settings, additions)
        return look_at(grown, set_to, windows, range(windows.count))

    whole = look(())
    least = whole.means["published"]
    order = np.argsort(-np.array(whole.losses["published"]), kind="stable")
    worst = np.sort(order[: min(_WINDOWS, windows.capacity)]).tolist()
    helps: list[tuple[float, _Addition]] = []
    for first in range(0, len(possible), _TRACKS):
        block = possible[first : first + _TRACKS]
        helps += _best(graph, settings, windows, worst, block, tell)
    chosen: list[_Addition] = []
    for gain, one in sorted(helps, key=lambda item: -item[0]):
        if gain <= worth:
            break
        loss = look([*chosen, one]).means["published"]
        if loss <= least - worth:
            chosen, least = [*chosen, one], loss
        tell()
    tried(total, total)
    return _settled(*_added(graph, settings, chosen)) if chosen else None


def _best(
    graph: Graph,
    settings: Settings,
    windows: SongWindows,
    numbers: Sequence[int],
    possible: Sequence[Sequence[_Addition]],
    tell: Callable[[], None],
) -> Iterator[tuple[float, _Addition]]:
    """Yield by how much what helps a track most lowers L_a on some windows, and what it is.

    All stand in one graph, from which a trial removes all but one: the rest is rendered once.
    """
    every, set_to, nodes = _added(graph, settings, [one for asked in possible for one in asked])
    trials = Trials(every, set_to, windows, numbers)
    trials.keep(nodes)
    without, left = trials.loss(nodes), iter(nodes)
    for asked in possible:
        gains = []
        for node in islice(left, len(asked)):
            gains.append(without - trials.loss(set(nodes) - {node}))
            tell()
        best = int(np.argmax(gains))
        yield gains[best], asked[best]


def _possible(graph: Graph, track: Track, session: Session) -> list[_Addition]:
    """Return what a track could have at the beginning of its strip, and has not on it.

    A track that is silent, is not in the graph or feeds several nodes at once is asked for nothing.
    """
    inputs = [i for i in graph.inputs if graph.name(i) == track.name]
    ways = [edge for edge in graph.edges if edge.source in inputs]
    level_db = loud_db(torch.from_numpy(track.audio), session.sample_rate_hz)
    if len(ways) != 1 or level_db < _SILENT_DB:
        return []
    strip = graph.nodes[ways[0].source].strip
    known = {graph.nodes[i].kind for i in graph.processors if graph.nodes[i].strip == strip}
    return [_Addition(ways[0], one) for one in _tries(level_db) if one.kind not in known]


def _tries(level_db: float) -> Iterator[NodeSettings]:
    """Yield compressors and gates for a sound whose loud passages have this level."""
    for below_db, ratio in _COMPRESSORS:
        makes_up_db = below_db * (1.0 - 1.0 / ratio)
        threshold_db = level_db - below_db
        yield usual("compressor", threshold_db=threshold_db, ratio=ratio, make_up_db=makes_up_db)
    for below_db, range_db in _GATES:
        yield usual("gate", threshold_db=level_db - below_db, range_db=-range_db)


def _added(
    graph: Graph, settings: Settings, additions: Sequence[_Addition]
) -> tuple[Graph, Settings, list[int]]:
    """Return a graph with additions, those of one track one after the other, and their nodes."""
    own = {i: settings[i] for i in graph.processors}
    device = next((stack.wet.device for stack in settings.stacks), None)
    added = []
    for one in additions:
        edge = next(e for e in graph.edges if e.source == one.edge.source)
        strip = graph.nodes[edge.source].strip
        graph, node = insert_node(graph, Node(one.settings.kind, strip), edge)
        values = {name: value.to(device) for name, value in one.settings.values.items()}
        own[node] = replace(one.settings, values=values)
        added.append(node)
    return graph, Settings.of(own), added


def _settled(graph: Graph, settings: Settings, added: Sequence[int]) -> tuple[Graph, Settings]:
    """Return a graph in which faders make up for what was added, where nothing is in between."""
    own = {i: settings[i] for i in graph.processors}
    for node in added:
        chain = [i for i in graph.order if graph.nodes[i].strip == graph.nodes[node].strip]
        behind = [i for i in chain[chain.index(node) + 1 :] if i in own]
        fader = fader_behind(graph, behind)
        if own[node].kind == "compressor" and fader is not None:
            values, before_db = own[node].values, own[fader].number("level_db")
            own[fader] = louder(own[fader], float(values["make_up_db"]))
            taken_db = own[fader].number("level_db") - before_db  # less at the end of its range
            values = {**values, "make_up_db": values["make_up_db"] - taken_db}
            own[node] = replace(own[node], values=values)
    return graph, Settings.of(own)
