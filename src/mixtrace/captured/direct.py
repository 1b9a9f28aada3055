"""What a response does before any echo or tail comes: the curve of its direct part."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["direct_db", "direct_frequencies_hz"]

_PER_OCTAVE = 12
_LOWEST_HZ, _HIGHEST_HZ = 20.0, 20_000.0
_BEFORE_S, _AFTER_S = 0.005, 0.02
_FADE = 0.25  # of the direct part, at either end: a hard cut would ripple the curve
_FLOOR = 1e-12  # -120 dB


def direct_frequencies_hz(sample_rate_hz: int) -> tuple[float, ...]:
    """Return twelve frequencies an octave from 20 Hz to 20 kHz, below 0.45 of the rate."""
    highest = min(_HIGHEST_HZ, 0.45 * sample_rate_hz)
    count = int(_PER_OCTAVE * math.log2(highest / _LOWEST_HZ)) + 1
    return tuple(_LOWEST_HZ * 2 ** (k / _PER_OCTAVE) for k in range(count))


def direct_db(
    responses: Float[Tensor, "2 channel taps"], lead: int, arrival_s: float, sample_rate_hz: int
) -> Float[Tensor, "2 hz"]:
    """Return the gain in dB to left and right from 5 ms before to 20 ms after the arrival.

    The power of all of a track's channels is added; below some 40 Hz so short a part tells only
    the trend.

    Args:
        responses: of a track.
        lead: taps before time zero.
        arrival_s: when the strongest peak comes, re time zero.
        sample_rate_hz: the rate.
    """
    middle = lead + arrival_s * sample_rate_hz
    first = max(0, round(middle - _BEFORE_S * sample_rate_hz))
    last = min(responses.shape[-1], round(middle + _AFTER_S * sample_rate_hz) + 1)
    cut = responses[..., first:last].double()
    places = torch.arange(first, last, dtype=torch.float64)
    before = (places - first + 1) / (_FADE * _BEFORE_S * sample_rate_hz)
    after = (last - places) / (_FADE * _AFTER_S * sample_rate_hz)
    edge = torch.minimum(before, after).clamp(max=1.0)
    cut = cut * torch.sin(0.5 * math.pi * edge) ** 2
    hertz = torch.tensor(direct_frequencies_hz(sample_rate_hz), dtype=torch.float64)
    turns = torch.exp(-2j * math.pi * hertz[:, None] * places / sample_rate_hz)
    spectrum = torch.einsum("oct,ht->och", cut.to(turns.dtype), turns)
    power = spectrum.abs().square().sum(1)
    return (10.0 * torch.log10(power + _FLOOR)).float()
