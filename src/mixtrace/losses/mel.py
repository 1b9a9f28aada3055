"""Mel filters on the bins of a real FFT, as a matrix and packed band by band.

Slaney's mel scale (linear below 1 kHz, logarithmic above) and triangles of unit area, which is
what librosa calls its default. Source: M. Slaney, "Auditory Toolbox, version 2", Interval Research
Corporation, technical report 1998-010.
"""

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["MelBank", "mel_filters"]

_HZ_PER_MEL = 200.0 / 3.0
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _HZ_PER_MEL
_NEPER_PER_MEL = np.log(6.4) / 27.0


def mel_filters(
    sample_rate_hz: int,
    fft_samples: int,
    bands: int = 96,
    *,
    low_hz: float = 0.0,
    high_hz: float | None = None,
) -> Float[NDArray[np.float64], "band bin"]:
    """Return triangular mel filters.

    Args:
        sample_rate_hz: The rate of the audio.
        fft_samples: The FFT's length; there are fft_samples // 2 + 1 bins.
        bands: How many triangles, evenly spaced on the mel scale.
        low_hz: Where the first one begins.
        high_hz: Where the last one ends; None for half the sample rate.

    Returns:
        The weights in 1/Hz, [band, bin], each triangle of unit area. Where bins lie further apart
        than bands, a band can miss every bin: its weights are all zero.
    """
    bins_hz = np.arange(fft_samples // 2 + 1) * (sample_rate_hz / fft_samples)
    last_mel = _mel_from_hz(sample_rate_hz / 2.0 if high_hz is None else high_hz)
    edges_hz = _hz_from_mel(np.linspace(_mel_from_hz(low_hz), last_mel, bands + 2))
    begin_hz, centre_hz, end_hz = (edges_hz[i : i + bands, None] for i in range(3))
    rising = (bins_hz - begin_hz) / (centre_hz - begin_hz)
    falling = (end_hz - bins_hz) / (end_hz - centre_hz)
    return np.maximum(0.0, np.minimum(rising, falling)) * 2.0 / (end_hz - begin_hz)


class MelBank:
    """The mel filters of one resolution, as a matrix and as what compiled loops walk along.

    Bands without a bin are left out (at 30 kHz there is none): they have no logarithm.

    Attributes:
        extents: for compiled loops, the `first bin, bins, first weight` of each band.
        weights: the weights of one band after the other, without the zeros around them.
    """

    def __init__(
        self,
        sample_rate_hz: int,
        fft_samples: int,
        *,
        device: torch.device | str,
        dtype: torch.dtype,
    ) -> None:
        """Compute the filters of `fft_samples` at `sample_rate_hz` on `device`."""
        weights = mel_filters(sample_rate_hz, fft_samples)
        weights = weights[weights.any(axis=1)]
        self.bins = weights.shape[1]
        self._matrix = torch.tensor(weights.T.copy(), device=device, dtype=dtype)
        used = [np.flatnonzero(band) for band in weights]
        counts = [bins[-1] - bins[0] + 1 for bins in used]
        starts = np.cumsum([0, *counts[:-1]])
        self.extents = np.stack([[bins[0] for bins in used], counts, starts], 1).astype(np.uint64)
        inner = [band[bins[0] : bins[-1] + 1] for band, bins in zip(weights, used, strict=True)]
        self.weights = torch.from_numpy(np.concatenate(inner)).to(dtype).numpy()

    def bands(self, magnitudes: Float[Tensor, "*batch bin"]) -> Float[Tensor, "*batch band"]:
        """Return the mel spectra of magnitude spectra."""
        return magnitudes @ self._matrix


def _mel_from_hz(frequency_hz: float) -> float:
    if frequency_hz < _BREAK_HZ:
        return frequency_hz / _HZ_PER_MEL
    return _BREAK_MEL + float(np.log(frequency_hz / _BREAK_HZ)) / _NEPER_PER_MEL


def _hz_from_mel(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    above = _BREAK_HZ * np.exp(_NEPER_PER_MEL * (mel - _BREAK_MEL))
    return np.where(mel < _BREAK_MEL, mel * _HZ_PER_MEL, above)
