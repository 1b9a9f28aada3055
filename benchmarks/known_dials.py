"""What single processors of a graph are set to, in the terms in which known songs are compared."""

import numpy as np
import torch
from jaxtyping import Float
from known_curves import curve_db
from known_facts import RMS_UNDER_PEAK_DB

from mixtrace.processors import FilterProcessor, MatrixProcessor, NodeSettings, processor

__all__ = [
    "DYNAMICS_KINDS",
    "ECHOES",
    "EQUALIZERS",
    "RIDES",
    "bells",
    "constant_db",
    "dials",
    "response",
    "ride_db",
    "sides",
    "through",
    "tone_db",
]

EQUALIZERS = ("parametric_equalizer", "equalizer")
RIDES = ("fader_automation", "gain_automation")
DYNAMICS_KINDS = {
    "compressor": "compressor",
    "one_pole_compressor": "compressor",
    "gate": "gate",
    "one_pole_gate": "gate",
    "limiter": "limiter",
}
ECHOES = {
    "feedback_delay": "delay",
    "twenty_tap_delay": "delay",
    "captured_reverb": "reverb",
    "parametric_reverb": "reverb",
    "noise_reverb": "reverb",
}
_SOFTEST_DB = -60.0  # what passes with no weight is told as this loud
_TOLD_BELL_DB = 0.5
_LEAST_SLOPE = 0.01  # a limiter's; its ratio is told as 100


def tone_db(own: NodeSettings, rate: int) -> Float[np.ndarray, " point"]:
    """Return the gain of an equalizer on the grid, its weight worked in."""
    found = processor(own.kind)
    assert isinstance(found, FilterProcessor)
    wet = found.impulse_response(_stacked(own), rate)
    taps = own.wet * wet.taps[0, 0].double().numpy()
    taps[wet.lead_samples] += 1.0 - own.wet
    return curve_db(taps, rate)


def response(own: NodeSettings, rate: int) -> Float[np.ndarray, "row time"]:
    """Return the response of a linear processor, fully wet."""
    found = processor(own.kind)
    assert isinstance(found, FilterProcessor)
    return found.impulse_response(_stacked(own), rate).taps[0].double().numpy()


def through(
    own: NodeSettings, audio: Float[np.ndarray, "2 time"], rate: int
) -> Float[np.ndarray, "2 time"]:
    """Return audio behind a linear processor; others leave it as it is."""
    found = processor(own.kind)
    if not isinstance(found, FilterProcessor | MatrixProcessor):
        return audio
    entering = torch.from_numpy(audio.astype(np.float32))[None]
    wet = found.forward(entering, _stacked(own), rate)
    return (own.wet * wet + (1.0 - own.wet) * entering)[0].numpy()


def sides(own: NodeSettings) -> Float[np.ndarray, " side"]:
    """Return by how much a fader, pan pot or send multiplies the sides of a sound in the centre."""
    found = processor(own.kind)
    if not isinstance(found, MatrixProcessor):
        return np.ones(2)
    return 1.0 - own.wet + own.wet * found.matrix(_stacked(own))[0].numpy().sum(-1)


def constant_db(own: NodeSettings) -> float:
    """Return what it adds to the direct sound all the time: make-up, drive of a limiter, dry share.

    Equalizers, faders and rides are told elsewhere.
    """
    if own.kind in ECHOES:
        return max(20.0 * float(np.log10(1.0 - own.wet + 1e-9)), _SOFTEST_DB)
    names = {"compressor": "make_up_db", "limiter": "gain_db"}
    return float(own.mixed_db(names[own.kind])) if own.kind in names else 0.0


def ride_db(
    own: NodeSettings, moment_s: Float[np.ndarray, " block"]
) -> Float[np.ndarray, " block"]:
    """Return the gain of an automation at some moments."""
    if own.kind == "fader_automation":
        return np.interp(moment_s, own.array("knot_s"), own.mixed_db("knot_db"))
    knots_db = own.mixed_db("ride_db")
    return np.interp(moment_s, np.linspace(0.0, own.number("duration_s"), len(knots_db)), knots_db)


def bells(own: NodeSettings) -> list[tuple[float, float]]:
    """Return centre and gain of the bells that are on."""
    both = zip(own.array("bell_hz"), own.array("bell_db"), strict=True)
    return [(float(hz), own.wet * float(db)) for hz, db in both if abs(db) >= _TOLD_BELL_DB]


def dials(
    own: NodeSettings, entering_db: float
) -> tuple[float | None, float | None, float | None, float | None]:
    """Return threshold (of peaks, re the level that enters), ratio, attack and release."""
    if own.kind == "limiter":
        over_db = own.number("ceiling_db") - own.number("gain_db") - entering_db
        return over_db, None, None, own.number("release_ms")
    threshold_db = own.number("threshold_db") - entering_db
    if own.kind in ("compressor", "gate"):
        rms = own.kind == "compressor" and own.number("detector") == 1.0
        ratio = own.number("ratio") if own.kind == "compressor" else None
        times = own.number("attack_ms"), own.number("release_ms")
        return threshold_db + (RMS_UNDER_PEAK_DB if rms else 0.0), ratio, *times
    slope, time_ms = own.number("slope"), own.number("time_ms")
    gates = own.kind == "one_pole_gate"
    ratio = 1.0 - slope if gates else 1.0 / max(1.0 + slope, _LEAST_SLOPE)
    return threshold_db + RMS_UNDER_PEAK_DB, ratio, time_ms, time_ms


def _stacked(own: NodeSettings) -> dict[str, torch.Tensor]:
    return {name: value[None] for name, value in own.values.items()}
