"""Where a track sounds: what is read of it elsewhere in the spectrum is a guess."""

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.captured.channels import Channels

__all__ = ["as_heard", "sounding", "sounding_at"]

_FRAME = 1024
_AT_ONCE = 1024  # frames


def sounding(dry: Channels) -> Float[Tensor, " bin"]:
    """Return the mean power of a whitened track in 513 bands up to half the rate, 1 at most.

    Frames of 1,024 samples under Hann windows, one after the other; all channels together.
    """
    taper = torch.hann_window(_FRAME)
    power = torch.zeros(_FRAME // 2 + 1, dtype=torch.float64)
    for begin in range(0, dry.time, _FRAME * _AT_ONCE):
        count = min(_AT_ONCE, -(-(dry.time - begin) // _FRAME))
        frames = dry.part(begin, begin + count * _FRAME).unflatten(-1, (count, _FRAME))
        power += torch.fft.rfft(frames * taper).abs().square().sum((0, 1))
    return (power / power.max().clamp(min=1e-30)).float()


def sounding_at(
    power: Float[Tensor, " bin"], frequencies_hz: Float[Tensor, " hz"], sample_rate_hz: float
) -> Float[Tensor, " hz"]:
    """Return the power at some frequencies, on lines between the bands."""
    place = (frequencies_hz / (0.5 * sample_rate_hz) * (len(power) - 1)).clamp(0, len(power) - 1)
    below = place.long().clamp(max=len(power) - 2)
    return torch.lerp(power[below], power[below + 1], (place - below).to(power.dtype))


def as_heard(
    responses: Float[Tensor, "2 channel taps"], power: Float[Tensor, " bin"]
) -> Float[Tensor, "2 channel taps"]:
    """Return responses under the spectrum of their track, without phase: what a mix tells of them.

    Args:
        responses: of a track.
        power: where it sounds.
    """
    taps = responses.shape[-1]
    bins = torch.linspace(0.0, 1.0, taps + 1)
    amplitude = sounding_at(power, bins, 2.0).sqrt()
    return torch.fft.irfft(torch.fft.rfft(responses, 2 * taps) * amplitude, 2 * taps)[..., :taps]
