"""What an engineer would read off a track's filters: gain, delay, pan and EQ.

A filter to one side is taken for a gain, a delay and an equalizer in series, and only where the
track sounds: with S(f) its power spectrum,

    gain^2 = sum |H|^2 S / sum S over all frequencies,    the same over an octave / gain^2 = EQ^2,

and the delay is where the filtered track is most like the track: the largest magnitude among
sum H S e^(i 2 pi f t); its sign is the polarity. Both sides together give the level and the pan of
a fader, by the law of the processor `fader`. Of a gain alone all this is exact.
"""

import math
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.captured.channels import Channels
from mixtrace.units import db_from_ratio

__all__ = ["OCTAVES_HZ", "filter_readings", "power_spectra"]

OCTAVES_HZ = (62.5, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)
"""Centres of the bands of the equalizer; those that reach beyond half the rate are left out."""

_FINE = 4  # points of a spectrum for each tap
_LEAST_POINTS = 2048  # so that the lowest octave has a few bins
_SILENT = 1e-20
_HEARD = 1e-8  # of a track's energy: an octave with less (-80 dB) has no reading


def power_spectra(dry: Channels, order: int) -> Float[Tensor, "input bin"]:
    """Return the power spectra of channels, at the frequencies that readings of an order take."""
    points = max(_FINE * order, _LEAST_POINTS)
    window = torch.hann_window(points, dtype=torch.float64)
    total = torch.zeros((len(dry), points // 2 + 1), dtype=torch.float64)
    for begin in range(0, dry.time, points // 2):
        audio = dry.part(begin, begin + points).double()
        total += torch.fft.rfft(audio * window).abs().square()
    return total


def filter_readings(
    filters: Float[Tensor, "2 _input order"],
    spectra: Float[Tensor, "_input bin"],
    sample_rate_hz: int,
) -> dict[str, Any]:
    """Return the readings of a track's filters; JSON as they are.

    Args:
        filters: from the track's channels to left and right. Of a stereo track each side is read
            from its own channel; what crosses over is not told.
        spectra: power of the same channels, see `power_spectra`.
        sample_rate_hz: the rate.

    Returns:
        `level_db` and `pan` (-1 left to 1 right); `left` and `right`, each with its `gain_db`,
        `delay_ms` and `polarity`; and `eq_db`, of both sides' mean power in octaves relative to the
        level, by the centre of each in Hz, where the track sounds.
    """
    points = 2 * (spectra.shape[-1] - 1)
    own = torch.stack((filters[0, 0], filters[1, -1])).double()
    heard = torch.stack((spectra[0], spectra[-1]))
    response = torch.fft.rfft(own, points)
    leaving, entering = (response.abs().square() * heard).numpy(), heard.numpy()
    squares = leaving.sum(1) / np.maximum(entering.sum(1), _SILENT)
    mean = float(squares.mean())
    left, right = np.sqrt(squares).tolist()
    likeness = torch.fft.irfft(response * heard, points)[:, : own.shape[-1]]
    return {
        "level_db": _db(mean),
        "pan": round(4.0 / math.pi * math.atan2(right, left) - 1.0, 4) if mean > _SILENT else 0.0,
        "left": _side(likeness[0], left, sample_rate_hz),
        "right": _side(likeness[1], right, sample_rate_hz),
        "eq_db": _octaves_db(leaving.sum(0), entering.sum(0), mean, sample_rate_hz),
    }


def _side(likeness: Float[Tensor, " lag"], gain: float, sample_rate_hz: int) -> dict[str, float]:
    best = int(likeness.abs().argmax())
    return {
        "gain_db": _db(gain**2),
        "delay_ms": 1000.0 * best / sample_rate_hz,
        "polarity": -1 if float(likeness[best]) < 0.0 else 1,
    }


def _octaves_db(
    leaving: Float[np.ndarray, " bin"],
    entering: Float[np.ndarray, " bin"],
    mean: float,
    sample_rate_hz: int,
) -> dict[str, float]:
    """Return the gains in octaves where something enters, in dB of the mean."""
    grid_hz = np.linspace(0.0, sample_rate_hz / 2.0, len(entering))
    octaves = np.log2(np.maximum(grid_hz, 1.0))
    found = {}
    for centre_hz in OCTAVES_HZ:
        inside = np.abs(octaves - math.log2(centre_hz)) <= 0.5
        whole = centre_hz * math.sqrt(2.0) <= sample_rate_hz / 2.0
        if whole and entering[inside].sum() > _HEARD * entering.sum():
            gain = leaving[inside].sum() / entering[inside].sum()
            found[f"{centre_hz:g}"] = _db(float(gain) / max(mean, _SILENT))
    return found


def _db(energy_ratio: float) -> float:
    return round(db_from_ratio(math.sqrt(energy_ratio)), 4)
