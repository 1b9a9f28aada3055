"""Who works on the songs of a collection where each takes a moment: this very process."""

from collections.abc import Sequence

from mixtrace.corpus.crew import Crew, Job, Task, how_failed
from mixtrace.corpus.ledger import Ended, How

__all__ = ["HereCrew"]


class HereCrew(Crew):
    """This process, one song after another; for work that needs little time and memory."""

    def __init__(self, task: Task) -> None:
        """Take what is done to each song."""
        self._task = task
        self._ended: list[Ended] = []

    def takes(self, job: Job) -> bool:
        """Return whether the song before it was told to have ended."""
        return not self._ended

    def why_never(self, job: Job) -> str:
        """Return nothing: no song is too large."""
        return ""

    def begin(self, job: Job) -> None:
        """Do the work on a song."""
        how: How = "done"
        why = ""
        try:
            self._task(*job.arguments)
        except Exception as error:
            how, why = how_failed(error)
        self._ended.append(Ended(job.song, how, why))

    def ended(self) -> Sequence[Ended]:
        """Return the song that ended."""
        found, self._ended = self._ended, []
        return found

    def stop(self) -> None:
        """Do nothing: no song is under way."""
