"""What a network sees of audio: how loud 80 bands are, every 25 ms, left and right."""

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.losses import mel_filters

__all__ = ["BANDS", "LogMel"]

BANDS = 80
_FRAME_S, _HOP_S = 0.05, 0.025
_LOW_HZ, _HIGH_HZ = 20.0, 20_000.0
_FLOOR = 1e-5  # amplitude: -100 dB, below the noise of a 16-bit file in any band
_MIDDLE_DB, _SPAN_DB = -60.0, 30.0
"""Music lies around the first by about the second: a network learns from numbers around 0."""


class LogMel:
    """Mel spectra in dB of frames of 50 ms, by 25 ms.

    The bands go from 20 Hz to 20 kHz, or to half the rate where that is less: at the 30 kHz of L_a
    they end at 15 kHz. A full-scale sine has 0 dB.

    Source: the frames and bands are those of Zhou et al. 2024.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        """Compute window and filters at a rate."""
        self.frame = round(_FRAME_S * sample_rate_hz)
        self.hop = round(_HOP_S * sample_rate_hz)
        window = torch.hann_window(self.frame)
        self._window = window / (0.5 * window.sum())
        high_hz = min(_HIGH_HZ, 0.5 * sample_rate_hz)
        weights = mel_filters(sample_rate_hz, self.frame, BANDS, low_hz=_LOW_HZ, high_hz=high_hz)
        sums = weights.sum(1, keepdims=True)
        self._bank = torch.tensor(weights / sums.clip(min=1e-12)).float().T

    def frames(self, samples: int) -> int:
        """Return how many whole frames lie in so many samples."""
        return max(0, 1 + (samples - self.frame) // self.hop)

    def __call__(
        self, audio: Float[Tensor, "signal _channel time"]
    ) -> Float[Tensor, "signal 2 frame 80"]:
        """Return the spectra of signals, those of a mono one twice."""
        stereo = audio.expand(-1, 2, -1)
        frames = stereo.unfold(-1, self.frame, self.hop)
        magnitudes = torch.fft.rfft(frames * self._window).abs()
        level_db = 20.0 * torch.log10(magnitudes @ self._bank + _FLOOR)
        return (level_db - _MIDDLE_DB) / _SPAN_DB
