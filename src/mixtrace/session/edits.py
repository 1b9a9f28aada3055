"""Tracks of which a part lies elsewhere than the rest: a cut bar, a take moved by hand.

The windows then fall into two groups, one before a moment and one after it. The larger one places
the track; what the other one shows is told and never corrected, for only the person who made the
cut knows what belongs there. A part that has no peaks within 0.25 s of where the track was found is
looked for over the whole song, alone.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from mixtrace.session.place import find_places
from mixtrace.session.settle import AGREE_S, SURE, Found, settle

__all__ = ["Edit", "find_edit"]

_FEWEST_WINDOWS = 3  # of each part
_PURE = 0.75  # of a part's windows agree with one another
_FOREIGN = 0.2  # at most, of the windows of a part that lies elsewhere, agree with the rest
_SMALLEST_S = 0.001  # a smaller step is what a change of sound does to the phase

_Track = Float[np.ndarray, "_channel _time"]
_Mix = Float[np.ndarray, "2 mix_time"]


@dataclass(frozen=True)
class Edit:
    """A track in two parts.

    Attributes:
        time_s: about where in the mix the second part begins, to some 2 s.
        before_s: by how much the first part must be moved later to lie as in the mix.
        after_s: the same of the second part.
        larger_s: that of the part in which more windows lie.
    """

    time_s: float
    before_s: float
    after_s: float
    larger_s: float


def find_edit(track: _Track, mix: _Mix, found: Found, sample_rate_hz: int) -> Edit | None:
    """Return where a track falls into two parts, None if it does not as far as can be heard.

    Args:
        track: the track, as it was when it was found.
        mix: the mix.
        found: its place, which the windows of one part support.
        sample_rate_hz: the rate of all.
    """
    if not found.sure or found.evidence is None:
        return None
    lags, times = found.evidence.window_lags + found.origin, found.evidence.window_times
    agree = max(2.0, AGREE_S * sample_rate_hz)
    home = np.abs(lags - found.lag) <= agree
    cut = _cut(home)
    if cut is None:
        return None
    time = (times[cut - 1] + times[cut]) / 2.0
    ends = home[:cut].mean() > home[cut:].mean()  # the part that lies elsewhere is the second
    strange = lags[cut:] if ends else lags[:cut]
    place = float(np.median(strange))
    if np.mean(np.abs(strange - place) <= agree) < _PURE:
        far = _elsewhere(track, mix, found, float(time), bool(ends), sample_rate_hz)
        if far is None:
            return None
        place = far
    if abs(place - found.lag) <= _SMALLEST_S * sample_rate_hz:
        return None
    here_s, there_s = found.lag / sample_rate_hz, place / sample_rate_hz
    before_s, after_s = (here_s, there_s) if ends else (there_s, here_s)
    larger_s = before_s if 2 * cut >= len(home) else after_s
    return Edit(time / sample_rate_hz, before_s, after_s, larger_s)


def _cut(home: Bool[np.ndarray, " window"]) -> int | None:
    """Return the window with which the second part begins; None if all is one."""
    cuts = range(_FEWEST_WINDOWS, len(home) - _FEWEST_WINDOWS + 1)
    apart = [abs(float(home[:c].mean() - home[c:].mean())) for c in cuts]
    if not apart:
        return None
    cut = cuts[int(np.argmax(apart))]
    shares = sorted((home[:cut].mean(), home[cut:].mean()))
    return cut if shares[0] <= _FOREIGN and shares[1] >= _PURE else None


def _elsewhere(
    track: _Track, mix: _Mix, found: Found, time: float, ends: bool, sample_rate_hz: int
) -> float | None:
    """Return the lag of the part after (or before) a time of the mix, looked for alone."""
    at = int(np.clip(round(time - found.lag), 0, track.shape[1]))
    part = track.copy()
    part[:, slice(None, at) if ends else slice(at, None)] = 0.0
    _, own = find_places([part], mix, sample_rate_hz, [0])
    if 0 not in own or own[0].confidence < SURE:
        return None
    origin = round(own[0].delay_s * sample_rate_hz)
    place = settle([part], mix, [origin], sample_rate_hz, lambda done, most: None)[0]
    return place.lag if place.sure else None
