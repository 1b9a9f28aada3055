"""A result or a song as an outline in words: master, buses, tracks, and what is done to each."""

from collections.abc import Iterator
from dataclasses import dataclass

from mixtrace.graph import INPUT, OUTPUT, Graph
from mixtrace.processors import Settings, processor
from mixtrace.report.words import describe, seconds
from mixtrace.session import Alignment, Session
from mixtrace.store import StoredGraph

__all__ = ["Outline", "Row", "outline_graph", "outline_session"]


@dataclass(frozen=True)
class Row:
    """One entry.

    Attributes:
        depth: how far it is indented, 0 for the first; never more than one beyond the row before.
        title: a name, as its author wrote it: escape it where markup is read.
        note: what else is known about it.
        lines: (processor, settings) in the order of the sound.
    """

    depth: int
    title: str
    note: str = ""
    lines: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Outline:
    """Rows from the master down; `str` gives plain text."""

    rows: tuple[Row, ...]

    def __str__(self) -> str:
        """Return the outline indented by spaces."""
        text: list[str] = []
        for row in self.rows:
            indent = "  " * row.depth
            text.append(f"{indent}{row.title}" + (f"  [{row.note}]" if row.note else ""))
            text += [f"{indent}    {label}: {words}".rstrip(": ") for label, words in row.lines]
        return "\n".join(text)


@dataclass(frozen=True)
class _Entry:
    """Nodes in series under one name, the last first, and the nodes that feed the first."""

    nodes: tuple[int, ...]
    feeds: tuple[int, ...]


def outline_graph(stored: StoredGraph) -> Outline:
    """Return the outline of a stored graph; any graph, not only a console.

    What feeds several nodes is told under the first of them and only named under the others.
    """
    graph = stored.graph
    alignments = {track.name: track.alignment for track in stored.tracks}
    kept = len(graph.processors)
    rows = [Row(0, stored.song, f"{len(graph.inputs)} tracks, {kept} processors")]
    told: set[int] = set()
    waiting = [(1, graph.output)]
    while waiting:
        depth, end = waiting.pop()
        entry = _entry(graph, end)
        head = graph.nodes[entry.nodes[-1]]
        if end in told:
            rows.append(Row(depth, head.name, "told above"))
            continue
        told.add(end)
        note = _place(graph, entry)
        if head.kind == INPUT and head.name in alignments:
            note = ", ".join([note, *_moves(alignments[head.name])])
        rows.append(Row(depth, head.name, note, tuple(_lines(stored, entry))))
        waiting += [(depth + 1, feed) for feed in reversed(entry.feeds)]
    return Outline(tuple(rows))


def outline_session(session: Session) -> Outline:
    """Return what was found in a song and what was assumed: notes, groups, tracks, alignment."""
    duration = session.mix.shape[1] / session.sample_rate_hz
    note = f"{len(session.tracks)} tracks, {duration:.1f} s, read at {session.sample_rate_hz} Hz"
    rows = [Row(0, session.name, note, tuple((text, "") for text in session.notes))]
    for group in dict.fromkeys(track.group for track in session.tracks):
        rows.append(Row(1, group, "bus"))
        for track in (t for t in session.tracks if t.group == group):
            words = ["mono" if track.audio.shape[0] == 1 else "stereo", *_moves(track.alignment)]
            words += ["silent"] if track.silent else []
            words += [f"the same as {track.duplicate_of}"] if track.duplicate_of else []
            rows.append(Row(2, track.name, ", ".join(words)))
    return Outline(tuple(rows))


def _entry(graph: Graph, end: int) -> _Entry:
    """Return the series that ends in a node, back to an input, a sum or a fork."""
    nodes = [end]
    while len(graph.predecessors[nodes[-1]]) == 1:
        before = graph.predecessors[nodes[-1]][0]
        forks = len(graph.successors[before]) > 1
        if forks or graph.nodes[before].name != graph.nodes[end].name:
            break
        nodes.append(before)
    return _Entry(tuple(nodes), graph.predecessors[nodes[-1]])


def _place(graph: Graph, entry: _Entry) -> str:
    kinds = {graph.nodes[i].kind for i in entry.nodes}
    if OUTPUT in kinds:
        return "master"
    return "track" if INPUT in kinds else "bus"


def _lines(stored: StoredGraph, entry: _Entry) -> Iterator[tuple[str, str]]:
    for i in reversed(entry.nodes):
        node = stored.graph.nodes[i]
        if node.is_processor:
            row = stored.graph.of_kind(node.kind).index(i)
            yield processor(node.kind).label, _words(stored.settings, node.kind, row)


def _words(settings: Settings, kind: str, row: int) -> str:
    values = {name: value[row] for name, value in settings.values[kind].items()}
    return describe(kind, values, float(settings.wet[kind][row]))


def _moves(alignment: Alignment) -> list[str]:
    """Return how a track is moved, in words."""
    words = []
    if alignment.delay_s:
        direction = "later" if alignment.delay_s > 0.0 else "earlier"
        sure = f" (confidence {alignment.confidence:.2f})" if alignment.confidence else ""
        words.append(f"moved {seconds(abs(alignment.delay_s))} {direction}{sure}")
    return words + (["polarity turned over"] if alignment.polarity < 0 else [])
