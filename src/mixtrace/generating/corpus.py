"""A corpus of generated songs: made by processes that may die, gone on with where they did.

corpus.json     seed, length and version: what all songs have in common
0001/, 0002/    the songs, each whole or not there
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from mixtrace.errors import MixtraceError, StoreError
from mixtrace.generating.song import generate_song
from mixtrace.generating.song_folder import write_generated
from mixtrace.progress import OnProgress, Progress
from mixtrace.store import (
    checked,
    is_plain_file,
    is_plain_folder,
    read_document,
    stage,
    write_document,
)
from mixtrace.store.lock import locked
from mixtrace.store.maxima import Name
from mixtrace.store.whole_folder import remove_left_over

__all__ = [
    "CORPUS",
    "CORPUS_SCHEMA",
    "LONGEST_S",
    "MOST_SEED",
    "MOST_SONGS",
    "SHORTEST_S",
    "Common",
    "make_corpus",
]

CORPUS, CORPUS_SCHEMA = "corpus.json", "mixtrace.generated/1"

MOST_SONGS, MOST_SEED = 1_000_000, 2**53
SHORTEST_S, LONGEST_S = 8.0, 600.0
"""Of a song: two bars at the slowest tempo, and what a worker holds in memory."""


@dataclass(frozen=True)
class Common:
    """What all songs of a generated corpus have in common.

    Attributes:
        mixtrace: the version that made them.
        seed: of all draws.
        seconds: how long each song is.
    """

    mixtrace: Name
    seed: Annotated[int, Meta(ge=0, le=MOST_SEED)]
    seconds: Annotated[float, Meta(ge=SHORTEST_S, le=LONGEST_S)]


def make_corpus(
    folder: Path, common: Common, count: int, workers: int, on_progress: OnProgress
) -> int:
    """Make the songs of a corpus that are not there yet.

    Args:
        folder: of the corpus; made where it is missing.
        common: what all songs have in common.
        count: of the songs that are to be there.
        workers: processes at once; with one the caller's does the work.
        on_progress: called after each song.

    Returns:
        How many songs were made.

    Raises:
        MixtraceError: the folder holds something else, or cannot be written to; or a process died.
        OSError: the folder cannot be made.
    """
    _take(folder, common)
    with locked(folder):
        remove_left_over(folder)
        places = {number: folder / f"{number:04d}" for number in range(1, count + 1)}
        lacking = [number for number, place in places.items() if not is_plain_folder(place)]
        on_progress(Progress(_STAGE, count - len(lacking), count))
        begun = time.monotonic()
        try:
            for made, _ in enumerate(_made(folder, common, lacking, workers), 1):
                left_s = (time.monotonic() - begun) / made * (len(lacking) - made)
                done = count - len(lacking) + made
                on_progress(Progress(_STAGE, done, count, seconds_left=left_s))
        finally:
            remove_left_over(folder)
    return len(lacking)


_STAGE = "generating"


def _take(folder: Path, common: Common) -> None:
    """Make the folder this corpus's, or go on with it."""
    path = folder / CORPUS
    if is_plain_file(path):
        found = checked(read_document(path, CORPUS_SCHEMA), Common, path)
        for name, told in asdict(found).items():
            wanted = getattr(common, name)
            if told != wanted:
                raise StoreError(
                    f"Expected the folder of this corpus; {folder} holds one whose "
                    f"{_CALLED[name]} {told}, not {wanted}. Choose another folder with -o, or "
                    f"{_REMEDIES[name]}."
                )
        return
    if folder.exists() and any(not path.name.startswith(".") for path in folder.iterdir()):
        raise StoreError(
            f"Expected a new or empty folder, or that of a generated corpus; {folder} holds other "
            "things. Choose another with -o."
        )
    folder.mkdir(parents=True, exist_ok=True)
    with stage(folder) as part_of:
        write_document(part_of(CORPUS), CORPUS_SCHEMA, asdict(common))


_CALLED = {
    "mixtrace": "songs were made by mixtrace",
    "seed": "seed is",
    "seconds": "songs last, in seconds,",
}
_REMEDIES = {
    "mixtrace": "use the version that began it",
    "seed": "give the seed that it has",
    "seconds": "give the length that they have",
}


def _made(folder: Path, common: Common, numbers: Sequence[int], workers: int) -> Iterator[None]:
    """Make songs, and yield after each."""
    if workers == 1 or len(numbers) < 2:
        for number in numbers:
            yield _make(folder, common, number)
        return
    with _pool(min(workers, len(numbers))) as pool:
        futures = [pool.submit(_make, folder, common, number) for number in numbers]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool as error:
            raise MixtraceError(
                "Expected every process to make its songs; one was ended from outside, perhaps for "
                "lack of memory. Run the same command again, with fewer --workers; it goes on."
            ) from error


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Yield processes; where the block fails, they end at once."""
    context = multiprocessing.get_context("spawn")
    heard, held = context.Pipe(duplex=False)  # it breaks with the process that holds it
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(heard,))
    try:
        yield pool
    except BaseException:
        held.close()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        held.close()
        heard.close()


def _begin(heard: Connection) -> None:
    """Leave Ctrl-C to the process that began this one, and end when that one fails or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def end() -> None:
        with suppress(EOFError, OSError):
            heard.recv()
        os._exit(1)

    threading.Thread(target=end, daemon=True).start()


def _make(folder: Path, common: Common, number: int) -> None:
    write_generated(generate_song(common.seed, number, common.seconds), folder / f"{number:04d}")
