"""The pictures of a response over time: lead, direct part, echoes and tail, each by its name."""

import numpy as np
from jaxtyping import Float
from markupsafe import Markup

from mixtrace.reporting.svg import Plot, figure, level_axis, text_at
from mixtrace.store import StoredCapture, StoredResponse
from mixtrace.wording import seconds, signed_db

__all__ = ["Captioned", "response_figures"]

Captioned = tuple[str, Markup]
"""What stands below a figure, and the figure."""

_LOWEST_DB = -80.0
_LABELS_DB = 12.0  # above 0 dB: room for the names of the parts
_NEAR_S = (0.035, 0.075)  # before and after the arrival
_DIRECT_BEFORE_S = 0.005  # as the curve of the direct part is cut
_MOST_POINTS = 300
_LETTER_PX = 6.5
_FITTED = 25.0 / 60.0  # of the RT60: how far down the line behind it was fitted
_STEPS_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def response_figures(stored: StoredCapture, track: StoredResponse) -> list[Captioned]:
    """Return the response of a track around time zero and as a whole."""
    return [_near(stored, track), _whole(stored, track)]


def _near(stored: StoredCapture, track: StoredResponse) -> Captioned:
    """Return the response around its arrival, every millisecond of it."""
    times_s, energy_db = _energy(stored, track)
    first_s = max(times_s[0], min(0.0, track.arrival_s) - _NEAR_S[0])
    last_s = min(times_s[-1], max(0.0, track.arrival_s) + _NEAR_S[1])
    step_ms = 1000.0 * _step_s(last_s - first_s)
    axis = level_axis(1000.0 * first_s, 1000.0 * last_s, step_ms, "ms after time zero")
    plot = Plot(axis, level_axis(_LOWEST_DB, _LABELS_DB, 20.0, "energy, dB"))
    drawn = _parts(plot, stored, track, 1000.0 * times_s, energy_db, 1000.0)
    drawn += _echoes(plot, stored, track, 1000.0)
    label = (
        f"{track.name}: response around time zero, energy in dB of each millisecond. Its peak "
        f"comes {1000.0 * track.arrival_s:.2f} ms after time zero, its direct part ends after "
        f"{1000.0 * track.direct_end_s:.0f} ms"
    )
    return "Response around time zero, relative to its strongest millisecond", figure(label, drawn)


def _whole(stored: StoredCapture, track: StoredResponse) -> Captioned:
    """Return the whole response, the strongest of neighbouring milliseconds."""
    times_s, energy_db = _energy(stored, track)
    parts = np.array_split(np.arange(len(times_s)), min(len(times_s), _MOST_POINTS))
    middle_s = np.array([times_s[part].mean() for part in parts])
    peaks_db = np.array([energy_db[part].max() for part in parts])
    step_s = _step_s(times_s[-1] - times_s[0])
    axis = level_axis(times_s[0], times_s[-1], step_s, "s after time zero")
    plot = Plot(axis, level_axis(_LOWEST_DB, _LABELS_DB, 20.0, "energy, dB"))
    drawn = _parts(plot, stored, track, middle_s, peaks_db, 1.0)
    drawn += _echoes(plot, stored, track, 1.0)
    falls = "; no decay time can be told"
    if track.rt60_s is not None:
        falls = f" and falls by 60 dB in {seconds(track.rt60_s)}"
        drawn.append(_slope(plot, track, times_s, energy_db, track.rt60_s))
    label = (
        f"{track.name}: whole response, energy in dB over {times_s[-1] - times_s[0]:.2f} s. "
        f"{len(track.echoes)} echoes; the tail is at {signed_db(track.tail_db)} relative to "
        f"the direct part{falls}"
    )
    dashed = "" if track.rt60_s is None else f"; dashed: RT60 of {seconds(track.rt60_s)}"
    return f"The whole response{dashed}", figure(label, drawn)


def _energy(
    stored: StoredCapture, track: StoredResponse
) -> tuple[Float[np.ndarray, " bin"], Float[np.ndarray, " bin"]]:
    """Return the middles in seconds of the steps of a response, two at least, and their energy."""
    energy_db = np.array(track.energy_db)
    if len(energy_db) == 1:
        energy_db = np.append(energy_db, _LOWEST_DB)
    lead_s = stored.lead_samples / stored.sample_rate_hz
    return (np.arange(len(energy_db)) + 0.5) * stored.energy_step_s - lead_s, energy_db


def _parts(
    plot: Plot,
    stored: StoredCapture,
    track: StoredResponse,
    times: Float[np.ndarray, " point"],
    energy_db: Float[np.ndarray, " point"],
    unit: float,
) -> list[Markup]:
    """Return lead, direct part and tail, each in its colour and with its name where it fits.

    Args:
        plot: where.
        stored: the song.
        track: its track.
        times: in the unit of the plot.
        energy_db: at these times.
        unit: of them in a second.
    """
    ends = (times[0], unit * (track.arrival_s - _DIRECT_BEFORE_S), unit * track.direct_end_s)
    borders = np.clip([*ends, times[-1]], plot.x.low, plot.x.high)
    drawn, names = [plot.axes()], []
    for name, start, end in zip(("lead", "direct", "tail"), borders, borders[1:], strict=False):
        if end <= start:
            continue
        inside = times[(times > start) & (times < end)]
        xs = np.concatenate([[start], inside, [end]])
        drawn.append(plot.area(xs, np.interp(xs, times, energy_db), look=f"{name}-part"))
        (left, y), (right, _) = plot.points(np.array([start, end]), np.full(2, _LABELS_DB))
        if right - left > _LETTER_PX * len(name):
            names.append(text_at((left + right) / 2.0, y + 12.0, name))
    return [*drawn, plot.line(np.zeros(2), np.array([_LOWEST_DB, 0.0]), "zero"), *names]


def _echoes(plot: Plot, stored: StoredCapture, track: StoredResponse, unit: float) -> list[Markup]:
    """Return a stem for each echo that lies in the plot, and a name on the strongest."""
    times_s, energy_db = _energy(stored, track)
    inside = [e for e in track.echoes if unit * (track.arrival_s + e.after_s) < plot.x.high]
    if not inside:
        return []
    places_s = np.array([track.arrival_s + echo.after_s for echo in inside])
    tops_db = energy_db[np.abs(places_s[:, None] - times_s).argmin(1)]
    strongest = int(np.argmax([echo.level_db for echo in inside]))
    ((x, y),) = plot.points(unit * places_s[[strongest]], tops_db[[strongest]])
    anchor = "end" if x > plot.left + plot.width - 30.0 else "middle"
    return [
        plot.stems(unit * places_s, tops_db, _LOWEST_DB, "stem echo"),
        text_at(x, y - 4.0, "echo", anchor),
    ]


def _slope(
    plot: Plot,
    track: StoredResponse,
    times_s: Float[np.ndarray, " bin"],
    energy_db: Float[np.ndarray, " bin"],
    rt60_s: float,
) -> Markup:
    """Return the line along which a tail falls, through the part that its RT60 is read from."""
    after_s = times_s - track.direct_end_s
    tail = (after_s >= 0.0) & (after_s <= _FITTED * rt60_s)
    start_db = float(np.median((energy_db + 60.0 * after_s / rt60_s)[tail])) if tail.any() else 0.0
    last_s = min(times_s[-1], track.direct_end_s + (start_db - _LOWEST_DB) / 60.0 * rt60_s)
    ends_s = np.array([track.direct_end_s, last_s])
    return plot.line(ends_s, start_db - 60.0 * (ends_s - track.direct_end_s) / rt60_s, "falls")


def _step_s(length_s: float) -> float:
    return next((step for step in _STEPS_S if length_s / step <= 6.0), length_s / 4.0)
