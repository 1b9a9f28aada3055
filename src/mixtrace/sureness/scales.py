"""The scale on which a setting is turned and its interval lies: values, or their ratios."""

import math
from dataclasses import dataclass

from mixtrace.params import ParamSpec

__all__ = ["NINE_TENTHS", "Scale", "scale_of"]

NINE_TENTHS = 1.645
"""Standard deviations either way of the middle that hold 90 % of a normal distribution."""


_LEAST_WET = 1e-4  # -80 dB, and where a descent keeps weights


@dataclass(frozen=True)
class Scale:
    """A range, and whether equal ratios are equal steps in it.

    Attributes:
        low, high: its ends.
        by_ratio: whether they are; frequencies, times and ratios are turned like that.
    """

    low: float
    high: float
    by_ratio: bool

    def place(self, value: float) -> float:
        """Return where a value stands: itself, or its natural logarithm."""
        return math.log(max(value, self.low)) if self.by_ratio else value

    def value(self, place: float) -> float:
        """Return the value at a place, kept within the range."""
        place = min(max(place, self.place(self.low)), self.place(self.high))
        value = math.exp(place) if self.by_ratio else place
        return min(max(value, self.low), self.high)

    def between(self, share: float) -> float:
        """Return the value that stands a share of the way from low to high."""
        low, high = self.place(self.low), self.place(self.high)
        return self.value(low + share * (high - low))


def scale_of(spec: ParamSpec | None) -> Scale:
    """Return the scale of a parameter that has one range; None is a dry/wet weight."""
    if spec is None:
        return Scale(_LEAST_WET, 1.0, True)
    assert isinstance(spec.low, float | int) and isinstance(spec.high, float | int)
    return Scale(float(spec.low), float(spec.high), spec.low > 0.0)
