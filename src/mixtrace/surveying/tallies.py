"""What grows while songs are read one by one: single numbers, and curves in narrow steps.

Single numbers are kept as they are, four bytes each: those of 10,000 songs take some tens of
megabytes. Of curves only counts in steps are kept, whose size does not depend on the songs.
"""

from array import array
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

__all__ = ["CurveTally", "Numbers", "Spread"]

_QUANTILES = (5.0, 25.0, 50.0, 75.0, 95.0)


@dataclass(frozen=True)
class Spread:
    """How numbers are spread.

    Attributes:
        count: how many there are.
        mean, deviation: mean and standard deviation (of the population).
        low, lower, median, upper, high: their 5th, 25th, 50th, 75th and 95th percentiles.
        least, most: the smallest and the largest.
    """

    count: int
    mean: float
    deviation: float
    low: float
    lower: float
    median: float
    upper: float
    high: float
    least: float
    most: float


class Numbers:
    """Numbers of one meaning, one by one; what is not finite is left out."""

    def __init__(self) -> None:
        """Begin with none."""
        self._held = array("f")

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._held)

    def add(self, values: Float[np.ndarray, " value"]) -> None:
        """Add some."""
        self._held.frombytes(values[np.isfinite(values)].astype(np.float32).tobytes())

    @property
    def values(self) -> Float[np.ndarray, " value"]:
        """All of them, in the order in which they came."""
        return np.array(self._held, np.float64)

    def spread(self) -> Spread | None:
        """Return how they are spread; None where there are none."""
        if not self._held:
            return None
        values = self.values
        low, lower, median, upper, high = np.percentile(values, _QUANTILES).tolist()
        return Spread(
            len(values),
            float(values.mean()),
            float(values.std()),
            *(low, lower, median, upper, high),
            *(float(values.min()), float(values.max())),
        )


class CurveTally:
    """Curves over the same places, told by their mean and quartiles.

    Quartiles are read from counts in steps of an eighth of a dB, between the two ends; what lies
    beyond counts at the end. Means are exact.
    """

    STEP_DB = 0.125
    MOST_DB = 48.0

    def __init__(self, places: int) -> None:
        """Begin with no curve over some places."""
        self._counts = np.zeros((places, round(2.0 * self.MOST_DB / self.STEP_DB) + 1), np.int32)
        self._sum = np.zeros(places)
        self.count = 0

    def add(self, curves_db: Float[np.ndarray, "curve place"]) -> None:
        """Add curves, in dB; one with a value that is not finite is left out."""
        sound = curves_db[np.isfinite(curves_db).all(1)]
        steps = np.rint((sound + self.MOST_DB) / self.STEP_DB).astype(int)
        steps = np.clip(steps, 0, self._counts.shape[1] - 1)
        places = np.broadcast_to(np.arange(steps.shape[1]), steps.shape)
        np.add.at(self._counts, (places, steps), 1)
        self._sum += sound.sum(0)
        self.count += len(sound)

    @property
    def mean_db(self) -> Float[np.ndarray, " place"]:
        """The mean at each place."""
        return self._sum / max(self.count, 1)

    def quantile_db(self, share: float) -> Float[np.ndarray, " place"]:
        """Return the smallest step at or below which at least this share of the curves lies."""
        reached = np.cumsum(self._counts, 1) >= max(share * self.count, 1.0)
        return reached.argmax(1) * self.STEP_DB - self.MOST_DB
