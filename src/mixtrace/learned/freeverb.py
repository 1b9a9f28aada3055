"""How a Freeverb, which the engines of others have, is set to a decay time."""

__all__ = ["comb_feedback"]

_COMB_S = 0.031
"""Mean length of its eight combs; each multiplies by its feedback in this time."""


def comb_feedback(decay_s: float) -> float:
    """Return the feedback at which the combs fall by 60 dB in a time.

    >>> round(comb_feedback(0.031), 4), round(comb_feedback(2.0), 2)
    (0.001, 0.9)
    """
    return 10.0 ** (-3.0 * _COMB_S / decay_s)
