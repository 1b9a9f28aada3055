"""What a user chooses for a transfer, and the numbers that decide what comes out."""

import math
from dataclasses import dataclass, field

from mixtrace.descent import Recipe
from mixtrace.errors import MixtraceError

__all__ = ["TransferConfig"]

_MOST_STEPS = 100_000
_LARGEST_SEED = 2**63 - 1
_LOUDNESS_LUFS = (-60.0, 0.0)


@dataclass(frozen=True)
class TransferConfig:
    """Every number that decides what comes out.

    Attributes:
        steps: of the descent.
        loudness_lufs: of the result; references are compared at this loudness. Diff-MST's is -16.
        seed: of the pan pots at the start and of the order of segments.
        restraint: weight of the mean squared way that dials went from the start, in the units in
            which a step is taken (6 dB of an EQ's gain are 1). It holds what no feature tells.
        no_worse: weight of the factors by which features are farther off than at the start: what
            an equally loud sum has right by itself shall stay right.
        slack: the share of the loss by which it may rise for processors to leave.
        descent: how fast dials move.
    """

    steps: int = 100
    loudness_lufs: float = -16.0
    seed: int = 0
    restraint: float = 0.1
    no_worse: float = 0.01
    slack: float = 0.02
    descent: Recipe = field(default_factory=Recipe)

    def check(self) -> None:
        """Refuse what cannot be used.

        Raises:
            MixtraceError: a number is out of range.
        """
        for name, value, high in (
            ("number of steps", self.steps, _MOST_STEPS),
            ("seed", self.seed, _LARGEST_SEED),
        ):
            if not 0 <= value <= high:
                raise MixtraceError(f"Expected a {name} from 0 to {high}; got {value}.")
        low, high = _LOUDNESS_LUFS
        if not low <= self.loudness_lufs <= high:  # also where it is no number
            raise MixtraceError(
                f"Expected a loudness from {low:g} to {high:g} LUFS; got {self.loudness_lufs:g}. "
                "Try -16."
            )
        if not (math.isfinite(self.restraint) and self.restraint >= 0.0):
            raise MixtraceError(
                f"Expected a restraint of at least 0; got {self.restraint}. Try 0.1."
            )
