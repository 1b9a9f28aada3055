"""A filter that makes every band of a mix count alike, as a logarithmic loss does.

Without it the bass decides a least-squares solve.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.captured.filtering import Filters

__all__ = ["Whitening", "whitening_of"]

_FRAME_SAMPLES = 16_384
_SMOOTHED_HZ = 60.0
_FLOOR = 1e-5  # of the strongest band's power: below it bands are left weak


@dataclass(frozen=True, eq=False)
class Whitening:
    """A zero-phase filter: the inverse root of the smoothed power spectrum of a mix.

    Attributes:
        gains: amplitude at evenly spaced frequencies from 0 to half the rate.
    """

    gains: Float[Tensor, " bin"]

    def apply(self, audio: Float[Tensor, "channel time"]) -> Float[Tensor, "channel time"]:
        """Return the audio filtered, channel by channel, as long as it was."""
        half = _FRAME_SAMPLES // 2
        taps = torch.fft.irfft(self.gains, _FRAME_SAMPLES).roll(half)
        filters = Filters.of(taps[None, None], half)
        return torch.cat([filters.summed(channel[None], 0, len(channel)) for channel in audio])


def whitening_of(mix: Float[Tensor, "2 time"], sample_rate_hz: int) -> Whitening:
    """Return the whitening of a mix.

    Args:
        mix: any length; its power is averaged over channels and over frames of 16,384 samples.
        sample_rate_hz: its rate.
    """
    short = max(0, _FRAME_SAMPLES - mix.shape[-1])
    padded = torch.nn.functional.pad(mix, (0, short))
    frames = padded.unfold(-1, _FRAME_SAMPLES, _FRAME_SAMPLES // 2)
    taper = torch.hann_window(_FRAME_SAMPLES)
    power = torch.fft.rfft(frames * taper).abs().square().mean((0, 1))
    reach = max(1, round(_SMOOTHED_HZ * _FRAME_SAMPLES / sample_rate_hz))
    kernel = torch.hann_window(2 * reach + 2, periodic=False)[1:-1]
    kernel = kernel / kernel.sum()
    around = (len(kernel) // 2, len(kernel) - 1 - len(kernel) // 2)
    padded_power = torch.nn.functional.pad(power[None, None], around, mode="reflect")
    smooth = torch.nn.functional.conv1d(padded_power, kernel[None, None])[0, 0]
    return Whitening((smooth + _FLOOR * smooth.max().clamp(min=1e-20)).rsqrt())
