"""One method run from several seeds: the best result is kept, with what all runs agree on.

Runs differ by what a seed decides, and by nothing else: what all of them begin with is found once
(`Work.common`). Everything that was found so far is stored, see `Ledger`: what was killed in any
run and resumed ends with the same result.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mixtrace.errors import MixtraceError
from mixtrace.methods.base import Inversion, Method, Repeatable, Work, why_not
from mixtrace.methods.ledger import COMMON, NOW, Ledger
from mixtrace.progress import OnProgress, Progress
from mixtrace.session import Session
from mixtrace.stopping import deferred
from mixtrace.store import MOST_RUNS
from mixtrace.unseen import Range

__all__ = ["Repeated", "repeated"]


def repeated(method: Method, runs: int) -> Method:
    """Return a method that runs another one from several seeds; for one run, that method itself.

    Raises:
        MixtraceError: a number of runs out of range, or a method that has no seed.
    """
    if not 1 <= runs <= MOST_RUNS:
        raise MixtraceError(
            f"Expected a number of runs from 1 to {MOST_RUNS}; got {runs}. Try --runs 3."
        )
    if runs == 1:
        return method
    if not isinstance(method, Repeatable):
        raise MixtraceError(
            f"Expected a method with a seed, to repeat it from others; {type(method).__name__} has "
            "none. Run it once."
        )
    return Repeated(method, runs)


@dataclass(frozen=True)
class Repeated:
    """Runs a method from several seeds, and keeps the result of the lowest price: a `Method`.

    Attributes:
        method: it is; the first run is from its own seed, each other from the next one.
        runs: how many, two at least.
    """

    method: Repeatable
    runs: int

    def choices(self) -> Mapping[str, Any]:
        """Return what the user chose of the method, and how many runs.

        Raises:
            MixtraceError: a choice that is not valid, or a seed of the last run that is too large.
        """
        self.method.reseeded(self.runs - 1).choices()
        return {**self.method.choices(), "runs": self.runs}

    def why_not(self, session: Session) -> str:
        """Return in a sentence why the method is not made for a song; empty where it is."""
        return why_not(self.method, session)

    def invert(
        self, session: Session, held_out: Sequence[Range] = (), work: Work | None = None
    ) -> Inversion:
        """Find the graph of a mix, as often as was chosen.

        Args:
            session: tracks and mix, at the rate that the method asks for.
            held_out: what of the mix nothing in the result may depend on.
            work: how to carry it out.

        Returns:
            The result of the lowest price, and the first of these where several are equal; its
            seconds are those of all runs. Its evidence has the `runs` as well, as `runs.json` holds
            them, where two or more have ended. When it is stopped: the best of those that ended, or
            the run under way where none has.

        Raises:
            MixtraceError: a choice that is not valid, or a stored state that is not this work's.
        """
        work = work or Work()
        ledger = Ledger(work.keeper, self.method.seed, self.runs)
        under_way = 0.0
        try:
            while len(ledger.entries) < self.runs:
                number = len(ledger.entries)
                method = self.method.reseeded(number)
                found = method.invert(session, held_out, self._work(number, work, ledger))
                if found.ended == "stopped":
                    if ledger.best is None:
                        return found
                    under_way = found.seconds
                    break
                with deferred():
                    last = number + 1 == self.runs
                    ledger.add(method.seed, found, method.price(found), last=last)
        except KeyboardInterrupt:
            if ledger.best is None:
                raise
        return self._result(ledger, under_way)

    def _work(self, number: int, work: Work, ledger: Ledger) -> Work:
        """Return how one of the runs is carried out."""
        told = self._told(number, work.on_progress, ledger)
        keeper = None if work.keeper is None else ledger.part(NOW)
        return replace(work, keeper=keeper, on_progress=told, common=ledger.part(COMMON))

    def _told(self, number: int, on_progress: OnProgress, ledger: Ledger) -> OnProgress:
        """Return what tells of one of the runs which it is, and of the time left in all of them."""
        after = self.runs - number - 1
        each = min((entry.seconds for entry in ledger.entries), default=None)

        def tell(step: Progress) -> None:
            left = step.seconds_left
            if left is not None and after:
                left = None if each is None else left + after * each
            stage = f"run {number + 1} of {self.runs}: {step.stage}"
            on_progress(replace(step, stage=stage, seconds_left=left))

        return tell

    def _result(self, ledger: Ledger, under_way: float) -> Inversion:
        """Return the best result, with what all runs that ended agree on."""
        best, count = ledger.best, len(ledger.entries)
        assert best is not None
        seconds = ledger.seconds + under_way
        kept = f"The run from seed {ledger.kept.seed} is kept, the best of {count}."
        evidence = dict(best.evidence)
        if count > 1:
            evidence["runs"] = ledger.agreement.document()
        if count == self.runs:
            why = f"{best.why} {kept}"
            return replace(best, evidence=evidence, why=why, seconds=seconds)
        why = f"The user stopped it in run {count + 1} of {self.runs}. {kept}"
        return replace(best, evidence=evidence, ended="stopped", why=why, seconds=seconds)
