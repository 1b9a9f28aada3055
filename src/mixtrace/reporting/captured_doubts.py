"""What a reader should doubt of what was read: of each track, and of the song as a whole."""

from pathlib import Path

from msgspec.structs import replace

from mixtrace.reporting.result import fixed
from mixtrace.session.song import listed
from mixtrace.store import RESPONSES, StoredCapture, StoredResponse, lost_responses
from mixtrace.wording import percent

__all__ = ["noting_losses", "song_doubts", "track_doubts"]

_UNEXPLAINED = 0.3  # songs whose tracks are all there leave .1 to 23 %; one without its drums, 61 %
_HOLDS = 0.6  # tracks below a fifth are not read at all; those between the two are half guessed
_COHERENT = 0.4  # in its best octave: less than a sixth of its power there is found in the mix
_FAR_S = 0.02  # the direct part of an aligned track lies nearer to time zero


def noting_losses(folder: Path, stored: StoredCapture) -> StoredCapture:
    """Return a capture that tells in a note which of its responses are gone from its folder."""
    lost = lost_responses(folder, stored)
    if not lost:
        return stored
    note = f"gone from {RESPONSES}/: {listed(lost)}. Run mixtrace capture again to have them back"
    return replace(stored, notes=(*stored.notes, note))


def song_doubts(stored: StoredCapture) -> tuple[str, ...]:
    """Return what speaks against the whole reading, a sentence or none."""
    if stored.error_seen <= _UNEXPLAINED:
        return ()
    return (
        f"{percent(stored.error_seen)} of the mix's energy is unexplained; a track may be missing "
        "or of another take, or more was done to one than a response and a gain can tell, and what "
        "is read of the others suffers from it",
    )


def track_doubts(track: StoredResponse, coherence: float | None) -> list[tuple[str, str]]:
    """Return what speaks against the reading of a track, a few words and a sentence each.

    Args:
        track: the track.
        coherence: of its best octave, None where none is known.
    """
    doubts = []
    if abs(track.arrival_s) > _FAR_S:
        doubts.append(
            (
                "peak far off",
                f"its strongest peak lies {1000.0 * abs(track.arrival_s):.0f} ms off time zero, so "
                "that what is called its direct part may be an echo or a guess",
            )
        )
    if track.holds is None:
        doubts.append(
            (
                "not tested",
                "what is read of it could not be tested: every fourth stretch of 2 s is kept to "
                "test on it what is read on the others, and too little of the track, or of one of "
                "its channels, lies in one of both",
            )
        )
    elif track.holds < _HOLDS:
        doubts.append(
            (
                "holds poorly",
                "what is read of it on one part of the song fits another best when it is scaled "
                f"down to {fixed(track.holds, 2)}",
            )
        )
    if coherence is None or coherence < _COHERENT:
        doubts.append(
            (
                "little in common",
                "in no octave has it much in common with what the other tracks leave of the mix, "
                "as after pitch correction or where it is hardly heard",
            )
        )
    return doubts
