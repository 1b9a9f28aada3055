"""Compressor: turns the audio down while its level is above a threshold."""

from mixtrace.params import Affine, Exponential, Logistic, ParamSpec, PoleTime
from mixtrace.processors.base import DESIGN_RATE_HZ, DynamicsProcessor
from mixtrace.units import DB_PER_NEPER_OF_ENERGY

__all__ = ["DETECTOR_PARAMS", "Compressor"]

DETECTOR_PARAMS = (
    ParamSpec(
        "threshold_db",
        "dB",
        -60.0,
        20.0,
        None,
        0.0,
        Affine(DB_PER_NEPER_OF_ENERGY, -6.0 * DB_PER_NEPER_OF_ENERGY),
        (),
        "threshold",
    ),
    ParamSpec(
        "knee_db", "dB", 0.1, 60.0, None, 0.0, Exponential(DB_PER_NEPER_OF_ENERGY), (), "knee"
    ),
    ParamSpec("time_ms", "ms", 0.01, 3300.0, None, 0.0, PoleTime(DESIGN_RATE_HZ), (), "time"),
)
"""What compressor and gate share: a level in dB of mean square, a knee width, a smoothing time."""


class Compressor(DynamicsProcessor):
    """A feed-forward compressor; both channels share one gain.

    `slope` is the gain in dB for each dB above the threshold: 1 / ratio - 1, so -0.75 is 4:1, -1 is
    a limiter, and below -1 louder comes out softer. The published ratio r is applied to energies,
    which makes its slope 2 (1 / r - 1).

    Source: Lee et al. 2025, arXiv 2509.15948; equations in `dsp.dynamics`.
    """

    kind = "compressor"
    letter = "c"
    label = "compressor"
    direction = 1
    params = (
        *DETECTOR_PARAMS,
        ParamSpec("slope", "dB/dB", -2.0, 0.0, 0.0, 0.0, Logistic(-2.0), (), "slope"),
    )
