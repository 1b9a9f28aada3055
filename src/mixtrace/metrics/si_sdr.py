"""The scale-invariant signal-to-distortion ratio."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

__all__ = ["si_sdr_db"]

_MOST_DB = 120.0
"""Of an exact match, whose ratio is infinite; samples of single precision tell no more."""


def si_sdr_db(
    *, target: Float[ndarray, "channel time"], estimate: Float[ndarray, "channel time"]
) -> float | None:
    """Return how much of an estimate is the target, at whatever gain, over all else in it, in dB.

    With the mean of each signal taken out, s the target, e the estimate and a = <e, s> / <s, s>,
    it is 10 log10(|a s|² / |a s - e|²): the mean over the channels in which both sound.

    Args:
        target: The mix to match, [channel, time].
        estimate: As long as the target.

    Returns:
        The ratio within ±120 dB; None where there is no channel in which both sound.

    Source: J. Le Roux et al., SDR - half-baked or well done?, 2019, equation (5).
    """
    ratios_db = []
    for s, e in zip(target, estimate, strict=True):
        s, e = (x.astype(np.float64) - x.mean(dtype=np.float64) for x in (s, e))
        if not s.any() or not e.any():
            continue
        wanted = (e @ s) / (s @ s) * s
        signal, rest = float(wanted @ wanted), float(np.square(wanted - e).sum())
        ratio_db = 10.0 * np.log10(signal / rest) if signal > 0.0 and rest > 0.0 else None
        exact_db = _MOST_DB if rest == 0.0 else -_MOST_DB
        ratios_db.append(
            exact_db if ratio_db is None else float(np.clip(ratio_db, -_MOST_DB, _MOST_DB))
        )
    return float(np.mean(ratios_db)) if ratios_db else None
