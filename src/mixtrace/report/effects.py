"""What delays, reverbs and fades amount to, in a few numbers each."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float
from torch import Tensor

from mixtrace.processors import FilterProcessor, processor
from mixtrace.processors.base import DESIGN_RATE_HZ
from mixtrace.units import db_from_ratio

__all__ = ["Echo", "Ride", "mixed_gain_db", "reverb_bands_s", "ride", "strongest_echoes"]

_SLOTS = 20
_SAME_TIME_S = 0.005
_FAINT = 1e-3  # of the strongest echo's energy, -30 dB
_BAND_EDGES_HZ = (0.0, 250.0, 4000.0, DESIGN_RATE_HZ / 2.0)
_FADE_DB = 12.0
_STEADY_DB = 3.0


@dataclass(frozen=True)
class Echo:
    """One echo of a delay.

    Attributes:
        time_s: after the sound.
        level_db: against the sound that enters the delay on that side, dry/wet weight included.
        side: `left`, `right` or `both`.
    """

    time_s: float
    level_db: float
    side: str


@dataclass(frozen=True)
class Ride:
    """A gain automation.

    Attributes:
        low_db, high_db: range of the gain, fades left out.
        fade_in_s, fade_out_s: (start, end) of a fade at the song's start or end, or None.
    """

    low_db: float
    high_db: float
    fade_in_s: tuple[float, float] | None
    fade_out_s: tuple[float, float] | None


def mixed_gain_db(gain_db: Float[np.ndarray, "*shape"], wet: float) -> Float[np.ndarray, "*shape"]:
    """Return the gain of 1 - w + w g, for a processor that turns no phase."""
    return 20.0 * np.log10(1.0 - wet + wet * 10.0 ** (gain_db / 20.0) + 1e-10)


def strongest_echoes(values: dict[str, Tensor], wet: float, most: int = 3) -> list[Echo]:
    """Return the strongest echoes of a multitap delay, in order of time, within 30 dB.

    Args:
        values: parameter name -> physical values of one node.
        wet: its dry/wet weight.
        most: how many.
    """
    entry = processor("multitap_delay")
    assert isinstance(entry, FilterProcessor)
    one = {name: value.detach().cpu()[None] for name, value in values.items()}
    slots = entry.impulse_response(one, DESIGN_RATE_HZ).taps[0].unflatten(-1, (_SLOTS, -1))
    energy = wet**2 * slots.square().sum(-1).numpy().astype(np.float64)
    slot_s = slots.shape[-1] / DESIGN_RATE_HZ
    times_s = one["taps"][0, :, :, 0].numpy() + slot_s * np.arange(_SLOTS)
    echoes = []
    for (left_s, right_s), (left, right) in zip(times_s.T, energy.T, strict=True):
        if abs(left_s - right_s) < _SAME_TIME_S and 0.25 < left / max(right, 1e-20) < 4.0:
            echoes.append((float(left_s), 0.5 * (left + right), "both"))
        else:
            echoes += [(float(left_s), left, "left"), (float(right_s), right, "right")]
    strongest = sorted(echoes, key=lambda echo: -echo[1])[:most]
    loud = [echo for echo in strongest if echo[1] >= _FAINT * strongest[0][1]]
    levels = [Echo(t, db_from_ratio(float(np.sqrt(e))), side) for t, e, side in loud]
    return sorted(levels, key=lambda echo: echo.time_s)


def reverb_bands_s(values: dict[str, Tensor]) -> tuple[float, ...]:
    """Return the decay times (60 dB) below 250 Hz, up to 4 kHz and above: medians of the mid."""
    rt60_s = values["rt60_s"][0].detach().cpu().numpy()
    frequencies_hz = np.linspace(0.0, DESIGN_RATE_HZ / 2.0, len(rt60_s))
    inside = [
        (frequencies_hz >= low) & (frequencies_hz <= high) for low, high in pairwise(_BAND_EDGES_HZ)
    ]
    return tuple(float(np.median(rt60_s[band])) for band in inside)


def ride(values: dict[str, Tensor], wet: float) -> Ride:
    """Return the range and the fades of a gain automation."""
    gain_db = mixed_gain_db(values["ride_db"].detach().cpu().double().numpy(), wet)
    knots_s = np.linspace(0.0, float(values["duration_s"]), len(gain_db))
    first = _fade_points(gain_db)
    last = len(gain_db) - 1 - _fade_points(gain_db[::-1])
    steady = gain_db[first : last + 1] if first <= last else gain_db
    return Ride(
        float(steady.min()),
        float(steady.max()),
        (0.0, float(knots_s[first])) if first else None,
        (float(knots_s[last]), float(knots_s[-1])) if last < len(gain_db) - 1 else None,
    )


def _fade_points(gain_db: Float[np.ndarray, " knot"]) -> int:
    """Return at which point a fade that begins at point 0 has reached the usual level; 0: none."""
    usual_db = float(np.median(gain_db))
    if gain_db[0] > usual_db - _FADE_DB:
        return 0
    return int(np.argmax(gain_db > usual_db - _STEADY_DB))
