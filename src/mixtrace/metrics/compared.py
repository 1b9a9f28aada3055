"""What of two mixes is compared, and what is left out, in numbers and in a sentence."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from mixtrace.losses import WARM_UP_S

__all__ = ["Compared", "compared_parts"]

_ENDS_S = 0.1
"""How much of the target the features may leave out at each end before that is told: their frames
of 93 ms are no finer."""


@dataclass(frozen=True)
class Compared:
    """What of two mixes is compared.

    Attributes:
        target_s: The target's length.
        estimate_s: The estimate's length.
        features_s: From when to when features are taken, where the target sounds; None where it
            is silent.
        words: All of this in a sentence, with what is left out.
    """

    target_s: float
    estimate_s: float
    features_s: tuple[float, float] | None
    words: str


def compared_parts(
    *,
    target: Float[ndarray, "2 target_time"],
    estimate: Float[ndarray, "2 estimate_time"],
    sample_rate_hz: int,
    features_s: tuple[float, float] | None,
) -> Compared:
    """Return what is compared of two mixes of any lengths.

    Args:
        target: The mix to match, [2, time], before it was padded.
        estimate: The attempt, [2, time], before it was padded.
        sample_rate_hz: The rate of both.
        features_s: From when to when features are taken; None where the target is silent.
    """
    target_s, estimate_s = (each.shape[-1] / sample_rate_hz for each in (target, estimate))
    said = [_told_lengths(target_s, estimate_s)]
    heard_later = np.any(target[:, round(WARM_UP_S * sample_rate_hz) :])
    said.append(
        "L_a leaves out the first second"
        if heard_later
        else "L_a leaves out the first second, and nothing of the target sounds after it"
    )
    if features_s is not None and not _nearly_all(features_s, target_s, estimate_s):
        heard = "{:.2f} to {:.2f} s".format(*features_s)
        said.append(f"features are those of {heard}, where the target sounds")
    return Compared(target_s, estimate_s, features_s, f"{'; '.join(said)}.")


def _told_lengths(target_s: float, estimate_s: float) -> str:
    """Return how long both are, and what becomes of the end of the longer one.

    >>> _told_lengths(5.0, 3.0)
    'All 5.00 s are compared, and the estimate, which ends after 3.00 s, is silent from there on'
    """
    told = f"All {max(target_s, estimate_s):.2f} s are compared"
    if target_s == estimate_s:
        return told
    shorter = "target" if target_s < estimate_s else "estimate"
    ends_s = min(target_s, estimate_s)
    if f"{target_s:.2f}" == f"{estimate_s:.2f}":
        missing_ms = 1000.0 * abs(target_s - estimate_s)
        return f"{told}, and the {shorter}, which ends {missing_ms:.2g} ms earlier, is silent there"
    return f"{told}, and the {shorter}, which ends after {ends_s:.2f} s, is silent from there on"


def _nearly_all(features_s: tuple[float, float], target_s: float, estimate_s: float) -> bool:
    first_s, end_s = features_s
    return first_s <= _ENDS_S and end_s >= max(target_s, estimate_s) - _ENDS_S
