"""Independent work side by side, each piece on cores of its own."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

import torch

__all__ = ["on_threads", "side_by_side", "workers"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_MOST_WORKERS = 4


def workers() -> int:
    """Return how many pieces can run at the same time: a few, if the caller has as many cores."""
    return min(_MOST_WORKERS, torch.get_num_threads())


@contextmanager
def on_threads(count: int) -> Iterator[None]:
    """Do tensor operations of the caller's thread on so many threads.

    Threads that share a small operation wait for the slowest: where another process has a core, or
    its host withholds one, for a time slice. One thread does it in less than twice the time.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def side_by_side(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    at_once: int = _MOST_WORKERS,
    before: Callable[[Item], None] = lambda item: None,
) -> Iterator[Result]:
    """Yield what `work` makes of every item, in order; what it raises is raised here.

    A worker is at most two pieces ahead of the caller: what is made does not pile up.

    Work on windows goes faster on a core each than with all cores on one: its operations are small,
    and waking another core for one of them takes about as long as it saves.

    Args:
        work: may not share what it changes.
        items: what to work on.
        at_once: how many pieces may run at the same time; 1 works on the caller's thread.
        before: called with each item before it is worked on, in order and on the caller's thread.
    """

    def after_that(item: Item) -> Result:
        before(item)
        return work(item)

    together = min(at_once, workers(), len(items))
    if together < 2:
        yield from map(after_that, items)
        return
    share = torch.get_num_threads() // together

    def alone(item: Item) -> Result:
        torch.set_num_threads(share)  # of this thread
        return work(item)

    pool, ahead = _pool(together), deque[Future[Result]]()
    try:
        for item in items:
            before(item)
            ahead.append(pool.submit(alone, item))
            if len(ahead) > 2 * together:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        for future in ahead:
            future.cancel()


@cache
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, "mixtrace")
