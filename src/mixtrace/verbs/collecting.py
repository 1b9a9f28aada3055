"""`collect`: the graphs of all songs of a corpus as a data set, by processes that may die."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from mixtrace.corpus import (
    CollectedSong,
    Common,
    Crew,
    Job,
    LocalCrew,
    RayCrew,
    Task,
    needed_bytes,
    write_gains,
    write_song,
)
from mixtrace.datasets import Dataset, open_dataset
from mixtrace.errors import MixtraceError
from mixtrace.methods import Method
from mixtrace.progress import OnProgress, ignored
from mixtrace.recovery import Recovery
from mixtrace.store import CHECKPOINT, mixtrace_version
from mixtrace.verbs.collection_run import Aim, Collected, Shard, common_of, run_collection
from mixtrace.verbs.fitting import fit
from mixtrace.verbs.outputs import named

__all__ = ["Limits", "collect"]

_GIGABYTE = 1e9


@dataclass(frozen=True)
class Limits:
    """What songs may take.

    Attributes:
        workers: how many at once, on this machine.
        seconds: for one; None for as long as it takes.
        memory_gb: for one; None for as much as there is.
        ray: the address of a Ray cluster that works instead of this machine; see `RayCrew`.
    """

    workers: int = 1
    seconds: float | None = None
    memory_gb: float | None = None
    ray: str | None = None

    def crew(self, task: Task) -> Crew:
        """Return who works within the limits.

        Raises:
            MixtraceError: a cluster that cannot be used.
        """
        limit = None if self.memory_gb is None else round(_GIGABYTE * self.memory_gb)
        if self.ray is not None:
            return RayCrew(task, self.ray, limit_s=self.seconds, limit_bytes=limit)
        return LocalCrew(task, self.workers, limit_s=self.seconds, limit_bytes=limit)


def collect(
    corpus: Path | str,
    output: Path | str,
    *,
    dataset: str | None = None,
    method: Method | None = None,
    crew: Callable[[Task], Crew] = Limits().crew,
    shard: Shard | None = None,
    audio: bool = False,
    retry: bool = False,
    mix_versions: bool = False,
    on_progress: OnProgress = ignored,
) -> Collected:
    """Find the graph of every song of a corpus, and write them as a data set.

    Each song has a process of its own. Killed at any moment and called again with the same
    arguments, a collection goes on: what is finished is not repeated, and the data set ends the
    same. An error of a song's input is final; `retry` asks for it once more.

    Args:
        corpus: a folder of songs, or of a data set that mixtrace reads.
        output: the folder of the data set.
        dataset: which data set the corpus is; None for what it looks like.
        method: how graphs are found; by default our recovery.
        crew: who works on the songs, such as `Limits(workers=4).crew`.
        shard: which songs are done here; all shards together make one data set.
        audio: whether to keep each estimate's audio.
        retry: whether to do failed songs once more.
        mix_versions: whether songs that another version of mixtrace found may stay.
        on_progress: called often.

    Raises:
        MixtraceError: a corpus, a choice or a folder that cannot be used.
        OSError: the folder cannot be made.
    """
    method, songs = method or Recovery(), open_dataset(named(corpus), dataset)
    common = common_of(songs, method.choices(), audio)
    return run_collection(
        songs,
        named(output),
        common,
        Aim(_one_song, partial(_job, songs, common, method), crew, found=True),
        shard=shard or Shard(),
        retry=retry,
        mix_versions=mix_versions,
        on_progress=on_progress,
    )


def _one_song(corpus: Path, common: Common, song: str, place: Path, method: Method) -> None:
    """Find the graph of one song; this runs in a process of its own."""
    torch.set_num_threads(1)  # others work on as many cores, and sums come out the same on any
    songs = open_dataset(corpus, common.dataset)
    found = fit(
        songs.song(song),
        place,
        method=method,
        audio=common.audio,
        page=False,
        weigh=True,
        gains=True,
    )
    seconds = found.mix.shape[-1] / found.sample_rate_hz
    increases = [] if found.increases is None else found.increases.tolist()
    known = CollectedSong(
        song,
        common.dataset,
        common.licence,
        mixtrace_version(),
        seconds,
        found.sample_rate_hz,
        songs.facts(song),
        tuple(rise if math.isfinite(rise) else None for rise in increases),
        None if found.gains is None else write_gains(place, found.gains),
    )
    write_song(place, known)
    (place / CHECKPOINT).unlink(missing_ok=True)


def _job(songs: Dataset, common: Common, method: Method, song: str, place: Path) -> Job:
    """Return the work on a song."""

    def needs() -> int:
        try:
            size = songs.size(song)
        except MixtraceError:
            return needed_bytes(0, 0.0)  # whoever reads it whole will say what is wrong
        return needed_bytes(size.channels, size.seconds)

    return Job(song, needs, (songs.folder, common, song, place, method))
