"""What a mix sounds like, whatever is played: levels, width, place and tone, and a loss on them.

Two mixes of different songs can be compared by nothing else than such features. Five of them, of
left and right where not said otherwise:

    RMS level        sqrt(mean x²)                                               weight 0.1
    crest factor     20 log10(peak / RMS), in dB                                        0.001
    stereo width     mean (l - r)² / mean (l + r)²                                      1
    stereo balance   (mean r² - mean l²) / (mean r² + mean l²)                          1
    Bark spectrum    log of 24 bands of the mean magnitude of mid and of side           0.1

The loss is the sum over features of weight times mean squared difference.

Source: S. S. Vanka, C. Steinmetz, J.-B. Rolland, J. Reiss, G. Fazekas, "Diff-MST: Differentiable
Mixing Style Transfer", ISMIR 2024, eqs. (3) to (8). The bands are triangles whose corners lie at
equal distances between 20 Hz and 20 kHz on H. Traunmüller's scale, JASA 88(1), 1990, eq. (6).
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.errors import AudioError

__all__ = [
    "FEATURES",
    "WEIGHTS",
    "AudioFeatures",
    "FeatureMeter",
    "band_centres_hz",
    "feature_distances",
]

WEIGHTS = {"rms": 0.1, "crest": 0.001, "width": 1.0, "balance": 1.0, "bark": 0.1}
"""Of the squared differences of each feature."""

FEATURES = tuple(WEIGHTS)

_FFT_S = 32_768 / 44_100
_BANDS = 24
_LOWEST_HZ, _HIGHEST_HZ = 20.0, 20_000.0
_POWER_FLOOR = 1e-10  # -100 dB: digital silence has a level, too
_BAND_FLOOR = 1e-8


@dataclass(frozen=True)
class AudioFeatures:
    """The features of some audio.

    Attributes:
        rms: of left and right, full scale 1, [*batch, 2].
        crest: of left and right in dB, [*batch, 2].
        width: side over mid, a ratio of powers, [*batch].
        balance: -1 all left to 1 all right, [*batch].
        bark: natural logarithms, of mid and side, [*batch, 2, 24].
    """

    rms: Float[Tensor, "*batch 2"]
    crest: Float[Tensor, "*batch 2"]
    width: Float[Tensor, "*batch"]
    balance: Float[Tensor, "*batch"]
    bark: Float[Tensor, "*batch 2 24"]

    @classmethod
    def mean(cls, several: Sequence["AudioFeatures"]) -> "AudioFeatures":
        """Return the mean of each feature over several pieces of audio."""
        return cls(
            *(torch.stack([getattr(f, e.name) for f in several]).mean(0) for e in fields(cls))
        )

    def louder(self, gain: Tensor) -> "AudioFeatures":
        """Return those of the same audio at another gain, where that is well above the floors."""
        return AudioFeatures(
            self.rms * gain, self.crest, self.width, self.balance, self.bark + gain.log()
        )

    def moved(self, start: "AudioFeatures", end: "AudioFeatures") -> "AudioFeatures":
        """Return these with what `end` has more than `start` added."""
        own, first, last = (
            [getattr(each, e.name) for e in fields(self)] for each in (self, start, end)
        )
        return AudioFeatures(*(o + b - a for o, a, b in zip(own, first, last, strict=True)))


class FeatureMeter:
    """Measures the features of audio of one sample rate."""

    def __init__(self, sample_rate_hz: int) -> None:
        """Compute the window and the bands.

        Args:
            sample_rate_hz: the rate of all audio.
        """
        self._fft_samples = 2 ** round(np.log2(_FFT_S * sample_rate_hz))
        self._window = torch.hann_window(self._fft_samples)
        self._bands = torch.from_numpy(_bark_bands(sample_rate_hz, self._fft_samples)).float()

    @property
    def shortest_samples(self) -> int:
        """How long audio has to be."""
        return self._fft_samples

    def __call__(self, stereo: Float[Tensor, "*batch 2 time"]) -> AudioFeatures:
        """Return the features; differentiable.

        Args:
            stereo: left and right, full scale 1.

        Raises:
            AudioError: it is shorter than a transform, 0.74 s at 44.1 kHz.
        """
        if stereo.shape[-1] < self.shortest_samples:
            raise AudioError(
                f"Expected audio of at least {self.shortest_samples} samples; got "
                f"{stereo.shape[-1]}. Use a longer piece."
            )
        power = stereo.square().mean(-1) + _POWER_FLOOR
        rms = power.sqrt()
        peak = stereo.abs().amax(-1).clamp(min=_POWER_FLOOR**0.5)
        left, right = stereo.unbind(-2)
        mid, side = left + right, left - right
        width = (side.square().mean(-1) + _POWER_FLOOR) / (mid.square().mean(-1) + _POWER_FLOOR)
        balance = (power[..., 1] - power[..., 0]) / power.sum(-1)
        bands = self._magnitudes(torch.stack([mid, side], -2)) @ self._bands
        return AudioFeatures(
            rms, 20.0 * torch.log10(peak / rms), width, balance, (bands + _BAND_FLOOR).log()
        )

    def _magnitudes(self, audio: Float[Tensor, "*batch 2 time"]) -> Float[Tensor, "*batch 2 bin"]:
        """Return the magnitudes of all transforms that lie within the audio, their mean."""
        frames = audio.unfold(-1, self._fft_samples, self._fft_samples // 4)
        spectra = torch.fft.rfft(frames * self._window)
        return (torch.view_as_real(spectra).square().sum(-1) + _POWER_FLOOR).sqrt().mean(-2)


def feature_distances(target: AudioFeatures, estimate: AudioFeatures) -> dict[str, Tensor]:
    """Return weight times mean squared difference, by feature; their sum is the loss.

    Args:
        target: of the audio to be like.
        estimate: of ours, in the same shape.
    """
    return {
        name: weight * (getattr(target, name) - getattr(estimate, name)).square().mean()
        for name, weight in WEIGHTS.items()
    }


def band_centres_hz() -> Float[np.ndarray, " 24"]:
    """Return where the bands have their tops."""
    barks = _corners()[1:-1]
    return 1960.0 * (barks + 0.53) / (26.28 - barks)


def _bark_bands(sample_rate_hz: int, fft_samples: int) -> Float[np.ndarray, "bin 24"]:
    """Return triangles over the bins of a transform, one at their tops."""
    corners = _corners()
    places = _bark(np.fft.rfftfreq(fft_samples, 1.0 / sample_rate_hz))[:, None]
    low, top, high = corners[:-2], corners[1:-1], corners[2:]
    rising, falling = (places - low) / (top - low), (high - places) / (high - top)
    return np.clip(np.minimum(rising, falling), 0.0, None)


def _corners() -> Float[np.ndarray, " 26"]:
    """Return where the triangles begin, have their tops, and end."""
    low, high = _bark(np.array([_LOWEST_HZ, _HIGHEST_HZ]))
    return np.linspace(low, high, _BANDS + 2)


def _bark(frequency_hz: np.ndarray) -> np.ndarray:
    """Return a frequency on Traunmüller's scale."""
    return 26.81 * frequency_hz / (1960.0 + frequency_hz) - 0.53
