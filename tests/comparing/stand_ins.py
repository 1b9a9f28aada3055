"""Methods and a crew for tests of comparisons: as little as they may be."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mixtrace.baselines import Sum
from mixtrace.corpus import Ended, Job
from mixtrace.errors import MixtraceError
from mixtrace.session import Session
from mixtrace.verbs.comparing_methods import MethodCrew


class ForSingleTracks(Sum):
    """A method that is made for songs of one track."""

    def choices(self) -> Mapping[str, Any]:
        return {"recipe": "for-single-tracks"}

    def why_not(self, session: Session) -> str:
        count = len(session.tracks)
        return "" if count == 1 else f"Expected a song of one track; got {count}. Give its vocal."


class Broken(Sum):
    """A method with a mistake in it."""

    def invert(self, *arguments: Any, **named: Any) -> Any:
        raise RuntimeError("a mistake of ours")


class Here(MethodCrew):
    """Works in this very process, and notes what it began.

    Attributes:
        begun_by_all: the names of what any crew began.
        pulls: the name at whose begin the user presses Ctrl-C; nothing for never.
    """

    begun_by_all: list[str]
    pulls = ""

    def __init__(self, task: Callable[..., None], workers: int) -> None:
        super().__init__(task, workers)
        self._done = task
        self._over: list[Ended] = []

    def takes(self, job: Job) -> bool:
        return not self._over

    def why_never(self, job: Job) -> str:
        return ""

    def begin(self, job: Job) -> None:
        self.begun = job.song
        self.begun_by_all.append(job.song)
        if job.song == self.pulls:
            raise KeyboardInterrupt
        how, why = "done", ""
        try:
            self._done(*job.arguments)
        except MixtraceError as error:
            how, why = "refused", str(error)
        except RuntimeError as error:
            how, why = "crashed", f"It failed: {error}"
        self._over.append(Ended(job.song, how, why, 1.5, 500_000_000))

    def ended(self) -> Sequence[Ended]:
        ended, self._over = self._over, []
        return ended

    def stop(self) -> None:
        pass
