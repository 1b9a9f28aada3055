"""`benchmark`: every way to invert a mix on every song of a corpus."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import quote

from msgspec import Struct, structs

from mixtrace.comparing import (
    SongRows,
    benchmark_csv,
    benchmark_markdown,
    benchmark_page,
    means_of,
)
from mixtrace.corpus import Collection
from mixtrace.datasets import Dataset, open_dataset
from mixtrace.errors import MixtraceError, StoreError
from mixtrace.progress import OnProgress, Progress, ignored
from mixtrace.store import (
    checked,
    is_plain_file,
    mixtrace_version,
    put,
    read_document,
    stage,
    write_document,
)
from mixtrace.store.maxima import Name, Note
from mixtrace.verbs.comparing_methods import METHODS_PAGE, Choices, SongAt, compared
from mixtrace.verbs.outputs import check_apart, check_place, named
from mixtrace.verbs.reporting import check_page
from mixtrace.wording import counted

__all__ = ["Benchmark", "benchmark"]

_BENCHMARK, _SCHEMA = "benchmark.json", "mixtrace.benchmark/1"
_MARKDOWN, _CSV = "table.md", "table.csv"


class _About(Struct, frozen=True):
    """What a benchmark is of: another one has a folder of its own."""

    corpus: Note
    dataset: Name
    unseen: Name | None
    mixtrace: Name


@dataclass(frozen=True, eq=False)
class Benchmark:
    """What methods came to on the songs of a corpus.

    Attributes:
        name: of the corpus.
        songs: in its order.
        folder: of the benchmark; the comparison of each song lies in `songs/` there.
    """

    name: str
    songs: tuple[SongRows, ...]
    folder: Path

    @property
    def failed(self) -> bool:
        """Whether a method came to no result on a song."""
        return any(song.failed for song in self.songs)


def benchmark(
    corpus: Path | str,
    output: Path | str,
    *,
    dataset: str | None = None,
    methods: Sequence[str] | None = None,
    unseen: str | None = None,
    page: bool = True,
    retry: bool = False,
    on_progress: OnProgress = ignored,
) -> Benchmark:
    """Compare methods on every song of a corpus, see `compare_methods`.

    Killed at any moment and called again with the same arguments, a benchmark goes on: what has
    ended is not repeated. A song that cannot be used is told at the end.

    Args:
        corpus: a folder of songs, or of a data set that mixtrace reads.
        output: the folder of the benchmark.
        dataset: which data set the corpus is; None for what it looks like.
        methods: their names; by default all that take no days.
        unseen: what to hold out of each search, see `fit`.
        page: whether to make pages, of each result, each song and all.
        retry: whether to try methods once more that failed.
        on_progress: called often.

    Raises:
        MixtraceError: a corpus, a choice or a folder that cannot be used, or no song that can be.
        OSError: the folder cannot be made.
    """
    choices = Choices.of(methods, unseen, page=page, retry=retry)
    data, folder = open_dataset(named(corpus), dataset), named(output)
    check_apart(data.folder, folder)
    check_place(folder)
    if folder.is_dir():
        check_page(folder / METHODS_PAGE)
    identities = data.ids()
    if not is_plain_file(folder / _BENCHMARK):  # one that was begun had a song, and goes on
        _check_songs(data, identities, choices)
    about = _About(str(data.folder.resolve()), data.name, choices.unseen, mixtrace_version())
    _take(folder, about)
    songs = []
    for number, identity in enumerate(identities, 1):
        tell = partial(_told, f"song {number} of {len(identities)}, ", on_progress)
        songs.append(_song(data, identity, folder, choices, tell))
    name = data.folder.resolve().name
    _write(folder, name, about, songs, page=page)
    return Benchmark(name, tuple(songs), folder)


def _song(
    data: Dataset, identity: str, folder: Path, choices: Choices, on_progress: OnProgress
) -> SongRows:
    """Compare methods on one song; one that cannot be used has no rows."""
    place = SongAt(data.folder, dataset=data.name, identity=identity)
    try:
        song = place.usable(choices.unseen)
    except MixtraceError as error:
        return SongRows(identity, (), str(error))
    found = compared(place, song, Collection(folder).place(identity), choices, on_progress)
    return SongRows(identity, found.rows)


def _check_songs(data: Dataset, identities: Sequence[str], choices: Choices) -> None:
    """Refuse a corpus of which no song can be used; the first that can be ends the look."""
    first: MixtraceError | None = None
    for identity in identities:
        try:
            SongAt(data.folder, dataset=data.name, identity=identity).usable(choices.unseen)
            return
        except MixtraceError as error:
            first = first or error
    if first is not None:
        raise MixtraceError(
            f"Expected a song that can be compared in {data.folder}; none of "
            f"{counted(len(identities), 'song')} can, the first because: {first}"
        )


def _told(where: str, on_progress: OnProgress, step: Progress) -> None:
    on_progress(replace(step, stage=where + step.stage, seconds_left=None))


def _take(folder: Path, about: _About) -> None:
    """Make the folder this benchmark's, or go on with it."""
    path = folder / _BENCHMARK
    if is_plain_file(path):
        found = checked(read_document(path, _SCHEMA), _About, path)
        for name, wanted in structs.asdict(about).items():
            if getattr(found, name) != wanted:
                raise StoreError(
                    f"Expected the folder of this benchmark; {folder} holds one whose {name} is "
                    f"{getattr(found, name)}, not {wanted}. Choose another folder with -o."
                )
        return
    if folder.exists() and any(path.name[0] != "." for path in folder.iterdir()):
        raise StoreError(
            f"Expected a new or empty folder, or that of a benchmark; {folder} holds what no "
            "benchmark wrote. Choose another with -o."
        )
    folder.mkdir(parents=True, exist_ok=True)
    with stage(folder) as part_of:
        write_document(part_of(_BENCHMARK), _SCHEMA, structs.asdict(about))


def _write(
    folder: Path, name: str, about: _About, songs: Sequence[SongRows], *, page: bool
) -> None:
    """Write means and rows, as files for programs and for people."""
    outdated = {METHODS_PAGE} if not page and is_plain_file(folder / METHODS_PAGE) else set()
    with stage(folder, outdated) as part_of:
        put(part_of(_MARKDOWN), benchmark_markdown(name, songs).encode())
        put(part_of(_CSV), benchmark_csv(songs).encode())
        if page:
            links = {song.song: _link(folder, song.song) for song in songs if song.rows}
            put(part_of(METHODS_PAGE), benchmark_page(name, songs, links).encode())
        document = structs.asdict(about) | {
            "means": [
                {"method": mean.row.method, "songs": mean.songs, "figures": mean.row.figures}
                for mean in means_of(songs)
            ],
            "songs": [
                {"song": each.song, "why": each.why, "rows": [structs.asdict(r) for r in each.rows]}
                for each in songs
            ],
        }
        write_document(part_of(_BENCHMARK), _SCHEMA, document)


def _link(folder: Path, song: str) -> str:
    """Return where the page of a song lies, as a page in the folder links to it."""
    place = Collection(folder).place(song)
    return quote(f"{place.relative_to(folder).as_posix()}/{METHODS_PAGE}")
