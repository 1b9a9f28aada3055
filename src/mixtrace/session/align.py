"""When each track starts in its mix, with which polarity and by which clock.

A track is looked for where it starts (`settle`); what is not found there, where its file's time
reference puts it (`references`) and then over the whole song (`place`), each time with the precise
pass as the last word. Then come the clocks (`clocks`) and the edits (`edits`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float

from mixtrace.session.alignment import Alignment
from mixtrace.session.clocks import follow_clocks
from mixtrace.session.correlate import MAX_LAG_S
from mixtrace.session.edits import Edit, find_edit
from mixtrace.session.place import find_places
from mixtrace.session.references import Starts, confirmed_delays, proposed_delays
from mixtrace.session.settle import SURE, Found, settle

__all__ = ["Finding", "Reference", "estimate_alignments", "find_alignments"]

Reference = Literal["", "confirmed", "carried", "refused"]
"""What a file's time reference came to: it had or changed nothing; the sound agrees; nothing is
heard of the track, but of others whose references agree; the sound does not agree."""

_SCOUTS = 4  # tracks looked for over the whole song before the others are
_SAME_S = 0.005  # what a track without sound of its own is not moved for

_Track = Float[np.ndarray, "_channel _time"]
_Mix = Float[np.ndarray, "2 mix_time"]
_Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Finding:
    """What is known of how a track lies in its mix.

    Attributes:
        alignment: how it is moved.
        reference: what its file's time reference came to.
        edit: where it falls into two parts, as far as that was heard.
    """

    alignment: Alignment
    reference: Reference = ""
    edit: Edit | None = None


def estimate_alignments(
    tracks: Sequence[_Track],
    mix: _Mix,
    sample_rate_hz: int,
    progress: _Progress = lambda done, most: None,
) -> list[Alignment]:
    """Return how each track lies in the mix, by its sound alone; see `find_alignments`."""
    starts = Starts((None,) * len(tracks))
    found = find_alignments(tracks, mix, starts, sample_rate_hz, progress)
    return [finding.alignment for finding in found]


def find_alignments(
    tracks: Sequence[_Track],
    mix: _Mix,
    starts: Starts,
    sample_rate_hz: int,
    progress: _Progress = lambda done, most: None,
) -> list[Finding]:
    """Return how each track lies in the mix, from joint passes until nothing moves.

    Args:
        tracks: K tracks, mono or stereo, of any length.
        mix: the mix.
        starts: when their files say that they begin.
        sample_rate_hz: their rate.
        progress: called with the number of passes done and the most there can be; again from the
            first where tracks were looked for elsewhere, or stretched.

    Returns:
        One finding a track. Where nothing was measured: no delay, polarity +1, confidence 0 - or
        what the time references say, if the sound of other tracks confirms them, or the common
        delay and drift, if most of the other tracks were found at one and the same.
    """
    if not tracks:
        return []
    search = _Search(tracks, mix, sample_rate_hz, progress)
    search.at_home()
    tried = search.by_reference(starts)
    search.everywhere()
    clocked = follow_clocks(tracks, mix, search.found, sample_rate_hz, progress)
    confirmed = confirmed_delays(starts, [c.found for c in clocked], sample_rate_hz)
    findings = []
    for k, (track, clock) in enumerate(zip(tracks, clocked, strict=True)):
        place, said = clock.found, confirmed[k]
        reference = _reference(place, tried.get(k), said, sample_rate_hz)
        if reference == "carried" and said is not None:
            place = replace(place, lag=said * sample_rate_hz)
        edit = None if clock.drift else find_edit(track, mix, place, sample_rate_hz)
        if edit is not None:
            place = replace(place, lag=edit.larger_s * sample_rate_hz)
        confidence = min(place.confidence, search.limits[k])
        drift_ppm = round(1e6 * clock.drift, 2)
        alignment = Alignment(place.lag / sample_rate_hz, place.polarity, confidence, drift_ppm)
        findings.append(Finding(alignment, reference, edit))
    return findings


class _Search:
    """Where the tracks were found so far."""

    def __init__(
        self, tracks: Sequence[_Track], mix: _Mix, sample_rate_hz: int, progress: _Progress
    ) -> None:
        self.tracks, self.mix, self.rate, self.progress = tracks, mix, sample_rate_hz, progress
        self.origins = [0] * len(tracks)
        self.limits = [1.0] * len(tracks)
        self.found: list[Found] = []

    @property
    def lost(self) -> list[int]:
        """The tracks of which nothing is sure."""
        return [k for k, place in enumerate(self.found) if not place.sure]

    def at_home(self) -> None:
        """Look for all tracks where they start."""
        self._settle()

    def by_reference(self, starts: Starts) -> dict[int, float]:
        """Look for lost tracks where their references put them; return these delays in seconds."""
        said = proposed_delays(starts, self.found, self.rate)
        tried = {k: d for k in self.lost if (d := said[k]) is not None and abs(d) > MAX_LAG_S / 2}
        if not tried:
            return {}
        for k, delay_s in tried.items():
            self.origins[k] = round(delay_s * self.rate)
        self._settle()
        for k in set(self.lost) & set(tried):
            self.origins[k] = 0
        return tried

    def by_scouts(self) -> None:
        """Look for many lost tracks where a few of them are found, all at one place.

        So it is with a mix that was trimmed; a look at the whole song costs seconds a track.
        """
        lost = self.lost
        scouts = lost[:: max(1, len(lost) // _SCOUTS)][:_SCOUTS]
        if len(lost) < 2 * _SCOUTS:
            return
        _, own = find_places(self.tracks, self.mix, self.rate, scouts)
        sure = [place for place in own.values() if place.confidence >= SURE]
        middle_s = float(np.median([place.delay_s for place in sure])) if sure else 0.0
        together = [p for p in sure if abs(p.delay_s - middle_s) <= MAX_LAG_S / 4]
        if len(together) <= _SCOUTS / 2 or abs(middle_s) <= MAX_LAG_S / 2:
            return
        for k in lost:
            self.origins[k] = round(middle_s * self.rate)
            self.limits[k] = min(place.confidence for place in together)
        self._settle()
        for k in self.lost:
            self.origins[k], self.limits[k] = 0, 1.0

    def everywhere(self) -> None:
        """Look for lost tracks over the whole song.

        Without a clear place of its own a track is looked for where the lost ones together were.
        """
        self.by_scouts()
        lost, before = self.lost, list(self.origins)
        if not lost:
            return
        shared, own = find_places(self.tracks, self.mix, self.rate, lost)
        for k in lost:
            places = (p for p in (own.get(k), shared) if p is not None and p.confidence >= SURE)
            place = next(places, None)
            if place is not None and abs(place.delay_s) > MAX_LAG_S / 2:
                self.origins[k] = round(place.delay_s * self.rate)
                self.limits[k] = place.confidence
        if self.origins != before:
            self._settle()

    def _settle(self) -> None:
        self.found = settle(self.tracks, self.mix, self.origins, self.rate, self.progress)


def _reference(
    place: Found, tried: float | None, said: float | None, sample_rate_hz: int
) -> Reference:
    """Return what a reference came to.

    Args:
        place: where the track was found.
        tried: the delay at which it was looked for, as its reference says, in seconds.
        said: the delay that the references say, if the sound of others confirms them.
        sample_rate_hz: the rate of the place.
    """
    if place.sure:
        near = tried is not None and abs(place.lag / sample_rate_hz - tried) <= MAX_LAG_S
        return "confirmed" if near else "refused" if tried is not None else ""
    moves = said is not None and abs(said - place.lag / sample_rate_hz) > _SAME_S
    return "carried" if moves else "refused" if tried is not None else ""
