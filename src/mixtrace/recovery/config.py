"""What a user chooses for a recovery, and the numbers that decide what comes out."""

import math
from dataclasses import dataclass, field

from mixtrace.descent import Recipe
from mixtrace.errors import MixtraceError

__all__ = ["RecoveryConfig", "RecoveryRecipe"]

_LARGEST_SEED = 2**63 - 1
_MOST_STEPS = 1_000_000


@dataclass(frozen=True)
class RecoveryRecipe:
    """Every number that decides what comes out.

    Attributes:
        steps: of the descent on L_a, from what was read.
        settle_steps: of the one after what is not needed has left.
        worth: by how much L_a has to rise without a processor for it to stay.
        descent: rates and windows of both.
    """

    steps: int = 150
    settle_steps: int = 40
    worth: float = 0.0015
    descent: Recipe = field(default_factory=lambda: Recipe(pace=0.7))


@dataclass(frozen=True)
class RecoveryConfig:
    """What a user chooses.

    Attributes:
        steps: of the descent; None for the recipe's.
        worth: by how much L_a has to rise without a processor for it to stay; None for the
            recipe's.
        seed: of the order of windows.
    """

    steps: int | None = None
    worth: float | None = None
    seed: int = 0

    def resolve(self) -> RecoveryRecipe:
        """Return the recipe with this configuration's numbers.

        Raises:
            MixtraceError: a number is out of range.
        """
        for name, value, high in (
            ("seed", self.seed, _LARGEST_SEED),
            ("number of steps", self.steps, _MOST_STEPS),
        ):
            if value is not None and not 0 <= value <= high:
                raise MixtraceError(f"Expected a {name} from 0 to {high}; got {value}.")
        if self.worth is not None and not (math.isfinite(self.worth) and self.worth >= 0.0):
            raise MixtraceError(
                f"Expected a tolerance of at least 0; got {self.worth}. Try 0.0015."
            )
        usual = RecoveryRecipe()
        return RecoveryRecipe(
            usual.steps if self.steps is None else self.steps,
            usual.settle_steps if self.steps is None else min(usual.settle_steps, self.steps),
            usual.worth if self.worth is None else self.worth,
        )
