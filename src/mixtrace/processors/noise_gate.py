"""Noise gate: turns the audio down while its level is below a threshold."""

from mixtrace.params import Exponential, ParamSpec
from mixtrace.processors.base import DynamicsProcessor
from mixtrace.processors.compressor import DETECTOR_PARAMS

__all__ = ["NoiseGate"]


class NoiseGate(DynamicsProcessor):
    """A downward expander; both channels share one gain.

    `slope` is the gain in dB for each dB below the threshold: 1 - ratio, so -3 is 1:4.

    Source: Lee et al. 2025, arXiv 2509.15948; equations in `dsp.dynamics`.
    """

    kind = "noise_gate"
    letter = "n"
    label = "gate"
    direction = -1
    params = (
        *DETECTOR_PARAMS,
        ParamSpec("slope", "dB/dB", -40.0, 0.0, 0.0, 0.0, Exponential(-2.0), (), "slope"),
    )
