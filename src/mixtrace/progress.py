"""What long work tells of itself while it goes on."""

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["OnProgress", "Progress", "Steps", "ignored", "steps_of"]


@dataclass(frozen=True)
class Progress:
    """Where work stands: steps done in a stage, the latest loss, time left in all.

    Attributes:
        stage: what is being done.
        done, total: steps of it; a total of 0 where it is not known.
        loss: of a search, as it stands.
        seconds_left: in all stages together, where that is known.
        measure: what the loss is called.
    """

    stage: str
    done: int
    total: int
    loss: float | None = None
    seconds_left: float | None = None
    measure: str = "L_a"


OnProgress = Callable[[Progress], None]

Steps = Callable[[str, int, int], None]
"""Called with what is being done, how many steps of it are done, and of how many."""


def ignored(progress: Progress) -> None:
    """Do nothing: for those who do not want to know."""


def steps_of(on_progress: OnProgress) -> Steps:
    """Return what tells of steps of which neither loss nor time left is known."""
    return lambda what, done, total: on_progress(Progress(what, done, total))
