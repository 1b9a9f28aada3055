"""Tracks of another clock, made as long as their mix has them.

A line through the windows' peaks (`drift`) is only a first opinion: within each window the drift
smears the peak. So the track is stretched and everything measured anew. It stays stretched if it
then fits better, by the height of its peak; what slope is left is added.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from mixtrace.session.alignment import stretch
from mixtrace.session.correlate import (
    choose_windows,
    fit_jointly,
    measure_lags,
    window_length,
)
from mixtrace.session.drift import Line, find_line
from mixtrace.session.scratch import Scratch, Views, view_of
from mixtrace.session.settle import Found, settle

__all__ = ["Clocked", "follow_clocks"]

_SIDE_BY_SIDE = 8  # windows of a short song a slope is measured with; two of 3 s would show none
_ALIKE = 3e-6  # clocks that differ by less are one
_LEFT = 3e-6  # of a slope: smears the peak of no window by more than a hundredth of a millisecond
_MOST_ROUNDS = 3

_Track = Float[np.ndarray, "_channel _time"]
_Mix = Float[np.ndarray, "2 mix_time"]


@dataclass(frozen=True)
class Clocked:
    """Where a track lies, and how its clock runs.

    Attributes:
        found: its place, once it is stretched.
        drift: by what part of itself it is made longer.
        line: the delay over time that is left; None where windows show no line.
    """

    found: Found
    drift: float
    line: Line | None


def follow_clocks(
    tracks: Sequence[_Track],
    mix: _Mix,
    found: Sequence[Found],
    sample_rate_hz: int,
    progress: Callable[[int, int], None],
) -> list[Clocked]:
    """Return where the tracks lie once each runs by the clock of the mix.

    A track of which nothing is known goes with the others, if most of them run by one other clock.

    Args:
        tracks: K tracks, mono or stereo, of any length.
        mix: the mix.
        found: from `settle`, for the tracks as they are.
        sample_rate_hz: their rate.
        progress: called with the number of passes done and the most there can be.
    """
    lines = _lines(tracks, mix, found, sample_rate_hz)
    unmoved = [Clocked(*pair[:1], 0.0, pair[1]) for pair in zip(found, lines, strict=True)]
    now = _first_guess(unmoved)
    for _ in range(_MOST_ROUNDS):
        if not any(track.drift for track in now):
            break
        stretched = _stretched(tracks, [track.drift for track in now])
        starts = [round(track.found.lag) for track in now]
        places = settle(stretched, mix, starts, sample_rate_hz, progress)
        lines = _lines(stretched, mix, places, sample_rate_hz)
        seen = [Clocked(p, c.drift, line) for p, c, line in zip(places, now, lines, strict=True)]
        now = [_judged(*pair) for pair in zip(seen, unmoved, strict=True)]
        if all(abs(c.line.slope) <= _LEFT for c in now if c.drift and c.line and c.line.known):
            break
    return now


def _lines(
    tracks: Sequence[_Track], mix: _Mix, found: Sequence[Found], sample_rate_hz: int
) -> list[Line | None]:
    """Return the delay of each track over time, from shorter windows where the song is short."""
    lines = [find_line(f.evidence, f.origin, sample_rate_hz) for f in found]
    time = mix.shape[1]
    short = window_length(time, sample_rate_hz, _SIDE_BY_SIDE)
    even = [line is not None and line.even for line, f in zip(lines, found, strict=True) if f.sure]
    if short == window_length(time, sample_rate_hz) or (even and all(even)):
        return lines
    shifts = [round(f.lag) for f in found]
    grid = choose_windows(tracks, mix, shifts, sample_rate_hz, _SIDE_BY_SIDE)
    responses = fit_jointly(tracks, mix, shifts, grid)
    evidence = measure_lags(tracks, mix, shifts, shifts, responses, grid)
    return [find_line(e, s, sample_rate_hz) for e, s in zip(evidence, shifts, strict=True)]


def _first_guess(tracks: Sequence[Clocked]) -> list[Clocked]:
    """Return the tracks with the drifts of their lines, or with the one that most of them show."""
    known = [c.line for c in tracks if c.line is not None and c.line.known]
    middle = float(np.median([line.slope for line in known])) if known else 0.0
    alike = [line for line in known if abs(line.slope - middle) <= _ALIKE]
    common = len(alike) >= max(3, 2 / 3 * len(known)) and sum(line.drifts for line in alike) >= 2
    guessed = []
    for track in tracks:
        line = track.line if track.line is not None and track.line.drifts else None
        if common and line is None and (track.line is None or not track.line.known):
            line = alike[0]
        if line is not None:
            place = replace(track.found, lag=line.start)
            track = Clocked(place, line.stretch, track.line)
        guessed.append(track)
    return guessed


def _judged(seen: Clocked, unmoved: Clocked) -> Clocked:
    """Return the track stretched, by what is left too, if it fits better so; else as it was."""
    if not seen.drift:
        return seen
    carried = unmoved.line is None or not unmoved.line.drifts
    if not (_height(seen.found) > _height(unmoved.found) if seen.found.sure else carried):
        return unmoved
    line = seen.line
    if line is None or not line.known or not seen.found.sure:
        return seen
    drift = (1.0 + seen.drift) * (1.0 + line.stretch) - 1.0
    return Clocked(replace(seen.found, lag=line.start), drift, line)


def _height(found: Found) -> float:
    return 0.0 if found.evidence is None else float(np.max(np.abs(found.evidence.correlation)))


def _stretched(tracks: Sequence[_Track], drifts: Sequence[float]) -> Sequence[_Track]:
    """Return the tracks, those that drift made longer and kept where there is room."""
    scratch = Scratch()
    kept = [scratch.keep(stretch(tracks[k], 1e6 * d)) if d else None for k, d in enumerate(drifts)]

    def show(number: int) -> _Track:
        own = kept[number]
        return tracks[number] if own is None else view_of(own)

    return Views(show, range(len(tracks)))
