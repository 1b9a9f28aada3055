"""Who works on the songs of a collection: processes of this machine, one for each song.

A song's process ends with the song, so nothing that a song leaves behind meets the next. It also
ends when the process that began it is gone, and when it holds more memory than it may.
"""

import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from concurrent.futures import TimeoutError as OutOfTime
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import psutil
from pebble import ProcessExpired, ProcessPool

from mixtrace.corpus.ledger import Ended
from mixtrace.errors import MixtraceError

__all__ = ["Crew", "Job", "LocalCrew", "Task", "kept_within"]

TOO_LARGE = 73
"""What a process ends with that held more memory than it may."""

_LOOK_EVERY_S = 0.5
_OF_FREE = 0.9
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
        self._running: dict[Future[int], tuple[Job, float]] = {}
        self._pool = ProcessPool(
            max_workers=workers, max_tasks=1, context=multiprocessing.get_context("spawn")
        )

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
        arguments = (self._task, os.getpid(), self._limit_bytes, job.arguments)
        future = self._pool.schedule(_work, args=arguments, timeout=self._limit_s)
        self._running[future] = (job, time.monotonic())

    def ended(self) -> Sequence[Ended]:
        """Return the songs that ended."""
        finished = wait(self._running, _LOOK_EVERY_S, FIRST_COMPLETED).done
        return [self._ended(future, *self._running.pop(future)) for future in finished]

    def stop(self) -> None:
        """Kill all processes."""
        self._pool.stop()
        self._pool.join()
        self._running.clear()

    def _free_bytes(self) -> int:
        """Return the memory that nobody holds and nobody was promised."""
        held = sum(child.memory_info().rss for child in _children())
        promised = sum(self._needed(job) for job, _ in self._running.values())
        return psutil.virtual_memory().available + min(held, promised) - promised

    def _needed(self, job: Job) -> int:
        if self._limit_bytes is None:
            return job.needs_bytes
        return min(job.needs_bytes, self._limit_bytes)

    def _ended(self, future: Future[int], job: Job, began: float) -> Ended:
        seconds = time.monotonic() - began
        try:
            return Ended(job.song, "done", "", seconds, future.result())
        except MixtraceError as error:
            return Ended(job.song, "refused", str(error), seconds)
        except OutOfTime:
            why = f"It took longer than {self._limit_s:g} s."
            return Ended(job.song, "too slow", why, seconds)
        except ProcessExpired as error:
            if error.exitcode == TOO_LARGE:
                why = f"It held more than {(self._limit_bytes or 0) / 1e9:.1f} GB of memory."
                return Ended(job.song, "too large", why, seconds)
            return Ended(job.song, "crashed", _death(error.exitcode), seconds)
        except CancelledError:
            return Ended(job.song, "crashed", "It was stopped.", seconds)
        except Exception as error:
            why = f"It failed: {type(error).__name__}: {error}"
            return Ended(job.song, "crashed", why[:2000], seconds)


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


def _work(task: Task, parent: int, limit_bytes: int | None, arguments: tuple[Any, ...]) -> int:
    """Do the work on a song; return how many bytes of memory this process held at most."""
    kept_within(limit_bytes, parent)
    task(*arguments)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KILOBYTE


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
