"""Multitap delay: for each channel one coloured echo in every 100 ms of two seconds."""

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp import place_taps, resampled_grid, unit_energy, zero_phase_taps
from mixtrace.params import Affine, ParamSpec, TapPosition
from mixtrace.processors.base import DESIGN_RATE_HZ, FilterProcessor, ImpulseResponse, Values
from mixtrace.units import DB_PER_NEPER

__all__ = ["SLOT_S", "MultitapDelay"]

_SLOTS = 20
SLOT_S = 0.1
_BINS = 20


class MultitapDelay(FilterProcessor):
    """Twenty taps a channel, each in its own 100 ms, each through a 39-tap zero-phase filter.

    The response is scaled to unit energy (mean over the channels) at 30 kHz. The neutral setting
    is a dry/wet weight of zero.

    Source: Lee et al. 2025, arXiv 2509.15948.
    """

    kind = "multitap_delay"
    letter = "d"
    label = "delay"
    widens = True
    params = (
        ParamSpec(
            "taps",
            "s into the slot, sharpness",
            (0.0, 0.0),
            (SLOT_S, 1.0),
            None,
            0.0,
            TapPosition(SLOT_S),
            (2, _SLOTS, 2),
            "taps",
        ),
        ParamSpec(
            "color_db",
            "dB",
            -80.0,
            40.0,
            None,
            0.0,
            Affine(DB_PER_NEPER),
            (2, _SLOTS, _BINS),
            "color",
        ),
    )

    def impulse_response(self, values: Values, sample_rate_hz: float) -> ImpulseResponse:
        """Return two seconds of coloured taps for each channel."""
        taps = self._taps(values, DESIGN_RATE_HZ)
        if sample_rate_hz == DESIGN_RATE_HZ:
            return ImpulseResponse(unit_energy(taps), 0)
        energy = taps.square().sum(-1, keepdim=True).mean(1, keepdim=True)
        return ImpulseResponse(self._taps(values, sample_rate_hz) / torch.sqrt(energy + 1e-12), 0)

    def extent(self, sample_rate_hz: float) -> tuple[int, int]:
        """Return no lead and two seconds of tail."""
        return 0, _SLOTS * round(SLOT_S * sample_rate_hz)

    def _taps(self, values: Values, sample_rate_hz: float) -> Float[Tensor, "node 2 time"]:
        offset_s, sharpness = values["taps"].unbind(-1)
        color = resampled_grid(values["color_db"] / DB_PER_NEPER, DESIGN_RATE_HZ, sample_rate_hz)
        slot_samples = round(SLOT_S * sample_rate_hz)
        slots = place_taps(offset_s / SLOT_S, sharpness, zero_phase_taps(color), slot_samples)
        return slots.flatten(-2)
