"""What commands that take long have in common: their folder, measuring, warnings and writing."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
from jaxtyping import Float

from mixtrace.metrics import Measures, measure
from mixtrace.progress import Steps
from mixtrace.session import Session
from mixtrace.stopping import deferred
from mixtrace.store import Checkpoint, Results, claimed_folder
from mixtrace.unseen import Unseen
from mixtrace.verbs.reporting import page_failure

__all__ = ["claimed", "measured", "warnings_of", "write_whole"]


def claimed(
    folder: Path | None, fingerprint: str, results: Results, *, fresh: bool
) -> AbstractContextManager[Checkpoint | None]:
    """Take a folder for a result where there is one, see `claimed_folder`."""
    if folder is None:
        return nullcontext()
    return claimed_folder(folder, fingerprint, fresh=fresh, results=results)


def measured(
    session: Session, estimate: Float[np.ndarray, "2 time"], unseen: Unseen | None, report: Steps
) -> Measures:
    """Return how well an estimate matches the session's mix."""
    report("measuring", 0, 1)
    measures = measure(
        target=session.mix, estimate=estimate, sample_rate_hz=session.sample_rate_hz, unseen=unseen
    )
    report("measuring", 1, 1)
    return measures


def warnings_of(keeper: Checkpoint | None) -> tuple[str, ...]:
    """Return what went wrong with a checkpoint and was mended, a sentence or none."""
    return (keeper.warning,) if keeper is not None and keeper.warning else ()


def write_whole(folder: Path, write: Callable[[], None], make_page: Callable[[], object]) -> str:
    """Write a result and then its page; a signal that comes meanwhile waits until both are there.

    Returns:
        Why the page could not be made, see `page_failure`.

    Raises:
        KeyboardInterrupt: at the end, where a signal came.
    """
    with deferred(to_the_end=True):
        write()
        return page_failure(folder, make_page)
