"""What a mix can be exported to: every target by its name."""

from pathlib import Path
from typing import Protocol, runtime_checkable

from mixtrace.errors import MixtraceError
from mixtrace.exporting.ardour import Ardour
from mixtrace.exporting.dawproject import DawProject
from mixtrace.exporting.files import Files
from mixtrace.exporting.pedalboard import PedalboardSource
from mixtrace.exporting.project import Project
from mixtrace.exporting.reaper import Reaper
from mixtrace.exporting.stems import Stems
from mixtrace.progress import Steps

__all__ = ["TARGETS", "Target", "target"]


@runtime_checkable
class Target(Protocol):
    """Something that a mix can be opened with.

    Attributes:
        name: it is asked for by.
        about: what it is, in one sentence.
    """

    name: str
    about: str

    def rate_hz(self, mix_rate_hz: int) -> int:
        """Return the rate to write at: that of the mix, where the target can have it."""
        ...

    def write(self, project: Project, folder: Path, report: Steps) -> tuple[str, ...]:
        """Write the mix into an empty folder.

        Args:
            project: the mix.
            folder: it is there, and nobody else writes to it. Nothing is written outside it.
            report: see `Steps`.

        Returns:
            Sentences that say what the target cannot carry, and what stands in for it.

        Raises:
            OSError: a file cannot be written.
        """
        ...


_EVERY: tuple[Target, ...] = (
    Ardour(),
    Reaper(),
    DawProject(),
    PedalboardSource(),
    Stems(),
    Files(),
)
TARGETS: dict[str, Target] = {each.name: each for each in _EVERY}
"""Every target by its name."""


def target(name: str) -> Target:
    """Return the target of a name.

    Raises:
        MixtraceError: there is none.
    """
    if name not in TARGETS:
        raise MixtraceError(
            f"Expected a target among {', '.join(TARGETS)}; got '{name}'. Choose one of them."
        )
    return TARGETS[name]
