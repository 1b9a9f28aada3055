"""What stands for each processor in pedalboard, with settings in its conventions.

Its compressor and gate take a time T for a pole exp(-2 pi / T), where ours is exp(-1 / T): their
times are 2 pi times ours. Its compressor hears peaks of each channel alone: a threshold of ours
that is told in RMS is moved by what a sine differs.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mixtrace.exporting.project import Project
from mixtrace.processors import (
    AutomationProcessor,
    FilterProcessor,
    MatrixProcessor,
    NodeSettings,
    processor,
)

__all__ = ["STANDING_IN", "Device", "device", "expressible", "rounded"]

_TURNS = 2.0 * math.pi
_SINE_PEAK_DB = 20.0 * math.log10(math.sqrt(2.0))
"""From the RMS of a sine to its peak."""

_SINE_MEAN_DB = -20.0 * math.log10(math.sqrt(8.0) / math.pi)
"""From the mean of a sine's absolute value, at which equal times settle, to its RMS."""

_AVERAGE_MS = 10.0
"""The averaging time of our compressor's RMS."""

_MOST_RATIO = 1000.0
_GATE_RATIO = 20.0
"""Steep, as our gate is; what it lets through when closed, its range, is mixed in dry."""

_UNDAMPED_HZ = 19_999.0
_LEAST_DB = 0.005
_SHELF_Q = math.sqrt(0.5)
_STEP_S = 0.01
_EITHER = "Either"

STANDING_IN: Mapping[str, str] = {
    "parametric_equalizer": (
        "Bells, shelves and passes of 6 dB an octave are pedalboard's, which are cramped towards "
        "the highest frequencies; scipy's Butterworth filters stand in for steeper passes."
    ),
    "compressor": (
        "pedalboard's compressor hears the peaks of each channel alone, with a hard knee and no "
        "look-ahead; a class in mix.py stands in where one listens to a key."
    ),
    "one_pole_compressor": (
        "pedalboard's compressor, which hears each channel alone with a hard knee, stands in for "
        "the one-pole compressor; where louder comes out softer it limits."
    ),
    "gate": (
        "pedalboard's noise gate hears each channel alone, without hold and hysteresis; a class in "
        "mix.py stands in where one listens to a key."
    ),
    "one_pole_gate": (
        "pedalboard's noise gate, which hears each channel alone with a hard knee, stands in for "
        "the one-pole gate."
    ),
    "limiter": "A class in mix.py stands in for the limiter: pedalboard's changes soft sounds.",
    "saturation": (
        "pedalboard's distortion folds back what exceeds half the sample rate; a class in mix.py "
        "stands in where there is a bias."
    ),
    "feedback_delay": (
        "pedalboard's delay echoes at whole samples and has neither damping nor ping-pong: with "
        "one of them, the response is convolved."
    ),
}
"""What differs, by kind. All else is a gain, a matrix, a ride or a response, as it is."""


@dataclass(frozen=True)
class Device:
    """A call that makes a device.

    Attributes:
        name: a class of pedalboard, or one of `player`.
        settings: what it is called with: numbers, truth values, text, lists of them.
        inside: the devices that it consists of; they come first.
    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    inside: tuple["Device", ...] | None = None

    def code(self) -> str:
        """Return it as Python."""
        inside = [each.code() for each in self.inside or ()]
        if self.inside is not None and self.name != _EITHER:
            inside = [f"[{', '.join(inside)}]"]
        settings = [f"{name}={value!r}" for name, value in self.settings.items()]
        return f"{self.name}({', '.join([*inside, *settings])})"

    def table(self) -> dict[str, Any]:
        """Return it as a table for JSON."""
        inside = {} if self.inside is None else {"devices": [d.table() for d in self.inside]}
        return {"device": self.name, **self.settings, **inside}


def expressible(kind: str) -> bool:
    """Return whether anything stands for a processor; else its sound has to be rendered."""
    known = (FilterProcessor, MatrixProcessor, AutomationProcessor)
    return kind in _OWN or isinstance(processor(kind), known)


def device(project: Project, node: int, response: Callable[[int], str]) -> Device:
    """Return what stands for a processor that is `expressible`.

    Args:
        project: whose it is.
        node: its number.
        response: writes the response of a filter, and returns the name of its file.
    """
    settings = project.node(node)
    entry = processor(settings.kind)
    theirs = _THEIRS[settings.kind](settings) if settings.kind in _THEIRS else None
    if isinstance(entry, FilterProcessor):
        lead = project.response(node).lead_samples
        own = Device("Response", {"file": response(node), "lead_samples": lead})
        return own if theirs is None else _either(_wet(theirs, settings.wet), own)
    if settings.kind in _OWN:
        own = _OWN[settings.kind](settings)
        return _wet(own if theirs is None else _either(theirs, own), settings.wet)
    if isinstance(entry, MatrixProcessor):
        rows = project.matrix(node)
        gain = rows[0, 0]
        if gain > 0.0 and np.array_equal(rows, gain * np.eye(2)):
            return _board(_plugin("Gain", gain_db=20.0 * math.log10(gain)))
        return Device("Matrix", {"rows": [[rounded(cell) for cell in row] for row in rows]})
    return _ride(project, node)


def rounded(value: float) -> float:
    """Return a number that is short to write: rounded as 32 bits hold it."""
    return float(f"{float(value):.9g}")


def _plugin(name: str, **settings: float) -> Device:
    return Device(f"pedalboard.{name}", {key: rounded(value) for key, value in settings.items()})


def _board(*plugins: Device) -> Device:
    return Device("Board", inside=plugins)


def _either(theirs: Device, own: Device) -> Device:
    return Device(_EITHER, inside=(theirs, own))


def _wet(made: Device, wet: float) -> Device:
    return made if wet == 1.0 else Device("Row", {"wet": rounded(wet)}, (made,))


def _parametric_equalizer(settings: NodeSettings) -> Device:
    plugins, steep = [], []
    for name in ("high_pass", "low_pass"):
        slope = round(settings.number(f"{name}_db_per_octave"))
        hz = settings.number(f"{name}_hz")
        kind = name.replace("_", "")
        if slope == 6:
            plugins.append(_plugin(f"{kind.capitalize()}Filter", cutoff_frequency_hz=hz))
        elif slope:
            facts = {"kind": kind, "cutoff_hz": rounded(hz), "db_per_octave": slope}
            steep.append(Device("Butterworth", facts))
    for name in ("low_shelf", "high_shelf"):
        hz, db = (settings.number(f"{name}_{unit}") for unit in ("hz", "db"))
        kind = f"{name.title().replace('_', '')}Filter"
        plugins += _band(kind, hz, db, _SHELF_Q)
    for bell in zip(*(settings.array(f"bell_{unit}") for unit in ("hz", "db", "q")), strict=True):
        plugins += _band("PeakFilter", *bell)
    board = [_board(*plugins)] if plugins or not steep else []
    return board[0] if board and not steep else Device("Row", {}, (*board, *steep))


def _band(kind: str, hz: float, gain_db: float, q: float) -> list[Device]:
    if abs(gain_db) < _LEAST_DB:
        return []
    return [_plugin(kind, cutoff_frequency_hz=hz, gain_db=gain_db, q=q)]


def _compressor(settings: NodeSettings) -> Device | None:
    if settings.keyed:
        return None
    averaged = settings.number("detector") > 0.5
    made = _plugin(
        "Compressor",
        threshold_db=settings.number("threshold_db") + (_SINE_PEAK_DB if averaged else 0.0),
        ratio=settings.number("ratio"),
        attack_ms=_TURNS * settings.number("attack_ms"),
        release_ms=_TURNS * settings.number("release_ms"),
    )
    make_up_db = settings.number("make_up_db")
    louder = [_plugin("Gain", gain_db=make_up_db)] if make_up_db else []
    return _board(made, *louder)


def _own_compressor(settings: NodeSettings) -> Device:
    names = ("threshold_db", "ratio", "knee_db", "attack_ms", "release_ms", "make_up_db")
    facts = _numbers(settings, *names, "look_ahead_ms")
    facts["average_ms"] = _AVERAGE_MS if settings.number("detector") > 0.5 else 0.0
    facts["smooths_level"] = settings.number("smoothing") > 0.5
    facts["linked"] = settings.number("linked") > 0.5
    return Device("Compressor", facts)


def _one_pole_compressor(settings: NodeSettings) -> Device:
    time_ms = _TURNS * settings.number("time_ms")
    made = _plugin(
        "Compressor",
        threshold_db=settings.number("threshold_db") - _SINE_MEAN_DB,
        ratio=min(1.0 / max(1.0 + settings.number("slope"), 1e-9), _MOST_RATIO),
        attack_ms=time_ms,
        release_ms=time_ms,
    )
    return _board(made)


def _one_pole_gate(settings: NodeSettings) -> Device:
    time_ms = _TURNS * settings.number("time_ms")
    made = _plugin(
        "NoiseGate",
        threshold_db=settings.number("threshold_db") + _SINE_PEAK_DB,
        ratio=1.0 - settings.number("slope"),
        attack_ms=time_ms,
        release_ms=time_ms,
    )
    return _board(made)


def _own_one_pole(settings: NodeSettings) -> Device:
    direction = 1 if settings.kind == "one_pole_compressor" else -1
    facts = _numbers(settings, "threshold_db", "knee_db", "time_ms", "slope")
    return Device("OnePole", {"direction": direction, **facts})


def _gate(settings: NodeSettings) -> Device | None:
    if settings.keyed:
        return None
    made = _plugin(
        "NoiseGate",
        threshold_db=settings.number("threshold_db"),
        ratio=_GATE_RATIO,
        attack_ms=_TURNS * settings.number("attack_ms"),
        release_ms=_TURNS * settings.number("release_ms"),
    )
    return _wet(_board(made), 1.0 - 10.0 ** (settings.number("range_db") / 20.0))


def _own_gate(settings: NodeSettings) -> Device:
    names = ("threshold_db", "range_db", "attack_ms", "hold_ms", "release_ms", "look_ahead_ms")
    return Device("Gate", _numbers(settings, *names))


def _limiter(settings: NodeSettings) -> Device:
    facts = _numbers(settings, "gain_db", "ceiling_db", "release_ms", "look_ahead_ms")
    return Device("Limiter", facts)


def _saturation(settings: NodeSettings) -> Device | None:
    if settings.number("bias"):
        return None
    drive_db = settings.number("drive_db")
    return _board(_plugin("Distortion", drive_db=drive_db), _plugin("Gain", gain_db=-drive_db))


def _own_saturation(settings: NodeSettings) -> Device:
    return Device("Saturation", _numbers(settings, "drive_db", "bias"))


def _feedback_delay(settings: NodeSettings) -> Device | None:
    """Return pedalboard's delay, or nothing where that cannot do nearly the same."""
    if settings.number("ping_pong") or settings.number("damping_hz") < _UNDAMPED_HZ:
        return None
    delay_s = settings.number("time_ms") / 1000.0
    feedback = settings.number("feedback")
    return _board(_plugin("Delay", delay_seconds=delay_s, feedback=feedback, mix=1.0))


_THEIRS: Mapping[str, Callable[[NodeSettings], Device | None]] = {
    "parametric_equalizer": _parametric_equalizer,
    "compressor": _compressor,
    "one_pole_compressor": _one_pole_compressor,
    "gate": _gate,
    "one_pole_gate": _one_pole_gate,
    "saturation": _saturation,
    "feedback_delay": _feedback_delay,
}
"""What pedalboard has."""

_OWN: Mapping[str, Callable[[NodeSettings], Device]] = {
    "compressor": _own_compressor,
    "one_pole_compressor": _own_one_pole,
    "gate": _own_gate,
    "one_pole_gate": _own_one_pole,
    "limiter": _limiter,
    "saturation": _own_saturation,
}
"""What is not linear, by the classes of `player`."""


def _numbers(settings: NodeSettings, *names: str) -> dict[str, Any]:
    return {name: rounded(settings.number(name)) for name in names}


def _ride(project: Project, node: int) -> Device:
    """Return the lines of a gain that follows the clock."""
    settings = project.node(node)
    times_s = np.arange(0.0, project.length_samples / project.sample_rate_hz + _STEP_S, _STEP_S)
    if settings.wet == 1.0 and settings.kind == "fader_automation":
        times_s = settings.array("knot_s")
    elif settings.wet == 1.0 and settings.kind == "gain_automation":
        times_s = np.linspace(0.0, settings.number("duration_s"), settings.array("ride_db").size)
    gains_db = 20.0 * np.log10(np.maximum(project.ride(node, times_s), 1e-10))
    lines = {"times_s": times_s, "gains_db": gains_db}
    return Device("Ride", {name: [rounded(v) for v in values] for name, values in lines.items()})
