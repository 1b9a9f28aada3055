"""Reverb: two seconds of noise that starts and decays differently in every frequency band."""

from functools import cache

import torch
from torch import Tensor

from mixtrace.dsp import decaying_noise, resample_taps, uniform_noise_stft, unit_energy
from mixtrace.params import Affine, DecayTime, ParamSpec
from mixtrace.processors.base import DESIGN_RATE_HZ, FilterProcessor, ImpulseResponse, Values
from mixtrace.units import DB_PER_NEPER

__all__ = ["Reverb"]

_LENGTH = 60_000
_WINDOW = 384
_HOP = _WINDOW // 2
_BINS = _WINDOW // 2 + 1
_FRAME_S = _HOP / DESIGN_RATE_HZ
_SLOWNESS = 8.0
_SEED = 0


class Reverb(FilterProcessor):
    """Uniform noise for mid and side under exp(initial + frame decay) per STFT bin.

    Mid and side responses become left and right ones (sum and difference), scaled to unit energy
    (mean over the channels, at 30 kHz); each channel is convolved with its own. The neutral setting
    is a dry/wet weight of zero. Nothing sounds above 15 kHz.

    Source: Lee et al. 2025, arXiv 2509.15948; the division of the exponent by 8 is that of the
    reference implementation.
    """

    kind = "reverb"
    letter = "r"
    label = "reverb"
    widens = True
    params = (
        ParamSpec(
            "initial_db",
            "dB",
            -120.0,
            60.0,
            None,
            0.0,
            Affine(DB_PER_NEPER / _SLOWNESS),
            (2, _BINS),
            "initial level (mid, side)",
        ),
        ParamSpec(
            "rt60_s",
            "s",
            0.005,
            60.0,
            None,
            0.0,
            DecayTime(_FRAME_S, _SLOWNESS),
            (2, _BINS),
            "decay time (mid, side)",
        ),
    )

    def impulse_response(self, values: Values, sample_rate_hz: float) -> ImpulseResponse:
        """Return two seconds of decaying noise for each channel."""
        initial = values["initial_db"] / DB_PER_NEPER
        decay = -60.0 * _FRAME_S / DB_PER_NEPER / values["rt60_s"]
        mid, side = decaying_noise(_noise(initial.device), initial, decay, _LENGTH).unbind(1)
        taps = unit_energy(torch.stack([mid + side, mid - side], 1))
        return ImpulseResponse(resample_taps(taps, DESIGN_RATE_HZ, sample_rate_hz), 0)

    def extent(self, sample_rate_hz: float) -> tuple[int, int]:
        """Return no lead and two seconds of tail."""
        return 0, round(_LENGTH * sample_rate_hz / DESIGN_RATE_HZ)


@cache
def _noise(device: torch.device) -> Tensor:
    """Return the fixed noise, made once a device."""
    noise = uniform_noise_stft(channels=2, length=_LENGTH, window_length=_WINDOW, seed=_SEED)
    return noise.to(device)
