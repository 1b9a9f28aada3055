"""One picture for each kind of processor: what it does, drawn from its settings and the sound."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from markupsafe import Markup

from mixtrace.processors import DynamicsProcessor, processor
from mixtrace.processors.base import DESIGN_RATE_HZ
from mixtrace.processors.equalizer import equalizer_frequencies
from mixtrace.report.curves import third_octaves
from mixtrace.report.effects import Echo, mixed_gain_db, strongest_echoes
from mixtrace.report.rendered import NodeValues, band_centres_hz
from mixtrace.report.svg import (
    WIDTH,
    Axis,
    Plot,
    clock_axis,
    figure,
    frequency_axis,
    level_axis,
)
from mixtrace.store import Evidence

__all__ = ["Shown", "picture", "static_curve"]

_MOST_POINTS = 120
_CURVE_POINTS = 90
_SHOWN_RANGE_DB = 60.0
_DELAY_S = 2.0


@dataclass(frozen=True, eq=False)
class Shown:
    """A processor to be drawn.

    Attributes:
        number: its place in the graph.
        title: what it is called.
        node: its settings.
        evidence: what was measured, if anything was.
        spectrum_db: spectrum of the track it stands on, in the bands of the evidence.
    """

    number: int
    title: str
    node: NodeValues
    evidence: Evidence | None
    spectrum_db: np.ndarray | None


def picture(shown: Shown) -> str:
    """Return an SVG of what a processor does; empty for a kind that has no picture."""
    draw = _PICTURES.get(shown.node.kind)
    return draw(shown) if draw else ""


def static_curve(node: NodeValues, level_db: np.ndarray) -> np.ndarray:
    """Return the gain in dB of a dynamics processor at constant levels, weight included."""
    entry = processor(node.kind)
    assert isinstance(entry, DynamicsProcessor)
    half_knee_db = max(0.5 * float(node.values["knee_db"]), 1e-6)
    excess_db = entry.direction * (level_db - float(node.values["threshold_db"]))
    within = (excess_db + half_knee_db) ** 2 / (4.0 * half_knee_db)
    curve_db = np.where(np.abs(excess_db) < half_knee_db, within, np.maximum(excess_db, 0.0))
    return mixed_gain_db(float(node.values["slope"]) * curve_db, node.wet)


def _equalizer(shown: Shown) -> str:
    frequencies_hz = equalizer_frequencies().double().numpy()
    grid_hz = np.geomspace(30.0, 15_000.0, _CURVE_POINTS)
    gain_db = mixed_gain_db(shown.node.values["magnitude_db"].double().numpy(), shown.node.wet)
    curve_db = third_octaves(grid_hz, frequencies_hz, gain_db)
    most = max(6.0, 6.0 * np.ceil(min(np.abs(curve_db).max(), 24.0) / 6.0))
    plot = Plot(frequency_axis(), level_axis(-most, most, most / 2.0))
    drawn = []
    evidence, spectrum_db = shown.evidence, shown.spectrum_db
    if evidence is not None and spectrum_db is not None:
        share = np.clip(1.0 + (spectrum_db - spectrum_db.max()) / _SHOWN_RANGE_DB, 0.0, 1.0)
        drawn.append(plot.area(band_centres_hz(evidence), most * (2.0 * share - 1.0), look="sound"))
    drawn += [
        plot.axes(),
        plot.line(grid_hz[[0, -1]], np.zeros(2), "zero"),
        plot.line(grid_hz, curve_db),
    ]
    return figure(f"{shown.title}: gain in dB over frequency", drawn)


def _dynamics(shown: Shown) -> str:
    level_db = np.linspace(-60.0, 0.0, 41)
    entering = level_axis(-60.0, 0.0, 20.0, "dB in")
    leaving = level_axis(-60.0, 0.0, 20.0, "dB out")
    wide = Plot(entering, leaving, left=30.0, width=128.0, height=128.0)
    leaving_db = np.maximum(level_db + static_curve(shown.node, level_db), -60.0)
    drawn = [
        wide.axes(),
        wide.line(level_db[[0, -1]], level_db[[0, -1]], "zero"),
        wide.line(level_db, leaving_db),
    ]
    label = f"{shown.title}: level out over level in"
    evidence = shown.evidence
    rows = np.flatnonzero(evidence.dynamics == shown.number) if evidence is not None else []
    if evidence is not None and len(rows):
        gain_db = _deepest(evidence.gain_db[rows[0]])
        duration_s = evidence.curve_s * evidence.gain_db.shape[1]
        least = min(-6.0, 6.0 * np.floor(float(gain_db.min()) / 6.0))
        time_s = np.linspace(0.0, duration_s, len(gain_db))
        beside = Plot(
            clock_axis(duration_s),
            level_axis(least, 0.0, -least / 3.0, "gain, dB"),
            left=194.0,
            width=WIDTH - 200.0,
            height=128.0,
        )
        drawn += [beside.axes(), beside.area(time_s, gain_db, 0.0, "area taken")]
        label += ", and its gain in dB over the song"
    return figure(label, drawn, 172.0)


def _deepest(gain_db: Float[np.ndarray, " curve"]) -> Float[np.ndarray, " point"]:
    """Return at most 120 gains, the lowest of neighbours: what a meter's needle reaches."""
    parts = np.array_split(gain_db, min(len(gain_db), _MOST_POINTS))
    return np.array([part.min() for part in parts], np.float64)


def _delay(shown: Shown) -> str:
    echoes = strongest_echoes(shown.node.values, shown.node.wet, most=40)
    floor_db = min(-30.0, 10.0 * np.floor(min(echo.level_db for echo in echoes) / 10.0))
    top_db = max(0.0, 10.0 * np.ceil(max(echo.level_db for echo in echoes) / 10.0))
    times = Axis(0.0, _DELAY_S, tuple((t, f"{t:g}") for t in (0.0, 0.5, 1.0, 1.5, 2.0)), "s")
    plot = Plot(times, level_axis(floor_db, top_db, 10.0))
    drawn = [plot.axes()]
    looks = {"left": "stem left", "right": "stem right", "both": "stem"}
    for side, look in looks.items():
        own = [echo for echo in echoes if echo.side == side]
        if own:
            drawn.append(_stems(plot, own, floor_db, look))
    if any(echo.side != "both" for echo in echoes):
        drawn.append(plot.note("dashed: left, dotted: right"))
    return figure(f"{shown.title}: level in dB of its echoes over time", drawn, 202.0)


def _stems(plot: Plot, echoes: list[Echo], floor_db: float, look: str) -> Markup:
    times_s = np.array([echo.time_s for echo in echoes])
    return plot.stems(times_s, np.array([echo.level_db for echo in echoes]), floor_db, look)


def _reverb(shown: Shown) -> str:
    rt60_s = shown.node.values["rt60_s"].double().numpy()
    start_db = shown.node.values["initial_db"].double().numpy()
    frequencies_hz = np.linspace(0.0, DESIGN_RATE_HZ / 2.0, rt60_s.shape[1])
    grid_hz = np.geomspace(100.0, 14_000.0, 32)
    decay_s = [third_octaves(grid_hz, frequencies_hz, np.minimum(row, 20.0)) for row in rt60_s]
    level_db = [third_octaves(grid_hz, frequencies_hz, row) for row in start_db]
    level_db = np.array(level_db) - max(np.max(row) for row in level_db)
    longest = max(1.0, float(np.ceil(np.max(decay_s))))
    half, tall = WIDTH / 2.0 - 34.0, 128.0
    axis = frequency_axis(100.0, 14_000.0, decades=True)
    first = Plot(axis, level_axis(0.0, longest, longest / 2.0, "RT60, s"), 28.0, 16.0, half, tall)
    second = Plot(axis, level_axis(-40.0, 0.0, 20.0, "start, dB"), 216.0, 16.0, half - 8.0, tall)
    drawn = [first.axes(), second.axes()]
    for row, look in ((1, "line second"), (0, "line")):
        drawn.append(first.line(grid_hz, decay_s[row], look))
        drawn.append(second.line(grid_hz, level_db[row], look))
    drawn.append(second.note("dashed: side"))
    return figure(
        f"{shown.title}: decay time and first level over frequency, mid and side", drawn, 180.0
    )


def _gain_panning(shown: Shown) -> str:
    gain_db = mixed_gain_db(shown.node.values["gain_db"].double().numpy(), shown.node.wet)
    return _bars(f"{shown.title}: gain in dB of left and right", ("left", "right"), gain_db)


def _stereo_imager(shown: Shown) -> str:
    side_db = mixed_gain_db(
        shown.node.values["side_gain_db"].double().numpy().reshape(1), shown.node.wet
    )
    gains_db = np.array([0.0, side_db[0]])
    return _bars(f"{shown.title}: gain in dB of mid and side", ("mid", "side"), gains_db)


def _bars(label: str, names: tuple[str, str], gains_db: np.ndarray) -> str:
    """Return two horizontal bars from 0 dB."""
    most = max(6.0, 6.0 * np.ceil(min(np.abs(gains_db).max(), 30.0) / 6.0))
    rows = Axis(0.0, 2.0, ((1.5, names[0]), (0.5, names[1])))
    plot = Plot(
        level_axis(-most, most, most / 2.0), rows, top=6.0, left=44.0, width=WIDTH - 60.0, height=64
    )
    drawn = [plot.axes(), plot.line(np.zeros(2), np.array([0.0, 2.0]), "zero")]
    for place, gain_db in zip((1.5, 0.5), gains_db, strict=True):
        ends = np.array([0.0, float(gain_db)])
        drawn.append(plot.line(ends, np.full(2, place), "bar"))
    return figure(label, drawn, 112.0)


def _gain_automation(shown: Shown) -> str:
    gain_db = mixed_gain_db(shown.node.values["ride_db"].double().numpy(), shown.node.wet)
    duration_s = float(shown.node.values["duration_s"])
    low = max(-36.0, min(-3.0, 3.0 * np.floor(float(gain_db.min()) / 3.0)))
    high = max(3.0, 3.0 * np.ceil(float(gain_db.max()) / 3.0))
    plot = Plot(clock_axis(duration_s), level_axis(low, high, 3.0 if high - low < 15.0 else 12.0))
    time_s = np.linspace(0.0, duration_s, len(gain_db))
    drawn = [plot.axes(), plot.line(time_s[[0, -1]], np.zeros(2), "zero")]
    return figure(
        f"{shown.title}: gain in dB over the song", [*drawn, plot.line(time_s, gain_db)], 180.0
    )


_PICTURES: dict[str, Callable[[Shown], str]] = {
    "equalizer": _equalizer,
    "compressor": _dynamics,
    "noise_gate": _dynamics,
    "stereo_imager": _stereo_imager,
    "gain_panning": _gain_panning,
    "multitap_delay": _delay,
    "reverb": _reverb,
    "gain_automation": _gain_automation,
}
