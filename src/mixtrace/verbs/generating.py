"""`generate`: a corpus of songs made by code, the graph that mixed each stored beside it."""

import math
from dataclasses import dataclass
from pathlib import Path

from mixtrace.errors import MixtraceError
from mixtrace.generating import (
    LONGEST_S,
    MOST_SEED,
    MOST_SONGS,
    SHORTEST_S,
    Common,
    make_corpus,
)
from mixtrace.progress import OnProgress, ignored
from mixtrace.store import mixtrace_version
from mixtrace.verbs.outputs import check_place, named

__all__ = ["Generated", "generate"]


@dataclass(frozen=True)
class Generated:
    """What was generated.

    Attributes:
        folder: of the corpus.
        songs: that were asked for; all of them are there.
        made: how many of them were made now.
    """

    folder: Path
    songs: int
    made: int


def generate(
    output: Path | str,
    songs: int,
    *,
    seed: int = 0,
    seconds: float = 30.0,
    workers: int = 1,
    on_progress: OnProgress = ignored,
) -> Generated:
    """Make a corpus of songs by code, each mixed by a graph that is stored beside it.

    No two songs are alike, and a seed always gives the same songs, to the bit: whatever `songs` and
    `workers` are. Stopped or killed at any moment and called again, it goes on.

    Args:
        output: the folder of the corpus.
        songs: how many there are to be, those included that are there already.
        seed: of all draws.
        seconds: how long each song is.
        workers: processes at once, a core each. A script that asks for two or more has to be one
            that `multiprocessing` can import, with its own work below `if __name__ == "__main__"`.
        on_progress: called after each song.

    Raises:
        MixtraceError: an argument out of range, a folder that holds something else or cannot be
            written to, or a process that was ended from outside.
        OSError: the folder cannot be made.
    """
    _check_whole("songs, -n,", songs, 1, MOST_SONGS)
    _check_whole("a seed", seed, 0, MOST_SEED)
    _check_whole("--workers", workers, 1, MOST_SONGS)
    if not (math.isfinite(seconds) and SHORTEST_S <= seconds <= LONGEST_S):
        raise MixtraceError(
            f"Expected songs of {SHORTEST_S:g} to {LONGEST_S:g} seconds; got {seconds:g}. "
            "Choose another length."
        )
    folder = named(output)
    check_place(folder)
    common = Common(mixtrace_version(), seed, float(seconds))
    return Generated(folder, songs, make_corpus(folder, common, songs, workers, on_progress))


def _check_whole(what: str, number: int, least: int, most: int) -> None:
    if not least <= number <= most:
        raise MixtraceError(
            f"Expected {what} of {least} to {most:,}; got {number}. Choose another number."
        )
