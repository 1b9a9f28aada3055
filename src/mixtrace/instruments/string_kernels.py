"""The loop of a plucked string."""

from jaxtyping import Float
from numpy import ndarray

from mixtrace.loops import ORDERED, compiled_with

__all__ = ["ring"]


@compiled_with(ORDERED)
def ring(line: Float[ndarray, " time"], whole: int, taps: Float[ndarray, " 3"]) -> None:
    """Let a delay line ring in place: y[n] = c0 y[n - N] + c1 y[n - N - 1] + c2 y[n - N - 2].

    Args:
        line: its first N + 2 samples are the pluck; the others are overwritten.
        whole: N.
        taps: c.
    """
    for n in range(whole + 2, len(line)):
        late = taps[0] * line[n - whole] + taps[1] * line[n - whole - 1]
        line[n] = late + taps[2] * line[n - whole - 2]
