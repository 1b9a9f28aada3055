"""What methods came to on many songs: means, and tables for people and programs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mixtrace.comparing.published import DISTANCES, DISTANCES_SOURCE, LOSSES, LOSSES_SOURCE
from mixtrace.comparing.rows import COLUMNS, Row, told_columns
from mixtrace.comparing.tables import csv_text, figure_text, markdown_table, markdown_text

__all__ = [
    "DISTANCE_HEADINGS",
    "LOSS_HEADINGS",
    "MEANS_NOTE",
    "Mean",
    "SongRows",
    "benchmark_csv",
    "benchmark_markdown",
    "failures_of",
    "loss_table",
    "means_of",
    "published_tables",
]

LOSS_HEADINGS = ("song", "sum", "full console", "pruned")
MEANS_NOTE = "A mean is over the songs on which the method came to a result."
DISTANCE_HEADINGS = ("method", "MAE, ENST-Drums", "MRSD", "MAE, MedleyDB", "MRSD")


@dataclass(frozen=True)
class SongRows:
    """What methods came to on a song.

    Attributes:
        song: its identity in the corpus.
        rows: of the methods; none where the song cannot be used.
        why: then why, in a sentence.
    """

    song: str
    rows: tuple[Row, ...] = ()
    why: str = ""

    @property
    def failed(self) -> bool:
        """Whether a method came to no result, or the song cannot be used."""
        return bool(self.why) or any(row.failed for row in self.rows)


@dataclass(frozen=True)
class Mean:
    """The figures of a method, each a mean over the songs on which it came to a result.

    Attributes:
        row: the means; a figure that only some of these songs have is a mean over those.
        songs: how many songs.
    """

    row: Row
    songs: int


def means_of(songs: Sequence[SongRows]) -> list[Mean]:
    """Return the means of all methods, in the order in which they were named."""
    by_method: dict[str, list[Row]] = {}
    for song in songs:
        for row in song.rows:
            by_method.setdefault(row.method, []).append(row)
    means = []
    for method, rows in by_method.items():
        done = [row for row in rows if not row.failed]
        figures = {}
        for column in COLUMNS:
            known = [row.figures[column.key] for row in done if column.key in row.figures]
            if known:
                figures[column.key] = sum(known) / len(known)
        means.append(Mean(Row(method, figures, failed=not done), len(done)))
    return means


def loss_table(songs: Sequence[SongRows]) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """Return the methods, and each song with the L_a of all of them."""
    methods = [mean.row.method for mean in means_of(songs)]
    table = []
    for song in songs:
        found = {row.method: row.figures.get("l_a") for row in song.rows}
        table.append((song.song, [figure_text(found.get(method), 3) for method in methods]))
    return methods, table


def published_tables() -> Iterator[tuple[str, Sequence[str], list[list[str]], str]]:
    """Yield what was published: caption, headings, rows of cells, and where it is from."""
    losses = [
        [song, figure_text(total, 1), figure_text(console, 3), figure_text(pruned, 3)]
        for song, total, console, pruned in LOSSES
    ]
    yield "L_a of the published search", LOSS_HEADINGS, losses, LOSSES_SOURCE
    distances = [[name, *(figure_text(value, 3) for value in rest)] for name, *rest in DISTANCES]
    yield "MAE and MRSD of EAMI and others", DISTANCE_HEADINGS, distances, DISTANCES_SOURCE


def benchmark_markdown(name: str, songs: Sequence[SongRows]) -> str:
    """Return means, each song and what was published, in Markdown."""
    means = means_of(songs)
    columns = told_columns([mean.row for mean in means])
    rows = [
        [
            mean.row.method,
            str(mean.songs),
            *(figure_text(mean.row.figures.get(c.key), c.digits) for c in columns),
        ]
        for mean in means
    ]
    methods, losses = loss_table(songs)
    lines = [
        f"# {markdown_text(name)}",
        "## Means over songs",
        markdown_table(["method", "songs", *(column.heading for column in columns)], rows),
        MEANS_NOTE,
        "## L_a of each song",
        markdown_table(["song", *methods], [[song, *cells] for song, cells in losses]),
        *_failures(songs),
        "## Published, on other songs",
    ]
    for caption, headings, cells, source in published_tables():
        lines += [f"{caption}:", markdown_table(headings, cells), source]
    return "\n\n".join(line.rstrip("\n") for line in lines) + "\n"


def benchmark_csv(songs: Sequence[SongRows]) -> str:
    """Return a line for each method on each song, and one for a song that cannot be used."""
    lines: list[list[str | float | None]] = []
    for song in songs:
        for row in song.rows or (Row("", {}, song.why),):
            figures: Mapping[str, float] = row.figures
            lines.append([song.song, row.method, *(figures.get(c.key) for c in COLUMNS), row.note])
    return csv_text(["song", "method", *(c.key for c in COLUMNS), "note"], lines)


def _failures(songs: Sequence[SongRows]) -> Iterator[str]:
    lines = [f"- {markdown_text(song)}, {markdown_text(what)}" for song, what in failures_of(songs)]
    if lines:
        yield "## What came to no result"
        yield "\n".join(lines)


def failures_of(songs: Sequence[SongRows]) -> Iterator[tuple[str, str]]:
    """Yield each song and in words what came to no result on it; what all tell is told once."""
    for song in songs:
        notes = {row.note for row in song.rows if row.failed}
        if song.why or (len(notes) == 1 and all(row.failed for row in song.rows)):
            yield song.song, f"all methods: {song.why or notes.pop()}"
            continue
        for row in song.rows:
            if row.failed:
                yield song.song, f"{row.method}: {row.note}"
