"""What compressors and gates of every kind are said to do."""

from mixtrace.processors.told import Heard, Said
from mixtrace.wording import percent, short_number

__all__ = ["IDLE_DB", "compression_words", "gating_words", "ratio_words", "taken_words"]

IDLE_DB = 0.5
"""Who takes less than this away is not heard to work."""

_LIMITER_SLOPE = -0.98
_STEADY_DB = 1.0
_FINE_DB = 1.5
_RARELY = 0.01


def ratio_words(slope: float) -> str:
    """Return a compressor's slope as the ratio it is known by.

    >>> ratio_words(-0.75), ratio_words(-1.2)
    ('4:1', 'inf:1 or beyond')
    """
    return "inf:1 or beyond" if slope <= _LIMITER_SLOPE else f"{short_number(1 / (1 + slope))}:1"


def compression_words(heard: Heard, doing: str, threshold_db: float) -> Said:
    """Return what a compressor takes away, or above which level it would.

    Args:
        heard: what was measured.
        doing: what it does, such as "compression at 4:1".
        threshold_db: where it begins.
    """
    taken = heard.reduction
    if not heard.measured:
        return Said((f"{doing} above {threshold_db:.0f} dB",))
    if taken is None or taken.most_db < IDLE_DB:
        return Said(doubts=("the compressor takes less than 0.5 dB away",))
    if taken.most_db - taken.least_db < _STEADY_DB and taken.least_db > _STEADY_DB:
        return Said((f"a compressor that takes a steady {taken.most_db:.0f} dB away",))
    return Said((f"about {taken_words(taken.most_db)} of {doing}",))


def taken_words(most_db: float) -> str:
    """Return how much is taken away, in whole dB where it is not little.

    >>> taken_words(1.24), taken_words(6.4)
    ('1.2 dB', '6 dB')
    """
    return f"{most_db:.0f} dB" if most_db >= _FINE_DB else f"{most_db:.1f} dB"


def gating_words(heard: Heard, threshold_db: float) -> Said:
    """Return how often a gate closes, or below which level it would."""
    taken, threshold = heard.reduction, f"below {threshold_db:.0f} dB"
    if not heard.measured:
        return Said((f"gated {threshold}",))
    if taken is None or taken.closed_share < _RARELY:
        return Said(doubts=("the gate hardly ever closes",))
    share = f"{percent(taken.closed_share)} of the time"
    return Said((f"gated {threshold} ({share}, by up to {taken.closed_db:.0f} dB)",))
