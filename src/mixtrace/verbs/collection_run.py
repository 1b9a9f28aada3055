"""A collection from its first song to its tables, whatever is done to each song."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mixtrace.corpus import (
    Collection,
    Common,
    Crew,
    Job,
    Ledger,
    Standing,
    Task,
    work_through,
    write_tables,
)
from mixtrace.datasets import Dataset
from mixtrace.errors import MixtraceError
from mixtrace.progress import OnProgress, steps_of
from mixtrace.store import mixtrace_version
from mixtrace.store.lock import locked
from mixtrace.verbs.outputs import check_apart, check_place

__all__ = ["Aim", "Collected", "Shard", "common_of", "run_collection"]


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


@dataclass(frozen=True, eq=False)
class Aim:
    """What a collection does to each song, and who does it.

    Attributes:
        task: what is done, in a process of its own where the crew has some.
        job: returns the work on a song, from its identity and the folder for its result.
        crew: who works.
        found: whether graphs are found from audio, and not those that mixed the songs.
    """

    task: Task
    job: Callable[[str, Path], Job]
    crew: Callable[[Task], Crew]
    found: bool


def common_of(songs: Dataset, choices: Mapping[str, Any], audio: bool) -> Common:
    """Return what all songs of a collection have in common."""
    return Common(
        str(songs.folder.resolve()),
        songs.name,
        songs.title,
        songs.licence,
        songs.citation,
        songs.url,
        mixtrace_version(),
        dict(choices),
        audio,
    )


def run_collection(
    songs: Dataset,
    folder: Path,
    common: Common,
    aim: Aim,
    *,
    shard: Shard,
    retry: bool,
    mix_versions: bool,
    on_progress: OnProgress,
) -> Collected:
    """Have the songs of a shard done that are still to be done; where none is left, write tables.

    Args:
        songs: of the corpus.
        folder: of the data set.
        common: what all songs have in common.
        aim: what is done to each.
        shard: which songs are done here.
        retry: whether to do failed songs once more.
        mix_versions: whether songs of another version of mixtrace may stay.
        on_progress: called often.

    Raises:
        MixtraceError: a folder that cannot be used.
        OSError: the folder cannot be made.
    """
    check_apart(songs.folder, folder)
    check_place(folder)
    identities, collection = songs.ids(), Collection(folder)
    collection.take(common, mix_versions=mix_versions)
    state = collection.state(shard.number, shard.of)
    with locked(state), closing(collection.ledger(state)) as ledger:
        mine = identities[shard.number - 1 :: shard.of]
        _enter(ledger, collection, mine, retry)
        jobs = [aim.job(song, collection.place(song)) for song in mine]
        with aim.crew(aim.task) as workers:
            for _ in work_through(jobs, workers, ledger, on_progress):
                pass
    standings = collection.standings(identities)
    complete = all(each.how is not None for each in standings.values())
    collected = Collected(folder, standings, complete)
    if complete:
        report = partial(steps_of(on_progress), "writing tables")
        with locked(collection.folder):
            about = _about(common, collected, found=aim.found)
            write_tables(collection, collected.done, about, report, found=aim.found)
    return collected


def _enter(ledger: Ledger, collection: Collection, songs: Sequence[str], retry: bool) -> None:
    """Bring a ledger in line with what lies in the folder."""
    ledger.enter(songs)
    if retry:
        ledger.again()
    for song, standing in ledger.standings().items():
        there = collection.is_done(song)
        if there != (standing.how == "done"):
            ledger.settle(song, "done" if there else None)


def _about(common: Common, collected: Collected, *, found: bool) -> str:
    """Return what the card says of the corpus, in Markdown."""
    choices = ", ".join(f"{name} {value}" for name, value in common.choices.items())
    audio = "the estimate of each song, `mix.wav` in its folder" if common.audio else "none"
    failed = len(collected.failed)
    return "\n".join(
        [
            "## Where it comes from",
            "",
            f"- Corpus: {common.title}. {common.url}".rstrip(),
            f"- Licence of its audio: {common.licence}.",
            *([f"- To cite: {common.citation}"] if common.citation else []),
            f"- {'Found' if found else 'Collected'} by mixtrace {common.mixtrace} ({choices}).",
            f"- Songs: {len(collected.done)}; {failed} more could not be done.",
            f"- Audio: {audio}.",
        ]
    )
