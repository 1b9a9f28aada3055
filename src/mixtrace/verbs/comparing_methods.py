"""`compare_methods`: every way to invert a mix on one song, each in a process of its own."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from mixtrace.comparing import (
    COLUMNS,
    COMPARISON,
    METHODS,
    About,
    ComparisonFolder,
    Row,
    comparing_page,
    csv_text,
    figure_text,
    markdown_table,
    markdown_text,
    method_named,
    read_row,
    told_columns,
    usual_methods,
)
from mixtrace.corpus import Job, LocalCrew, work_through
from mixtrace.datasets import open_dataset
from mixtrace.errors import MixtraceError
from mixtrace.losses import evaluation_windows
from mixtrace.metrics import LOSS_RATE_HZ
from mixtrace.progress import OnProgress, Progress, ignored
from mixtrace.session import Song, find_song
from mixtrace.session.header import read_header
from mixtrace.store import CHECKPOINT, is_plain_file, mixtrace_version, put, stage
from mixtrace.store.lock import locked
from mixtrace.unseen import Unseen
from mixtrace.verbs.fitting import fit
from mixtrace.verbs.outputs import check_no_song, check_place, named
from mixtrace.verbs.reporting import REPORT_PAGE, check_page
from mixtrace.verbs.sources import digest

__all__ = ["METHODS_PAGE", "Choices", "ComparedMethods", "SongAt", "compare_methods", "compared"]

METHODS_PAGE, MARKDOWN, CSV = "index.html", "table.md", "table.csv"


@dataclass(frozen=True)
class SongAt:
    """Where a song lies, for a process that has still to find it.

    Attributes:
        path: of the song, or of the corpus that it belongs to.
        mix: the mix's file, where names do not tell it.
        dataset: which data set the corpus is.
        identity: of the song in the corpus; None where the path is the song's.
    """

    path: Path
    mix: Path | None = None
    dataset: str | None = None
    identity: str | None = None

    def found(self) -> Song:
        """Return the song.

        Raises:
            MixtraceError: there is none.
        """
        if self.identity is None:
            return find_song(self.path, mix=self.mix)
        return open_dataset(self.path, self.dataset).song(self.identity)

    def usable(self, unseen: str | None) -> Song:
        """Return the song, unless it is too short for every method.

        Args:
            unseen: what is to be held out of it, see `Choices`.

        Raises:
            MixtraceError: there is none, its mix is no audio, or nothing of it would be compared,
                seen or unseen.
        """
        song = self.found()
        header = read_header(song.mix_path)
        if header.frames is None:  # then only reading all of it tells, as methods do
            return song
        length = round(header.seconds * LOSS_RATE_HZ)
        evaluation_windows(length, LOSS_RATE_HZ)
        if unseen is not None:
            Unseen.parse(unseen).ranges(length, LOSS_RATE_HZ)
        return song


@dataclass(frozen=True)
class Choices:
    """How methods are compared.

    Attributes:
        methods: their names.
        unseen: what is held out, as `Unseen.parse` reads it; None for nothing.
        align: whether to measure how each track lies in the mix.
        force: whether to use all tracks, also those that are not heard in the mix.
        page: whether to make pages, and keep what they let hear.
        retry: whether to try methods once more that failed.
    """

    methods: tuple[str, ...]
    unseen: str | None = None
    align: bool = True
    force: bool = False
    page: bool = True
    retry: bool = False

    @classmethod
    def of(cls, methods: Sequence[str] | None, unseen: str | None, **others: bool) -> "Choices":
        """Return choices that were checked.

        Raises:
            MixtraceError: a method that is not known or not ready, or no part that can be held out.
        """
        names = usual_methods() if methods is None else tuple(dict.fromkeys(methods))
        if not names:
            raise MixtraceError(
                "Expected at least one method to compare; got none. Name some with --methods."
            )
        for name in names:
            method_named(name).choices()
        return cls(names, None if unseen is None else str(Unseen.parse(unseen)), **others)


@dataclass(frozen=True, eq=False)
class ComparedMethods:
    """What methods came to on a song.

    Attributes:
        song: its name.
        rows: one for each method, in the order in which they were named.
        folder: of the comparison; each result lies in a folder inside it, called as its method.
    """

    song: str
    rows: tuple[Row, ...]
    folder: Path

    @property
    def failed(self) -> bool:
        """Whether a method came to no result."""
        return any(row.failed for row in self.rows)


def compare_methods(
    song: Path | str,
    output: Path | str,
    *,
    mix: Path | str | None = None,
    methods: Sequence[str] | None = None,
    unseen: str | None = None,
    align: bool = True,
    force: bool = False,
    page: bool = True,
    retry: bool = False,
    on_progress: OnProgress = ignored,
) -> ComparedMethods:
    """Run several methods on one song, and compare what they find.

    Each has a process of its own, one after the other. Killed at any moment and called again with
    the same arguments, a comparison goes on: what has ended is not repeated. More methods may be
    added by naming them as well. A method that fails is a row with a sentence.

    Args:
        song: a folder, an archive or a manifest.
        output: the folder of the comparison.
        mix: the mix's file, where names do not tell it.
        methods: their names, see `mixtrace.comparing.METHODS`; by default all that take no days.
        unseen: what to hold out of each search, see `fit`.
        align: see `fit`.
        force: see `fit`.
        page: whether to make pages, of each result and of all.
        retry: whether to try methods once more that failed.
        on_progress: called often.

    Raises:
        MixtraceError: a song, a choice or a folder that cannot be used, or a song that is too short
            for every method.
        OSError: the folder cannot be made.
    """
    choices = Choices.of(methods, unseen, align=align, force=force, page=page, retry=retry)
    place = SongAt(named(song), None if mix is None else named(mix))
    return compared(place, place.usable(choices.unseen), named(output), choices, on_progress)


def compared(
    place: SongAt, song: Song, output: Path, choices: Choices, on_progress: OnProgress
) -> ComparedMethods:
    """Run methods on a song that was found at its place, see `compare_methods`."""
    folder = ComparisonFolder(output)
    check_no_song(output, song.paths)
    check_place(output)
    if output.is_dir():
        check_page(output / METHODS_PAGE)
    about = About(
        song.name,
        digest(song.paths),
        choices.align,
        choices.force,
        choices.unseen,
        mixtrace_version(),
    )
    folder.take(about)
    with locked(folder.state), closing(folder.ledger()) as ledger:
        folder.enter(ledger, choices.methods, retry=choices.retry)
        jobs = [_job(name, place, folder, choices) for name in choices.methods]
        crew = MethodCrew(_one_method, workers=1)
        with crew:
            for _ in work_through(jobs, crew, ledger, _named_by(crew, on_progress)):
                pass
        standings = ledger.standings()
        before = [n for n, known in standings.items() if known.how and n not in choices.methods]
        place_of = {name: number for number, name in enumerate(METHODS)}
        before.sort(key=lambda name: place_of.get(name, len(place_of)))
        names = (*before, *choices.methods)
        rows = [read_row(n, folder.place(n), standings[n]) for n in names]
        _write(folder, about, rows, pages=choices.page)
    return ComparedMethods(song.name, tuple(rows), output)


def _one_method(place: SongAt, folder: Path, name: str, choices: Choices) -> None:
    """Find the graph of the song by one method; this runs in a process of its own."""
    fit(
        place.path if place.identity is None else place.found(),
        folder,
        mix=place.mix,
        method=method_named(name),
        align=choices.align,
        unseen=choices.unseen,
        force=choices.force,
        page=choices.page,
    )
    (folder / CHECKPOINT).unlink(missing_ok=True)


def _job(name: str, place: SongAt, folder: ComparisonFolder, choices: Choices) -> Job:
    """Return the work of a method, which has the machine for itself."""
    return Job(name, lambda: 0, (place, folder.place(name), name, choices))


class MethodCrew(LocalCrew):
    """A crew that knows what it began last."""

    begun = ""

    def begin(self, job: Job) -> None:
        """Begin a job."""
        self.begun = job.song
        super().begin(job)


def _named_by(crew: MethodCrew, on_progress: OnProgress) -> OnProgress:
    """Return what tells which method is under way."""

    def tell(step: Progress) -> None:
        stage = f"method {crew.begun}" if crew.begun else "methods"
        on_progress(replace(step, stage=stage, seconds_left=None))  # none is as long as another

    return tell


def _write(folder: ComparisonFolder, about: About, rows: Sequence[Row], *, pages: bool) -> None:
    """Write all that is made of the rows."""
    columns = told_columns(rows)
    table = markdown_table(
        ["method", *(column.heading for column in columns)],
        [
            [row.method, *(figure_text(row.figures.get(c.key), c.digits) for c in columns)]
            for row in rows
        ],
    )
    notes = "".join(f"\n- {r.method}: {markdown_text(r.note)}" for r in rows if r.note)
    lines = [[r.method, *(r.figures.get(c.key) for c in COLUMNS), r.note] for r in rows]
    outdated = {METHODS_PAGE} if not pages and is_plain_file(folder.path / METHODS_PAGE) else set()
    with stage(folder.path, outdated) as part_of:
        put(part_of(MARKDOWN), f"# {markdown_text(about.song)}\n\n{table}{notes}\n".encode())
        put(part_of(CSV), csv_text(["method", *(c.key for c in COLUMNS), "note"], lines).encode())
        if pages:
            places = {row.method: folder.place(row.method) for row in rows if not row.failed}
            page = comparing_page(about.song, rows, places, REPORT_PAGE)
            put(part_of(METHODS_PAGE), page.encode())
        folder.write(part_of(COMPARISON), about, rows)
