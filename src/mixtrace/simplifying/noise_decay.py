"""Decaying noise with a decay in every bin as a reverb with six decay times and a width."""

import math
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp import BAND_EDGES_HZ, fast_length, measured_rt60_s
from mixtrace.interpret import node_of
from mixtrace.processors import NodeSettings
from mixtrace.simplifying.free_curve import rms_db
from mixtrace.simplifying.nearest import Nearest, Place, response

__all__ = ["nearest_reverb"]

MOST_OFF_DB = 1.0
_STEP_S = 0.05
_FALLEN_DB = 25.0  # how far a decay is compared: what follows is softer than the mix around it
_SOUNDS_DB = 40.0
_LENGTH_S = 2.0

_Decay = Float[np.ndarray, "band moment"]


def nearest_reverb(place: Place) -> Nearest:
    """Return the parametric reverb that decays most alike.

    How far it is off is the root mean square of the difference of both energies still to come
    (Schroeder's integral), in those of six bands where what enters is within 40 dB of its loudest
    one, until 25 dB below their start.
    """
    rate_hz, wet = place.sample_rate_hz, place.node.wet
    taps = response(place.node, rate_hz)
    bands = _in_bands(taps, rate_hz)
    dialled = node_of(
        "parametric_reverb",
        rt60_s=[min(max(measured_rt60_s(band, rate_hz), 0.1), 10.0) for band in bands],
        pre_delay_ms=0.0,
        width=_width(taps),
        length_s=_LENGTH_S,
    )
    wanted_db = _decays(bands, rate_hz)
    found_db = _decays(_in_bands(response(dialled, rate_hz), rate_hz), rate_hz)
    energy = _in_bands(place.entering, rate_hz).square().mean((1, 2)).double().numpy()
    heard = energy > max(energy.max() * 10.0 ** (-0.1 * _SOUNDS_DB), 1e-14)
    counted = heard[:, None] & (wanted_db > wanted_db[:, :1].max() - _FALLEN_DB)
    settings = NodeSettings(dialled.kind, dialled.values, wet)
    off_db = rms_db((found_db - wanted_db)[counted])
    return Nearest((settings,), off_db, MOST_OFF_DB, "in the decay")


def _width(taps: Float[Tensor, "2 time"]) -> float:
    """Return the width whose left and right are as alike: their correlation is cos(pi w / 2)."""
    left, right = taps.double()
    alike = float((left * right).sum() / (left.norm() * right.norm()).clamp(min=1e-20))
    return 2.0 / math.pi * math.acos(min(max(alike, 0.0), 1.0))


def _in_bands(audio: Float[Tensor, "row time"], rate_hz: float) -> Float[Tensor, "6 row time"]:
    """Return audio in the bands of the parametric reverb."""
    length = audio.shape[-1]
    points = fast_length(2 * length)  # lest what rings ahead come round to the end
    spectrum = torch.fft.rfft(audio, points)
    hz = torch.fft.rfftfreq(points, 1.0 / rate_hz)
    edges = (0.0, *BAND_EDGES_HZ, 0.5 * rate_hz + 1.0)
    inside = [(hz >= low) & (hz < high) for low, high in pairwise(edges)]
    return torch.stack([torch.fft.irfft(spectrum * own, points)[:, :length] for own in inside])


def _decays(bands: Float[Tensor, "6 row time"], rate_hz: float) -> _Decay:
    """Return the energy still to come in dB of each band, every 50 ms."""
    energy = bands.double().square().sum(1)
    left = energy.flip(-1).cumsum(-1).flip(-1)[:, :: round(_STEP_S * rate_hz)]
    return (10.0 * torch.log10(left + 1e-14)).numpy()
