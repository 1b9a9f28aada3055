"""A result or a song as an outline in words: master, buses, tracks, and what is done to each."""

from dataclasses import dataclass

import numpy as np

from mixtrace.graph import KEY, Passage, is_branch, leads_to, listens_to, passages
from mixtrace.processors import Heard, processor
from mixtrace.reporting.agreed import run_sentences, stood_words
from mixtrace.reporting.heard import heard_at
from mixtrace.reporting.inline_curves import inline_curve
from mixtrace.reporting.sentences import tell
from mixtrace.reporting.sure import alike_sentences, sure_line
from mixtrace.session import Alignment, Session, wrong_mix
from mixtrace.session.alignment_notes import pace
from mixtrace.session.contents import PERHAPS_NOT
from mixtrace.store import Agreement, Evidence, StoredGraph, Sureness
from mixtrace.wording import counted, seconds, signed_db

__all__ = ["Line", "Outline", "Row", "outline_graph", "outline_session"]

_LEFT_OUT = "not heard in the mix, left out unless --force is given"
_TOLD = "told above"
_INTERVALS = (
    "In brackets: where a setting lies, nine times of ten. "
    "L_a: how far the result is from the mix, 0 if they are equal."
)
_LEAST_S = 1e-5  # half a sample at 48 kHz: what a drift's line has at its start is no move


@dataclass(frozen=True)
class Line:
    """One thing said below a row.

    Attributes:
        label: a processor, or a remark.
        words: its settings.
        curve: what it does as a row of block characters; empty where there is no curve.
    """

    label: str
    words: str = ""
    curve: str = ""


@dataclass(frozen=True)
class Row:
    """One entry.

    Attributes:
        depth: how far it is indented, 0 for the first; never more than one beyond the row before.
        title: a name, as its author wrote it: escape it where markup is read.
        note: what else is known about it.
        lines: what is done to it, in the order of the sound.
        sentence: the same as an engineer would say it; empty where there is nothing to say it of.
        doubts: what that is unsure of.
    """

    depth: int
    title: str
    note: str = ""
    lines: tuple[Line, ...] = ()
    sentence: str = ""
    doubts: tuple[str, ...] = ()

    @property
    def said(self) -> tuple[str, ...]:
        """The sentence and the doubts, each on a line of its own."""
        unsure = (f"Unsure: {'; '.join(self.doubts)}.",) if self.doubts else ()
        return (*((self.sentence,) if self.sentence else ()), *unsure)


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
            text += [f"{indent}    {said}" for said in row.said]
            text += [f"{indent}    {line.label}: {line.words}".rstrip(": ") for line in row.lines]
        return "\n".join(text)


def outline_graph(
    stored: StoredGraph,
    evidence: Evidence | None = None,
    tolerance: float = 0.0,
    remark: str = "",
    sureness: Sureness | None = None,
    agreement: Agreement | None = None,
) -> Outline:
    """Return the outline of a stored graph; any graph, not only a console.

    What feeds several strips is told under the first that its own sound reaches; under the others
    it is only named, with the send or the level by which it is heard there.

    Args:
        stored: the graph.
        evidence: what was measured of it: words and curves then tell what happened to the sound.
        tolerance: how much L_a the search was allowed to give away; see `tell`.
        remark: what to say of the whole; nothing where it is empty.
        sureness: how sure the settings are: they are then told with their intervals.
        agreement: what several runs agree on: it is then told of each processor and of the whole.
    """
    graph = stored.graph
    alignments = {track.name: track.alignment for track in stored.tracks}
    kept = len(graph.processors)
    note = f"{counted(len(graph.inputs), 'track')}, {counted(kept, 'processor')}"
    remarks = [
        *([remark] if remark else []),
        *([_INTERVALS] if sureness is not None and sureness.intervals else []),
        *run_sentences(stored.graph, agreement),
        *alike_sentences(stored, sureness),
    ]
    rows = [Row(0, stored.song, note, tuple(map(Line, remarks)))]
    increases = _increases(stored, evidence)
    heard = heard_at(stored, evidence)
    tellings = iter(tell(stored, evidence, tolerance, sureness=sureness))
    for chain in passages(graph):
        if chain.told:
            if how := _ways(stored, chain, sureness):
                rows.append(Row(chain.depth + 1, chain.name, f"{how}; {_TOLD}"))
            continue
        note = "" if chain.name == chain.role else chain.role
        if chain.role == "track" and chain.name in alignments:
            note = ", ".join([note, *_moves(alignments[chain.name])])
        lines = tuple(
            _line(stored, i, heard[i], (sureness, agreement), increases.get(i))
            for i in chain.processors
        )
        telling = next(tellings)
        row = Row(chain.depth + 1, chain.name, note, lines, telling.sentence, telling.doubts)
        rows.append(row)
    rows += [Row(1, t.name, "track, not heard in the mix, left out") for t in stored.unused]
    return Outline(tuple(rows))


def outline_session(session: Session) -> Outline:
    """Return what was found in a song and what was assumed: notes, groups, tracks, alignment.

    The notes stand in the order of what they mean for a fit, the gravest first: a mix that would be
    refused, then tracks that do not belong or are missing, moved, doubled, clipped, silent, then
    what reading changed.
    """
    duration = session.mix.shape[1] / session.sample_rate_hz
    note = (
        f"{counted(len(session.tracks), 'track')}, {duration:.1f} s, read at "
        f"{session.sample_rate_hz} Hz, as fit reads it; capture reads at the mix's own rate"
    )
    refusal = wrong_mix(session)
    notes = list(session.notes)
    if refusal:  # which says more of the tracks that are not certain
        certain = [text for text in notes if not text.startswith(PERHAPS_NOT)]
        notes = [f"fit and capture would refuse it: {refusal}", *certain]
    rows = [Row(0, session.name, note, tuple(map(Line, notes)))]
    for group in dict.fromkeys(track.group for track in session.tracks):
        rows.append(Row(1, group, "group"))
        for track in (t for t in session.tracks if t.group == group):
            words = ["mono" if track.audio.shape[0] == 1 else "stereo", *_moves(track.alignment)]
            words += [_LEFT_OUT] if track.unused else []
            words += ["silent"] if track.silent else []
            words += [f"the same as {track.duplicate_of}"] if track.duplicate_of else []
            rows.append(Row(2, track.name, ", ".join(words)))
    return Outline(tuple(rows))


def _increases(stored: StoredGraph, evidence: Evidence | None) -> dict[int, float]:
    """Return by how much L_a rises without each processor, where that was weighed."""
    if evidence is None or not np.isfinite(evidence.increases).all():
        return {}
    return dict(zip(stored.graph.processors, evidence.increases.tolist(), strict=True))


def _line(
    stored: StoredGraph,
    number: int,
    heard: Heard,
    known: tuple[Sureness | None, Agreement | None],
    increase: float | None,
) -> Line:
    node = stored.node(number)
    entry = processor(node.kind)
    label = entry.label
    if is_branch(stored.graph.nodes[number]):
        label += f" to {' and '.join(leads_to(stored.graph, number))}"
    elif node.keyed:
        label += f" keyed by {' and '.join(listens_to(stored.graph, number))}"
    _, agreement = known
    sure = sure_line(stored, number, *known)
    words = [sure or entry.describe(node)]
    if agreement is not None:
        words.append(f"in {stood_words(agreement, number)}")
    if sure and increase is not None:
        words.append(f"L_a rises by {increase:.3f} without it")
    return Line(label, "; ".join(word for word in words if word), inline_curve(node, heard))


def _ways(stored: StoredGraph, chain: Passage, sureness: Sureness | None) -> str:
    """Return how a strip that is told above feeds the one it is named under.

    Empty where it is only listened to: the processor that does so tells it.
    """
    graph = stored.graph
    ways: list[str] = []
    for edge in graph.edges:
        source = graph.nodes[edge.source]
        between = source.strip, graph.nodes[edge.destination].strip
        if between != (chain.strip, chain.into) or edge.port == KEY:
            continue
        if is_branch(source):
            send = processor(source.kind)
            known = sure_line(stored, edge.source, sureness)
            ways.append(f"{send.label} {known or send.describe(stored.node(edge.source))}")
        else:
            ways.append(f"at {signed_db(edge.level_db)}" if edge.level_db else "its own sound")
    return ", ".join(dict.fromkeys(ways))


def _moves(alignment: Alignment) -> list[str]:
    """Return how a track is moved, in words."""
    words = []
    if abs(alignment.delay_s) >= _LEAST_S:
        direction = "later" if alignment.delay_s > 0.0 else "earlier"
        measured = f"confidence {alignment.confidence:.2f}"
        sure = f" ({measured if alignment.confidence else 'moved with the others'})"
        words.append(f"moved {seconds(abs(alignment.delay_s))} {direction}{sure}")
    if alignment.drift_ppm:
        words.append(f"{pace(alignment)}: corrected")
    return words + (["polarity turned over"] if alignment.polarity < 0 else [])
