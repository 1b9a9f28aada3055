"""`collect`: the graphs of all songs of a corpus as a data set, by processes that may die."""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from mixtrace.corpus import (
    CollectedSong,
    Collection,
    Common,
    Crew,
    Job,
    Ledger,
    LocalCrew,
    RayCrew,
    Standing,
    Task,
    needed_bytes,
    work_through,
    write_gains,
    write_song,
    write_tables,
)
from mixtrace.datasets import Dataset, open_dataset
from mixtrace.errors import MixtraceError
from mixtrace.methods import Method
from mixtrace.progress import OnProgress, ignored, steps_of
from mixtrace.recovery import Recovery
from mixtrace.store import CHECKPOINT, mixtrace_version
from mixtrace.store.lock import locked
from mixtrace.verbs.fitting import fit
from mixtrace.verbs.outputs import check_apart, check_place, named

__all__ = ["Collected", "Limits", "Shard", "collect"]

_GIGABYTE = 1e9


@dataclass(frozen=True)
class Shard:
    """The songs that one of several collections does: every `of`-th of the corpus.

    Attributes:
        number: which of them, from 1.
        of: how many there are.
    """

    number: int = 1
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Return the shard that a text such as `3/8` tells.

        Raises:
            MixtraceError: it tells none.
        """
        number, _, of = text.partition("/")
        if number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of) <= 100_000:
            return cls(int(number), int(of))
        raise MixtraceError(
            f"Expected a shard such as 3/8, the third of eight; got {text!r:.40}. Count from 1."
        )


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


@dataclass(frozen=True, eq=False)
class Collected:
    """What a collection came to.

    Attributes:
        folder: of the data set.
        standings: what is known of each song of the corpus, by its identity.
        complete: whether the tables were written: no song of the corpus is left to be done.
    """

    folder: Path
    standings: Mapping[str, Standing]
    complete: bool

    @property
    def done(self) -> Sequence[str]:
        """The songs that are in the data set."""
        return [song for song, each in self.standings.items() if each.how == "done"]

    @property
    def failed(self) -> Mapping[str, str]:
        """Why songs are not in it, by identity."""
        return {s: each.why for s, each in self.standings.items() if each.how not in (None, "done")}


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
    method, shard = method or Recovery(), shard or Shard()
    songs, folder = open_dataset(named(corpus), dataset), named(output)
    check_apart(songs.folder, folder)
    check_place(folder)
    identities, common = songs.ids(), _common(songs, method, audio)
    collection = Collection(folder)
    collection.take(common, mix_versions=mix_versions)
    state = collection.state(shard.number, shard.of)
    report = steps_of(on_progress)
    with locked(state), closing(collection.ledger(state)) as ledger:
        mine = identities[shard.number - 1 :: shard.of]
        _enter(ledger, collection, mine, retry)
        jobs = [_job(songs, song, collection.place(song), common, method) for song in mine]
        with crew(_one_song) as workers:
            for _ in work_through(jobs, workers, ledger, on_progress):
                pass
    standings = collection.standings(identities)
    complete = all(each.how is not None for each in standings.values())
    collected = Collected(folder, standings, complete)
    if complete:
        with locked(collection.folder):
            about = _about(common, collected)
            write_tables(collection, collected.done, about, partial(report, "writing tables"))
    return collected


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


def _enter(ledger: Ledger, collection: Collection, songs: Sequence[str], retry: bool) -> None:
    """Bring a ledger in line with what lies in the folder."""
    ledger.enter(songs)
    if retry:
        ledger.again()
    for song, standing in ledger.standings().items():
        there = collection.is_done(song)
        if there != (standing.how == "done"):
            ledger.settle(song, "done" if there else None)


def _job(songs: Dataset, song: str, place: Path, common: Common, method: Method) -> Job:
    """Return the work on a song."""

    def needs() -> int:
        try:
            size = songs.size(song)
        except MixtraceError:
            return needed_bytes(0, 0.0)  # whoever reads it whole will say what is wrong
        return needed_bytes(size.channels, size.seconds)

    return Job(song, needs, (songs.folder, common, song, place, method))


def _common(songs: Dataset, method: Method, audio: bool) -> Common:
    """Return what all songs have in common."""
    return Common(
        str(songs.folder.resolve()),
        songs.name,
        songs.title,
        songs.licence,
        songs.citation,
        songs.url,
        mixtrace_version(),
        dict(method.choices()),
        audio,
    )


def _about(common: Common, collected: Collected) -> str:
    """Return what the card says of the corpus, in Markdown."""
    choices = ", ".join(f"{name} {value}" for name, value in common.choices.items())
    failed = len(collected.failed)
    lines = [
        "## Where it comes from",
        "",
        f"- Corpus: {common.title}. {common.url}".rstrip(),
        f"- Licence of its audio: {common.licence}.",
        f"- To cite: {common.citation}" if common.citation else "",
        f"- Found by mixtrace {common.mixtrace} ({choices}).",
        f"- Songs: {len(collected.done)}; {failed} more could not be done.",
        f"- Audio: {'the estimate of each song, ' if common.audio else 'none'}"
        + ("`mix.wav` in its folder." if common.audio else "."),
    ]
    return "\n".join(line for line in lines if line or line == lines[1])
