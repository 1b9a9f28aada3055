"""Processors set as a person sets them: bells and shelves, a ratio, a pan, an echo at a level.

Curves are the magnitudes of analogue prototypes, drawn on the grids of our processors.

Source: R. Bristow-Johnson, "Cookbook formulae for audio equalizer biquad filter coefficients",
the transfer functions H(s) before the bilinear transform, with s = j f / f0.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.processors import processor
from mixtrace.processors.base import DESIGN_RATE_HZ
from mixtrace.processors.equalizer import equalizer_frequencies
from mixtrace.units import db_from_ratio, ratio_from_db

__all__ = [
    "Curve",
    "Effect",
    "PlantedEcho",
    "bell",
    "delay",
    "equalizer",
    "gain_panning",
    "high_pass",
    "high_shelf",
    "low_pass",
    "low_shelf",
    "noise_reverb",
    "one_pole_compressor",
    "one_pole_gate",
    "stereo_imager",
]

Curve = Callable[[Float[Tensor, " bin"]], Float[Tensor, " bin"]]
"""A magnitude in dB at frequencies in Hz."""

BUTTERWORTH_Q = math.sqrt(0.5)
SILENT_TAP_DB = -60.0


@dataclass(frozen=True)
class Effect:
    """One processor: its kind, physical values [*shape] by parameter name, and dry/wet weight."""

    kind: str
    values: Mapping[str, Tensor]
    wet: float = 1.0


@dataclass(frozen=True)
class PlantedEcho:
    """One repeat of a delay: when, how loud against the other repeats, where (-1 left, +1 right).

    Keep it 1 ms away from multiples of 100 ms: there a tap loses half of its colour filter.
    """

    time_s: float
    level_db: float
    pan: float


def bell(frequency_hz: float, gain_db: float, q: float = 1.0) -> Curve:
    """Return a peak or a dip: s² + s A/Q + 1 over s² + s/(AQ) + 1, A² the gain."""
    a = ratio_from_db(gain_db / 2.0)
    return _second_order(frequency_hz, (1.0, a / q, 1.0), (1.0, 1.0 / (a * q), 1.0))


def low_shelf(frequency_hz: float, gain_db: float, q: float = BUTTERWORTH_Q) -> Curve:
    """Return a shelf below a frequency, where half of the gain (in dB) is reached."""
    a = ratio_from_db(gain_db / 2.0)
    middle = math.sqrt(a) / q
    return _second_order(frequency_hz, (a, a * middle, a * a), (a, middle, 1.0))


def high_shelf(frequency_hz: float, gain_db: float, q: float = BUTTERWORTH_Q) -> Curve:
    """Return a shelf above a frequency, where half of the gain (in dB) is reached."""
    a = ratio_from_db(gain_db / 2.0)
    middle = math.sqrt(a) / q
    return _second_order(frequency_hz, (a * a, a * middle, a), (1.0, middle, a))


def high_pass(cutoff_hz: float, q: float = BUTTERWORTH_Q) -> Curve:
    """Return a slope of 12 dB an octave below the cutoff."""
    return _second_order(cutoff_hz, (1.0, 0.0, 0.0), (1.0, 1.0 / q, 1.0))


def low_pass(cutoff_hz: float, q: float = BUTTERWORTH_Q) -> Curve:
    """Return a slope of 12 dB an octave above the cutoff."""
    return _second_order(cutoff_hz, (0.0, 0.0, 1.0), (1.0, 1.0 / q, 1.0))


def equalizer(*curves: Curve, gain_db: float = 0.0) -> Effect:
    """Return an EQ that adds up some curves and an output gain."""
    frequency_hz = equalizer_frequencies()
    flat_db = torch.full_like(frequency_hz, gain_db)
    return _effect("equalizer", magnitude_db=sum((c(frequency_hz) for c in curves), flat_db))


def one_pole_compressor(
    threshold_db: float, ratio: float, *, time_ms: float = 15.0, knee_db: float = 6.0
) -> Effect:
    """Return a compressor; the threshold is a level of mean square, re full scale 1."""
    return _dynamics("one_pole_compressor", threshold_db, 1.0 / ratio - 1.0, time_ms, knee_db)


def one_pole_gate(
    threshold_db: float, ratio: float, *, time_ms: float = 10.0, knee_db: float = 6.0
) -> Effect:
    """Return a downward expander that turns 1 dB below its threshold into `ratio` dB."""
    return _dynamics("one_pole_gate", threshold_db, 1.0 - ratio, time_ms, knee_db)


def stereo_imager(side_gain_db: float) -> Effect:
    """Return a gain on the difference of the channels."""
    return _effect("stereo_imager", side_gain_db=torch.tensor(side_gain_db))


def gain_panning(gain_db: float, pan: float = 0.0) -> Effect:
    """Return a fader and a constant-power pan pot from -1 (left) to +1, unity in the middle."""
    return _effect("gain_panning", gain_db=gain_db + _pan_db(pan))


def noise_reverb(
    rt60_s: float, level_db: float, *, damping_hz: float = 6000.0, low_cut_hz: float = 200.0
) -> Effect:
    """Return a reverb, as wide as it is deep.

    Args:
        rt60_s: the time in which low frequencies fall by 60 dB; half of it at `damping_hz`.
        level_db: energy of the reverb over that of the dry sound, for white noise.
        damping_hz: the higher, the brighter.
        low_cut_hz: cutoff of a high-pass on the reverb.
    """
    bins = processor("noise_reverb").params[0].shape[-1]
    frequency_hz = torch.linspace(0.0, DESIGN_RATE_HZ / 2.0, bins)
    rt60 = rt60_s / (1.0 + frequency_hz / damping_hz)
    initial_db = high_pass(low_cut_hz)(frequency_hz)
    return _effect(
        "noise_reverb",
        _weight(level_db),
        initial_db=initial_db.repeat(2, 1),
        rt60_s=rt60.repeat(2, 1),
    )


def delay(echoes: Sequence[PlantedEcho], level_db: float, *, cutoff_hz: float = 5000.0) -> Effect:
    """Return a delay with a few echoes; its other taps are 60 dB below a level of 0 dB.

    Args:
        echoes: at most one in each 100 ms of two seconds.
        level_db: energy of all echoes over that of the dry sound, for white noise.
        cutoff_hz: cutoff of a low-pass on the echoes.
    """
    taps_spec, color_spec = processor("twenty_tap_delay").params
    assert isinstance(taps_spec.high, tuple)
    slot_s = taps_spec.high[0]
    # A sharpness of nearly one: the taps are where they are.
    taps = torch.tensor([0.5 * slot_s, 0.999]).expand(taps_spec.shape).clone()
    color_db = torch.full(color_spec.shape, SILENT_TAP_DB)
    color_hz = torch.linspace(0.0, DESIGN_RATE_HZ / 2.0, color_spec.shape[-1])
    for echo in echoes:
        slot, position_s = divmod(echo.time_s, slot_s)
        taps[:, int(slot), 0] = position_s
        gain_db = echo.level_db + _pan_db(echo.pan)
        color_db[:, int(slot)] = gain_db[:, None] + low_pass(cutoff_hz)(color_hz)
    return _effect("twenty_tap_delay", _weight(level_db), taps=taps, color_db=color_db)


def _second_order(
    frequency_hz: float, above: tuple[float, float, float], below: tuple[float, float, float]
) -> Curve:
    """Return |above / below| of two polynomials (s², s, 1) in s = j f / f0, in dB."""

    def power(polynomial: tuple[float, float, float], ratio: Tensor) -> Tensor:
        square, linear, constant = polynomial
        return (constant - square * ratio.square()).square() + (linear * ratio).square()

    def curve(at_hz: Float[Tensor, " bin"]) -> Float[Tensor, " bin"]:
        ratio = at_hz.double() / frequency_hz
        return (10.0 * torch.log10(power(above, ratio) / power(below, ratio))).float()

    return curve


def _dynamics(
    kind: str, threshold_db: float, slope: float, time_ms: float, knee_db: float
) -> Effect:
    return _effect(
        kind,
        threshold_db=torch.tensor(threshold_db),
        knee_db=torch.tensor(knee_db),
        time_ms=torch.tensor(time_ms),
        slope=torch.tensor(slope),
    )


def _pan_db(pan: float) -> Float[Tensor, " 2"]:
    """Return the gains of left and right: √2 cos and √2 sin of an angle."""
    angle = math.pi / 4.0 * (1.0 + pan)
    gains = (math.sqrt(2.0) * math.cos(angle), math.sqrt(2.0) * math.sin(angle))
    return torch.tensor([db_from_ratio(gain) for gain in gains])


def _weight(level_db: float) -> float:
    """Return the dry/wet weight w at which w / (1 - w) is a level."""
    return 1.0 / (1.0 + ratio_from_db(-level_db))


def _effect(kind: str, wet: float = 1.0, **values: Tensor) -> Effect:
    """Return an effect with its values in the range of their parameters."""
    clipped = {spec.name: spec.clip(values[spec.name].float()) for spec in processor(kind).params}
    return Effect(kind, clipped, wet)
