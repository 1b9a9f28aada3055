"""Whether a mix is that of its tracks at all, and what a search is to take of a session."""

from dataclasses import replace

import numpy as np
import soxr

from mixtrace.errors import SessionError
from mixtrace.session.align import estimate_alignments
from mixtrace.session.alignment import apply_alignment
from mixtrace.session.contents import examine
from mixtrace.session.session import Session, Track
from mixtrace.session.song import listed

__all__ = ["used_session", "wrong_mix"]

_HEARD_SHARE = 0.125  # of the tracks that sound: one of eight may be a click or a common sample
_CLOCKS = ((44_100, 48_000), (48_000, 44_100), (1, 2), (2, 1))  # rate of the data : of the header
_LOOK_S = 30.0
_LOOK_TRACKS = 6


def used_session(session: Session, *, force: bool = False) -> Session:
    """Return a session as it is to be searched: without tracks that do not belong to its mix.

    Args:
        session: read with its alignment measured; any other comes back as it is.
        force: whether to take all tracks, whatever was heard.

    Raises:
        SessionError: (nearly) none of the tracks is heard in the mix.
    """
    if force:
        return session
    refusal = wrong_mix(session)
    if refusal is not None:
        raise SessionError(refusal)
    return replace(session, tracks=tuple(t for t in session.tracks if not t.unused))


def wrong_mix(session: Session) -> str | None:
    """Return one sentence on what was heard and what to do, None if the mix is that of its tracks.

    A mix is refused when no more than one in eight of the tracks that sound is heard in it and half
    of them at least are surely not: their waveforms are in it no more than by chance. If they are
    heard at another sample rate than their headers say, that is told.
    """
    sounding = [track for track in session.tracks if track.hearing.times_chance]
    heard = [track for track in sounding if track.hearing.coherent]
    foreign = [track for track in sounding if track.hearing.apart]
    few = len(heard) <= _HEARD_SHARE * len(sounding)
    if not foreign or not few or len(foreign) < len(sounding) / 2:
        return None
    names = listed([track.name for track in foreign])
    clock = _clock(session, foreign)
    if clock is not None:
        data, header = clock
        return (
            f"Expected tracks that run as fast as their mix; {names} would be heard in it at "
            f"{data:,} Hz, though the header says {header:,}. Correct the sample rate in the "
            "tracks' headers, or that of the mix, or pass --force to take them as they are."
        )
    only = f"only {listed([t.name for t in heard])} can be heard in it, not {names}"
    none = f"none of them can be heard in it: {names}"
    return (
        f"Expected the mix of these tracks; {only if heard else none}. "
        "Choose the mix with --mix FILE, or pass --force to take them all the same."
    )


def _clock(session: Session, tracks: list[Track]) -> tuple[int, int] | None:
    """Return the rate at which tracks are heard and that of their header, in Hz, if they differ."""
    time = min(session.mix.shape[1], int(_LOOK_S * session.sample_rate_hz))
    chosen = sorted(tracks, key=lambda t: -float(np.sum(t.audio[:, :time] ** 2)))[:_LOOK_TRACKS]
    for data, header in _CLOCKS:
        if 2 * _heard_at(data / header, session, chosen, time) > len(chosen):
            written = chosen[0].file_rate_hz
            return round(written * data / header), written
    return None


def _heard_at(ratio: float, session: Session, tracks: list[Track], time: int) -> int:
    """Return how many of the tracks are heard if their data have so many times the rate read."""
    rate, mix = session.sample_rate_hz, session.mix[:, :time]
    longest = int(time * ratio) + rate
    slowed = [soxr.resample(t.audio[:, :longest].T, ratio, 1.0).T for t in tracks]
    found = estimate_alignments(slowed, mix, rate)
    placed = [apply_alignment(a, how, time, rate) for a, how in zip(slowed, found, strict=True)]
    return sum(hearing.coherent for hearing in examine(placed, mix, rate).hearings)
