"""The figures of a track that was read: response, direct part, gain, level curve, coherence."""

import numpy as np
from jaxtyping import Float

from mixtrace.reporting.captured_facts import sounding_span
from mixtrace.reporting.captured_response import Captioned, response_figures
from mixtrace.reporting.png import share_picture
from mixtrace.reporting.result import fixed
from mixtrace.reporting.svg import (
    WIDTH,
    Axis,
    Plot,
    clock_axis,
    figure,
    frequency_axis,
    level_axis,
    text_at,
)
from mixtrace.store import StoredCapture, StoredCurve, StoredResponse

__all__ = ["gain_figure", "level_figure", "track_figures"]

_MOST_COLUMNS = 240
_SHOWN_GAIN_DB = 36.0
_MOST_SHOWN_DB, _LEAST_SHOWN_DB = 48.0, 24.0


def track_figures(
    stored: StoredCapture, track: StoredResponse, gain_db: Float[np.ndarray, " time"]
) -> list[Captioned]:
    """Return the figures of a track; those of its gain only where it moves."""
    drawn = [*response_figures(stored, track), _direct(stored, track)]
    if float(np.ptp(gain_db)) > 0.0:
        drawn.append(gain_figure(track.name, gain_db, stored.gain_step_s))
    if track.curve is not None:
        drawn.append(level_figure(track.name, track.curve, "dry level"))
    if track.coherence and track.coherence[0]:
        drawn.append(_coherence(stored, track))
    return drawn


def _direct(stored: StoredCapture, track: StoredResponse) -> Captioned:
    """Return the curve of the direct part to left and right."""
    sounds = sounding_span(track)
    hertz_, gains_db = np.array(stored.direct_hz)[sounds], np.array(track.direct_db)[:, sounds]
    top_db = 6.0 * np.ceil((float(gains_db.max()) + 1.0) / 6.0)
    low_db = 6.0 * np.floor(float(gains_db.min()) / 6.0)
    low_db = float(np.clip(low_db, top_db - _MOST_SHOWN_DB, top_db - _LEAST_SHOWN_DB))
    plot = Plot(
        frequency_axis(20.0, max(stored.direct_hz[-1], 40.0)),
        level_axis(low_db, top_db, 12.0 if top_db - low_db > 30.0 else 6.0, "gain, dB"),
    )
    drawn = [plot.axes(), plot.line(hertz_, gains_db[1], "line third second")]
    drawn += [plot.line(hertz_, gains_db[0]), plot.note("solid: left, dashed: right")]
    label = f"{track.name}: gain in dB of the direct part over frequency, to left and right"
    caption = "The direct part: gain over frequency, left and right, where the track sounds"
    return caption, figure(label, drawn)


def gain_figure(name: str, gain_db: Float[np.ndarray, " time"], step_s: float) -> Captioned:
    """Return the gain over the song, between the lowest and the highest of neighbours."""
    parts = np.array_split(gain_db, min(len(gain_db), _MOST_COLUMNS))
    lows, highs = (np.array([f(part) for part in parts]) for f in (np.min, np.max))
    duration_s = step_s * len(gain_db)
    middle_s = (np.arange(len(parts)) + 0.5) * duration_s / len(parts)
    low_db = max(-_SHOWN_GAIN_DB, 3.0 * np.floor(min(float(lows.min()), -1.0) / 3.0))
    high_db = min(_SHOWN_GAIN_DB, 3.0 * np.ceil(max(float(highs.max()), 1.0) / 3.0))
    step_db = 3.0 if high_db - low_db <= 15.0 else 6.0 if high_db - low_db <= 30.0 else 12.0
    plot = Plot(clock_axis(duration_s, "time"), level_axis(low_db, high_db, step_db, "gain, dB"))
    around = np.concatenate([middle_s, middle_s[::-1]])
    drawn = [
        plot.axes(),
        plot.line(np.array([0.0, duration_s]), np.zeros(2), "zero"),
        plot.line(around, np.concatenate([highs, lows[::-1]]), "band"),
    ]
    label = (
        f"{name}: gain in dB over the song, from {fixed(float(lows.min()), 1, sign=True)} "
        f"to {fixed(float(highs.max()), 1, sign=True)} dB"
    )
    caption = "Gain over the song, lowest to highest of neighbours, relative to its mean power"
    return caption, figure(label, drawn)


def level_figure(name: str, curve: StoredCurve, level: str) -> Captioned:
    """Return a gain over a level, which is named."""
    levels_db, gains_db = np.array(curve.levels_db), np.array(curve.gains_db)
    most_db = float(np.clip(3.0 * np.ceil(np.abs(gains_db).max() / 3.0), 3.0, _SHOWN_GAIN_DB))
    step_db = most_db / 3.0 if most_db < 15.0 else most_db / 2.0
    low_db = 10.0 * np.floor(levels_db.min() / 10.0)
    ends_db = low_db, max(low_db + 10.0, 10.0 * np.ceil(levels_db.max() / 10.0))
    plot = Plot(
        level_axis(*ends_db, 10.0 if ends_db[1] - ends_db[0] <= 60.0 else 20.0, f"{level}, dBFS"),
        level_axis(-most_db, most_db, step_db, "gain, dB"),
    )
    drawn = [
        plot.axes(),
        plot.line(np.array(ends_db), np.zeros(2), "zero"),
        plot.line(levels_db, gains_db),
        *(text_at(x, y + 3.5, "•") for x, y in plot.points(levels_db, gains_db)),
    ]
    points = ", ".join(
        f"{fixed(g, 1, sign=True)} dB at {fixed(level, 0)} dB"
        for level, g in zip(levels_db.tolist(), gains_db.tolist(), strict=True)
    )
    label = f"{name}: gain over the {level}: {points}"
    caption = (
        f"Gain over the {level}: attack {curve.attack_ms:g} ms, release {curve.release_ms:g} ms"
    )
    return caption, figure(label, drawn)


def _coherence(stored: StoredCapture, track: StoredResponse) -> Captioned:
    """Return the coherence by octave and span of time, with what its colours mean."""
    cells = np.array(track.coherence, np.float64)
    rows, spans = cells.shape
    names = [f"{f:g}" if f < 1000.0 else f"{f / 1000.0:g}k" for f in stored.octaves_hz]
    octaves = Axis(0.0, rows, tuple((i + 0.5, name) for i, name in enumerate(names)), "octave, Hz")
    plot = Plot(clock_axis(spans * stored.span_s, "time"), octaves)
    legend = Plot(Axis(0.0, 1.0, ()), Axis(0.0, 1.0, ()), WIDTH - 88.0, 2.0, width=60.0, height=9.0)
    drawn = [
        plot.axes(),
        plot.picture(share_picture(np.nan_to_num(cells))),
        legend.picture(share_picture(np.linspace(0.0, 1.0, 60)[None])),
        text_at(WIDTH - 92.0, 11.0, "0", "end"),
        text_at(WIDTH - 24.0, 11.0, "1", "start"),
    ]
    for row, span in zip(*np.nonzero(np.isnan(cells)), strict=True):
        middle = stored.span_s * (span + np.array([0.3, 0.7]))
        drawn.append(plot.line(middle, np.full(2, row + 0.5), "nothing"))
    known = [[v for v in row if v is not None] for row in track.coherence]
    means = [
        f"{name} Hz {fixed(float(np.mean(row)) if row else None, 2)}"
        for name, row in zip(names, known, strict=True)
    ]
    label = f"{track.name}: coherence by octave and time. Means: {', '.join(means)}"
    caption = f"Coherence by octave and {stored.span_s:g} s; a dash: silent or held out"
    return caption, figure(label, drawn)
