"""The settings of one processor as an engineer would say them.

Where a dry/wet weight only scales what a processor does (equalizer, imager, gain, automation) it is
worked into the numbers; elsewhere it is given in per cent.
"""

import math
from collections.abc import Callable

import numpy as np
from torch import Tensor

from mixtrace.processors import processor
from mixtrace.processors.equalizer import equalizer_frequencies
from mixtrace.report.curves import CurveShape, curve_shape
from mixtrace.report.effects import mixed_gain_db, reverb_bands_s, ride, strongest_echoes
from mixtrace.units import db_from_ratio

__all__ = ["clock", "describe", "hertz", "panned", "ratio", "seconds", "shape_words", "signed_db"]

Values = dict[str, Tensor]

_LIMITER_SLOPE = -0.98
_HEARD_DB = 0.05
_MONO_DB = -40.0
_CENTRE = 0.02


def describe(kind: str, values: Values, wet: float) -> str:
    """Return the settings of one node in words and units.

    Args:
        kind: a processor kind.
        values: parameter name -> physical values of the node, without a node axis.
        wet: its dry/wet weight.

    >>> import torch
    >>> describe("stereo_imager", {"side_gain_db": torch.tensor(-3.0)}, 1.0)
    'side -3.0 dB (narrower)'
    """
    return _WORDS.get(kind, _plain)(kind, values, wet)


def hertz(frequency_hz: float) -> str:
    """Return a frequency, rounded to two digits.

    >>> hertz(84.6), hertz(12345.0), hertz(1250.0)
    ('85 Hz', '12 kHz', '1.2 kHz')
    """
    rounded = float(f"{frequency_hz:.2g}")
    return f"{rounded:.0f} Hz" if rounded < 1000.0 else f"{rounded / 1000.0:g} kHz"


def signed_db(level_db: float) -> str:
    """Return a level with its sign; nothing smaller than 0.1 dB has one.

    >>> signed_db(2.04), signed_db(-0.01)
    ('+2.0 dB', '0.0 dB')
    """
    return "0.0 dB" if abs(level_db) < _HEARD_DB else f"{level_db:+.1f} dB"


def seconds(time_s: float) -> str:
    """Return a short time, rounded to two digits.

    >>> seconds(0.0204), seconds(1.26), seconds(0.00012)
    ('20 ms', '1.3 s', '0.12 ms')
    """
    rounded = float(f"{time_s:.2g}")
    return f"{rounded:g} s" if rounded >= 1.0 else f"{float(f'{1000.0 * rounded:.2g}'):g} ms"


def ratio(slope: float) -> str:
    """Return a compressor's slope as the ratio it is known by.

    >>> ratio(-0.75), ratio(-1.2)
    ('4:1', 'inf:1 or beyond')
    """
    return "inf:1 or beyond" if slope <= _LIMITER_SLOPE else f"{_short(1.0 / (1.0 + slope))}:1"


def panned(place: float) -> str:
    """Return a place between -1 (left) and +1 (right) in words.

    >>> panned(-0.3), panned(1.0)
    ('panned 30 % left', 'panned 100 % right')
    """
    return f"panned {100.0 * abs(place):.0f} % {'right' if place > 0.0 else 'left'}"


def clock(time_s: float) -> str:
    """Return a moment of the song.

    >>> clock(106.04)
    '1:46.0'
    """
    minutes, tenths = divmod(round(10.0 * time_s), 600)
    return f"{minutes}:{tenths / 10.0:04.1f}"


def _equalizer(kind: str, values: Values, wet: float) -> str:
    gain_db = mixed_gain_db(values["magnitude_db"].detach().cpu().double().numpy(), wet)
    shape = curve_shape(equalizer_frequencies().double().numpy(), gain_db)
    return ", ".join(shape_words(shape)) or "flat"


def shape_words(shape: CurveShape) -> list[str]:
    """Return level, cuts, boosts and dips of an EQ curve."""
    words = [f"{signed_db(shape.level_db)} overall"] if abs(shape.level_db) >= 0.5 else []
    words += [f"low cut {hertz(shape.low_cut_hz)}"] if shape.low_cut_hz else []
    for feature in shape.features:
        words.append(f"{signed_db(feature.gain_db)} {feature.side} {hertz(feature.frequency_hz)}")
    return words + ([f"high cut {hertz(shape.high_cut_hz)}"] if shape.high_cut_hz else [])


def _compressor(kind: str, values: Values, wet: float) -> str:
    slope = float(values["slope"])
    threshold = f"above {float(values['threshold_db']):.0f} dB"
    return f"{threshold}, {ratio(slope)} (slope {slope:.2f}), {_detector(values)}, {_percent(wet)}"


def _noise_gate(kind: str, values: Values, wet: float) -> str:
    expansion = f"1:{_short(1.0 - float(values['slope']))}"
    threshold = f"below {float(values['threshold_db']):.0f} dB"
    return f"{expansion} {threshold}, {_detector(values)}, {_percent(wet)}"


def _detector(values: Values) -> str:
    return f"knee {float(values['knee_db']):.0f} dB, {seconds(float(values['time_ms']) / 1000.0)}"


def _stereo_imager(kind: str, values: Values, wet: float) -> str:
    side_db = _mixed_db(values["side_gain_db"], wet)
    if side_db < _MONO_DB:
        return "mono"
    effect = "wider" if side_db > 0.0 else "narrower"
    return f"side {signed_db(side_db)}" + (f" ({effect})" if abs(side_db) >= _HEARD_DB else "")


def _gain_panning(kind: str, values: Values, wet: float) -> str:
    """Say the gain's mean power and the place a constant-power pan pot would have."""
    left_db, right_db = (_mixed_db(gain_db, wet) for gain_db in values["gain_db"])
    left, right = 10.0 ** (left_db / 20.0), 10.0 ** (right_db / 20.0)
    overall = signed_db(db_from_ratio(math.sqrt(0.5 * (left**2 + right**2))))
    pan = 4.0 / math.pi * math.atan2(right, left) - 1.0
    if abs(pan) < _CENTRE:
        return f"{overall}, centre"
    side = "right" if pan > 0.0 else "left"
    louder = f"{side} {abs(left_db - right_db):.1f} dB louder"
    return f"{overall}, pan {100.0 * abs(pan):.0f} % {side} ({louder})"


def _multitap_delay(kind: str, values: Values, wet: float) -> str:
    echoes = [
        f"{echo.time_s:.2f} s {signed_db(echo.level_db)}"
        + (f" {echo.side}" if echo.side != "both" else "")
        for echo in strongest_echoes(values, wet)
    ]
    return f"strongest echoes {', '.join(echoes)}, {_percent(wet)}"


def _reverb(kind: str, values: Values, wet: float) -> str:
    low, middle, high = map(seconds, reverb_bands_s(values))
    level = signed_db(db_from_ratio(wet))
    return f"RT60 low {low}, mid {middle}, high {high}, level {level}, {_percent(wet)}"


def _gain_automation(kind: str, values: Values, wet: float) -> str:
    found = ride(values, wet)
    words = [f"{signed_db(found.low_db)} to {signed_db(found.high_db)}"]
    for name, span in (("fade-in", found.fade_in_s), ("fade-out", found.fade_out_s)):
        if span:
            words.append(f"{name} {clock(span[0])} to {clock(span[1])}")
    return ", ".join(words)


def _plain(kind: str, values: Values, wet: float) -> str:
    """Say the single numbers of a processor that has no words of its own."""
    words = [
        f"{spec.label} {_short(float(values[spec.name]))} {spec.unit}".rstrip()
        for spec in processor(kind).params
        if not spec.shape
    ]
    return ", ".join([*words, _percent(wet)])


_WORDS: dict[str, Callable[[str, Values, float], str]] = {
    "equalizer": _equalizer,
    "compressor": _compressor,
    "noise_gate": _noise_gate,
    "stereo_imager": _stereo_imager,
    "gain_panning": _gain_panning,
    "multitap_delay": _multitap_delay,
    "reverb": _reverb,
    "gain_automation": _gain_automation,
}


def _mixed_db(gain_db: Tensor, wet: float) -> float:
    return float(mixed_gain_db(np.array([float(gain_db)]), wet)[0])


def _short(number: float) -> str:
    return f"{float(f'{number:.2g}'):g}"


def _percent(wet: float) -> str:
    return f"wet {100.0 * wet:.0f} %"
