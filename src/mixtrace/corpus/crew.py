"""Who works on the songs of a collection: processes of this machine, one for each song.

A song's process ends with the song, so nothing that a song leaves behind meets the next. It also
ends when the process that began it is gone, and when it holds more memory than it may.
"""

import errno
import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from multiprocessing.connection import Connection, wait
from typing import Any

import psutil

from mixtrace.corpus.ledger import Ended, How
from mixtrace.errors import MixtraceError

__all__ = ["Crew", "Job", "LocalCrew", "Task", "how_failed", "kept_within"]

TOO_LARGE = 73
"""What a process ends with that held more memory than it may."""

_LOOK_EVERY_S = 0.5
_OF_FREE = 0.9
_LONGEST = 2000  # of what is told of a mistake of ours
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_SPAWN = multiprocessing.get_context("spawn")  # a fork would share what threads hold
_KILOBYTE = 1 if sys.platform == "darwin" else 1024  # in what getrusage counts


@dataclass(frozen=True, eq=False)
class Job:
    """The work on one song.

    Attributes:
        song: its identity.
        needs: returns an estimate of the memory that it takes, in bytes.
        arguments: what the task is called with; anything that can be pickled.
    """

    song: str
    needs: Callable[[], int]
    arguments: tuple[Any, ...]

    @cached_property
    def needs_bytes(self) -> int:
        """The memory that it takes, estimated when it is first asked for."""
        return self.needs()


Task = Callable[..., None]
"""What is done to each song, in a process of its own; a `MixtraceError` is an error of the song."""


class Crew(ABC):
    """Who works on songs. Ends as a context manager ends: whoever still works is stopped."""

    @abstractmethod
    def takes(self, job: Job) -> bool:
        """Return whether a song can be begun now."""

    @abstractmethod
    def why_never(self, job: Job) -> str:
        """Return in a sentence why a song could not even be begun alone; empty where it could."""

    @abstractmethod
    def begin(self, job: Job) -> None:
        """Begin a song that was taken."""

    @abstractmethod
    def ended(self) -> Sequence[Ended]:
        """Return the songs that ended; waits a moment for one where none has."""

    @abstractmethod
    def stop(self) -> None:
        """Stop all work; songs that are under way have not ended."""

    def __enter__(self) -> "Crew":
        """Return the crew."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop all work."""
        self.stop()


class LocalCrew(Crew):
    """Processes of this machine."""

    def __init__(
        self,
        task: Task,
        workers: int,
        *,
        limit_s: float | None = None,
        limit_bytes: int | None = None,
    ) -> None:
        """Begin no process yet.

        Args:
            task: what is done to each song.
            workers: how many songs at once, at most.
            limit_s: how long a song may take.
            limit_bytes: how much memory a song may hold.
        """
        self._task, self._workers = task, workers
        self._limit_s, self._limit_bytes = limit_s, limit_bytes
        self._running: dict[Any, _UnderWay] = {}

    def takes(self, job: Job) -> bool:
        """Return whether a worker is free, and memory for the song beside all others."""
        if len(self._running) >= self._workers:
            return False
        return not self._running or self._needed(job) <= _OF_FREE * self._free_bytes()

    def why_never(self, job: Job) -> str:
        """Return why the song is too large for this machine, or for the limit."""
        there = psutil.virtual_memory().total
        if self._limit_bytes is not None:
            there = min(there, self._limit_bytes)
        if job.needs_bytes <= there:
            return ""
        return (
            f"Expected a song that fits into {there / 1e9:.1f} GB of memory; this one needs about "
            f"{job.needs_bytes / 1e9:.1f} GB. Collect it on a larger machine."
        )

    def begin(self, job: Job) -> None:
        """Begin a song in a process of its own."""
        told, tells = _SPAWN.Pipe(duplex=False)
        arguments = (self._task, os.getpid(), self._limit_bytes, job.arguments, tells)
        process = _SPAWN.Process(target=_work, args=arguments, daemon=True)
        process.start()
        tells.close()  # here: a process that dies leaves a pipe that has ended
        self._running[process.sentinel] = _UnderWay(job, process, told, time.monotonic())

    def ended(self) -> Sequence[Ended]:
        """Return the songs that ended."""
        wait(list(self._running), _LOOK_EVERY_S)
        found = []
        for sentinel, under_way in list(self._running.items()):
            ended = self._ended(under_way)
            if ended is not None:
                del self._running[sentinel]
                found.append(ended)
        return found

    def stop(self) -> None:
        """Kill all processes."""
        for each in self._running.values():
            each.end()
        self._running.clear()

    def _free_bytes(self) -> int:
        """Return the memory that nobody holds and nobody was promised."""
        held = sum(child.memory_info().rss for child in _children())
        promised = sum(self._needed(each.job) for each in self._running.values())
        return psutil.virtual_memory().available + min(held, promised) - promised

    def _needed(self, job: Job) -> int:
        if self._limit_bytes is None:
            return job.needs_bytes
        return min(job.needs_bytes, self._limit_bytes)

    def _ended(self, under_way: "_UnderWay") -> Ended | None:
        """Return how a song ended, if it has."""
        song, seconds = under_way.job.song, time.monotonic() - under_way.began
        if under_way.process.is_alive():
            if self._limit_s is None or seconds <= self._limit_s:
                return None
            under_way.end()
            return Ended(song, "too slow", f"It took longer than {self._limit_s:g} s.", seconds)
        answer = under_way.end()
        code = under_way.process.exitcode or 0
        if answer is not None:
            how, why, peak_bytes = answer
            return Ended(song, how, why, seconds, peak_bytes)
        if code == TOO_LARGE:
            why = f"It held more than {(self._limit_bytes or 0) / 1e9:.1f} GB of memory."
            return Ended(song, "too large", why, seconds)
        return Ended(song, "crashed", _death(code), seconds)


@dataclass(frozen=True, eq=False)
class _UnderWay:
    """A song and its process.

    Attributes:
        job: the work.
        process: that does it.
        told: where it says how it ended.
        began: when, on the clock that never goes back.
    """

    job: Job
    process: Any
    told: Connection
    began: float

    def end(self) -> tuple[How, str, int] | None:
        """Kill the process if it still runs, and return what it said; None where it said nothing.

        What a process wrote to its pipe stays there when it ends.
        """
        if self.process.is_alive():
            self.process.kill()
        self.process.join()
        try:
            return self.told.recv() if self.told.poll() else None
        except (EOFError, OSError):
            return None
        finally:
            self.told.close()


def kept_within(limit_bytes: int | None, parent: int | None) -> None:
    """Have this process end when it holds more memory than it may, or its parent is gone.

    Args:
        limit_bytes: of memory; None for no limit.
        parent: the process that began this one; None where it may outlive it.
    """
    own = psutil.Process()

    def look() -> None:
        while True:
            if limit_bytes is not None and own.memory_info().rss > limit_bytes:
                os._exit(TOO_LARGE)
            if parent is not None and os.getppid() != parent:
                os._exit(1)
            time.sleep(_LOOK_EVERY_S)

    threading.Thread(target=look, daemon=True).start()


def _work(
    task: Task,
    parent: int,
    limit_bytes: int | None,
    arguments: tuple[Any, ...],
    tells: Connection,
) -> None:
    """Do the work on a song, and tell how it ended and how much memory this process held."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever began this
    kept_within(limit_bytes, parent)
    how, why = "done", ""
    try:
        task(*arguments)
    except Exception as error:
        how, why = how_failed(error)
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KILOBYTE
    tells.send((how, why, peak_bytes))


def how_failed(error: Exception) -> tuple[How, str]:
    """Return how a song ended whose work came to an error."""
    if _lacks_room(error):
        return "no room", str(error)
    if isinstance(error, MixtraceError):
        return "refused", str(error)
    return "crashed", f"It failed: {type(error).__name__}: {error}"[:_LONGEST]


def _lacks_room(error: BaseException | None) -> bool:
    """Return whether something failed because a disk has no room for what was to be written."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        error = error.__cause__
    return False


def _death(code: int) -> str:
    """Return in words how a process died.

    >>> _death(-9), _death(1)
    ('Its process was killed (SIGKILL).', 'Its process ended with code 1.')
    """
    if code < 0:
        return f"Its process was killed ({signal.Signals(-code).name})."
    return f"Its process ended with code {code}."


def _children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)
