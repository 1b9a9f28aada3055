"""A collection: every song that is still to be done is given to a crew, and noted."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice

from mixtrace.corpus.crew import Crew, Job
from mixtrace.corpus.ledger import Ended, Ledger
from mixtrace.errors import StoreError
from mixtrace.progress import OnProgress, Progress, ignored

__all__ = ["TRIES", "work_through"]

TRIES = 3
"""How often a song is begun whose process dies."""

_AHEAD = 20
"""Songs that are looked at when there is room: where the first is too large, another may not be."""


def work_through(
    jobs: Sequence[Job], crew: Crew, ledger: Ledger, on_progress: OnProgress = ignored
) -> Iterator[Ended]:
    """Have songs done that are still to be done, and yield each when it has ended for good.

    A song whose process dies is begun again, three times in all; an error of its input is final,
    and so are limits that were met. Of songs that wait for memory, smaller ones may go first.

    Args:
        jobs: of all songs; those that the ledger knows as ended are left alone.
        crew: who does them.
        ledger: where it is noted; it must know all songs.
        on_progress: told how many songs have ended, of how many.

    Raises:
        StoreError: the disk is full; the song that found it so is still to be done.
    """
    standings = ledger.standings()
    tries = {job.song: standings[job.song].tries for job in jobs}
    waiting = deque(job for job in jobs if standings[job.song].how is None)
    under_way: dict[str, Job] = {}
    clock = _Clock(on_progress, len(jobs), len(jobs) - len(waiting))
    while waiting or under_way:
        clock.tell()
        for job in _begun(waiting, crew):
            why = crew.why_never(job)
            if not why:
                under_way[job.song] = job
                crew.begin(job)
                continue
            ended = Ended(job.song, "too large", why)
            ledger.ended(ended, final=True)
            clock.done += 1
            yield ended
        for ended in crew.ended() if under_way else ():
            if ended.how == "no room":
                raise StoreError(
                    f"Expected room for what {ended.song} comes to; the disk is full. {ended.why} "
                    f"{clock.done} of {len(jobs)} songs have ended: the same command goes on there."
                )
            tries[ended.song] += 1
            job = under_way.pop(ended.song)
            final = ended.how != "crashed" or tries[ended.song] >= TRIES
            ledger.ended(ended, final=final)
            if final:
                clock.done += 1
                yield ended
            else:
                waiting.append(job)
    clock.tell()


def _begun(waiting: deque[Job], crew: Crew) -> Iterator[Job]:
    """Take from those that wait, and yield, every song that a crew takes."""
    for job in list(islice(waiting, _AHEAD)):
        if crew.takes(job):
            waiting.remove(job)
            yield job


class _Clock:
    """Tells how many songs have ended, and how long the rest will take at the same pace."""

    def __init__(self, on_progress: OnProgress, songs: int, done: int) -> None:
        self.done = done
        self._on_progress, self._songs, self._before = on_progress, songs, done
        self._began = time.monotonic()

    def tell(self) -> None:
        """Tell it."""
        left, ended = None, self.done - self._before
        if ended:
            left = (time.monotonic() - self._began) / ended * (self._songs - self.done)
        self._on_progress(Progress("collecting", self.done, self._songs, None, left))
