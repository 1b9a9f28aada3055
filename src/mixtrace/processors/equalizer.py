"""Equalizer: a zero-phase filter drawn as a curve, the same on both channels."""

import torch

from mixtrace.dsp import resampled_grid, zero_phase_taps
from mixtrace.params import Affine, ParamSpec
from mixtrace.processors.base import DESIGN_RATE_HZ, FilterProcessor, ImpulseResponse, Values
from mixtrace.units import DB_PER_NEPER

__all__ = ["Equalizer", "equalizer_frequencies"]

_BINS = 1024
_FREQUENCY_STEP_HZ = DESIGN_RATE_HZ / (2 * _BINS - 1)


def equalizer_frequencies() -> torch.Tensor:
    """Return the frequencies in Hz of the equalizer's curve, [bin]."""
    return torch.arange(_BINS) * _FREQUENCY_STEP_HZ


class Equalizer(FilterProcessor):
    """A 2047-tap zero-phase filter from 1024 magnitudes (at 30 kHz; the same curve at any rate).

    Source: Lee et al. 2025, arXiv 2509.15948. Above 15 kHz the last magnitude is held.
    """

    kind = "equalizer"
    letter = "e"
    label = "EQ"
    widens = False
    params = (
        ParamSpec(
            "magnitude_db", "dB", -80.0, 40.0, 0.0, 0.0, Affine(DB_PER_NEPER), (_BINS,), "curve"
        ),
    )

    def impulse_response(self, values: Values, sample_rate_hz: float) -> ImpulseResponse:
        """Return the filter of every node, one response for both channels."""
        log_magnitude = resampled_grid(
            values["magnitude_db"] / DB_PER_NEPER, DESIGN_RATE_HZ, sample_rate_hz
        )
        taps = zero_phase_taps(log_magnitude)
        return ImpulseResponse(taps[:, None], taps.shape[-1] // 2)

    def extent(self, sample_rate_hz: float) -> tuple[int, int]:
        """Return half the taps on each side."""
        half = round((2 * _BINS - 1) * sample_rate_hz / DESIGN_RATE_HZ / 2 + 0.5) - 1
        return half, half
