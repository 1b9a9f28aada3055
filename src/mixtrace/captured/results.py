"""What a song was read to be: responses, gains and their evidence."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from mixtrace.captured.curves import LevelCurve
from mixtrace.captured.shared import SharedGain

__all__ = ["Capture", "CapturedTrack", "Unread"]


@dataclass(frozen=True, eq=False)
class CapturedTrack:
    """What was read of one track.

    Attributes:
        name: its name.
        group: its group.
        responses: from its channels to left and right, [2, 1 or 2, taps], at the song's rate.
        curve: of its gain over its own level; None where its gain does not follow it.
        gain_db: over the song, a value a frame: of its curve and its ride and of what it shares
            with others; 0 dB is the mean by energy.
        ride_db: what of it is neither shared nor follows a level.
        share: of the whitened mix's energy that its part has.
        holds: the factor at which what is read on one part of the song fits another best: 1
            where all of it holds, 0 where none does, NaN where that cannot be told.
        coherence: of its part with what the others leave of the mix, [band, span].
        sounding: where it sounds: power of the whitened track from 0 to half the rate, 1 at most.
    """

    name: str
    group: str
    responses: Float[Tensor, "2 channel taps"]
    curve: LevelCurve | None
    gain_db: Float[Tensor, " frame"]
    ride_db: Float[Tensor, " frame"]
    share: float
    holds: float
    coherence: Float[Tensor, "band span"]
    sounding: Float[Tensor, " bin"]


@dataclass(frozen=True)
class Unread:
    """A track that was left out.

    Attributes:
        name: its name.
        reason: why, in words.
    """

    name: str
    reason: str


@dataclass(frozen=True, eq=False)
class Capture:
    """What was read of a song.

    Attributes:
        song: its name.
        sample_rate_hz: its rate.
        frame_s: what gains advance by, from the song's start.
        lead: taps of each response before time zero.
        tracks: those that could be read.
        shared: gains of groups and of all; they are part of their tracks' gains.
        unread: those that could not.
        estimate: the sum of the dry tracks under gains and responses, [2, time].
        error_seen: energy of the whitened error over that of the mix, where it was read.
        error_unseen: the same where it was held out; None if nothing was.
    """

    song: str
    sample_rate_hz: int
    frame_s: float
    lead: int
    tracks: tuple[CapturedTrack, ...]
    shared: tuple[SharedGain, ...]
    unread: tuple[Unread, ...]
    estimate: Float[Tensor, "2 time"]
    error_seen: float
    error_unseen: float | None
