"""Everything read of a song: responses and gains of its tracks, in turns, and what supports them.

Responses and level curves are read in turns, each with what the other found. After the first turn
responses of several lengths are read on three quarters of the song and judged on the last; the
length that does best there is taken, and a track whose response fails there is not read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mixtrace.captured.ballistics import Ballistics, levels_db
from mixtrace.captured.coherence import coherence
from mixtrace.captured.curves import LevelCurve
from mixtrace.captured.factors import Factor
from mixtrace.captured.frames import frames_of
from mixtrace.captured.gains import read_gains, total_gain
from mixtrace.captured.responses import apply_responses, read_responses
from mixtrace.captured.shared import SharedGain, decibels, moves, sets_of, shared_gains
from mixtrace.captured.whitening import whitening_of
from mixtrace.session import Session, Track

__all__ = ["FRAME_S", "Capture", "CapturedTrack", "Progress", "Unread", "capture_session"]

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many steps of it are done, and of how many."""

LEAD_S = 0.03
FRAME_S = 0.005
_LENGTHS_S = (0.1, 0.25, 0.5, 1.0, 2.0)
_USUAL = 1  # where the search for a length begins
_SONG_LENGTHS = 14  # a song is at least so many times as long as a response
_FOLD_S = 2.0
_FOLDS = 4  # of them one is judged, three are learnt from
_PLAYS = 0.05  # of a track's energy: what has to lie in a part of the song to tell of it
_HOLDS = 0.2


@dataclass(frozen=True, eq=False)
class CapturedTrack:
    """What was read of one track.

    Attributes:
        name: its name.
        group: its group.
        responses: from its channels to left and right, [2, 1 or 2, taps], at the song's rate.
        curve: of its gain over its own level; None where its gain does not follow it.
        gain_db: over the song, a value each `FRAME_S`: of its curve and its ride and of what it
            shares with others; 0 dB is the mean by energy.
        ride_db: what of it is neither shared nor follows a level.
        share: of the whitened mix's energy that its part has.
        holds: the factor at which what is read on one part of the song fits another best: 1
            where all of it holds, 0 where none does, NaN where that cannot be told.
        coherence: of its part with what the others leave of the mix, [band, span].
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
    lead: int
    tracks: tuple[CapturedTrack, ...]
    shared: tuple[SharedGain, ...]
    unread: tuple[Unread, ...]
    estimate: Float[Tensor, "2 time"]
    error_seen: float
    error_unseen: float | None


def capture_session(
    session: Session,
    held_out: Sequence[tuple[int, int]] = (),
    progress: Progress = lambda what, done, total: None,
) -> Capture:
    """Read a song.

    Args:
        session: mix and tracks, each where the mix has it.
        held_out: ranges [start, stop) of samples of the mix that are not read.
        progress: see `Progress`.
    """
    reading = _Reading(session, held_out)
    read = reading.read(progress)
    failed = [k for k, held in enumerate(read.holds) if held < _HOLDS]
    lost = [
        Unread(reading.tracks[k].name, "what is read on one part of the song fails on another")
        for k in failed
    ]
    if failed:
        reading = reading.without(failed)
        read = reading.read(progress)
    return reading.captured(read, tuple(lost))


def _unreadable(track: Track) -> str | None:
    if track.silent:
        return "it is silent"
    if track.duplicate_of is not None:
        return f"it is the same recording as {track.duplicate_of}, which stands for both"
    return None


@dataclass(frozen=True, eq=False)
class _Read:
    """Responses of all channels, gains that move, and how much of each track's reading holds."""

    responses: Float[Tensor, "2 input taps"]
    factors: Sequence[Factor]
    holds: Sequence[float]


class _Reading:
    """A song as it is read: whitened channels of its readable tracks."""

    def __init__(
        self,
        session: Session,
        held_out: Sequence[tuple[int, int]],
        tracks: Sequence[Track] | None = None,
    ) -> None:
        self.session, self.held_out = session, held_out
        self.rate = session.sample_rate_hz
        self.mix = torch.from_numpy(session.mix)
        self.tracks = (
            [t for t in session.tracks if _unreadable(t) is None] if tracks is None else tracks
        )
        self.heard = torch.ones(self.mix.shape[-1], dtype=torch.bool)
        for start, stop in held_out:
            self.heard[start:stop] = False
        self.lead = round(LEAD_S * self.rate)
        self.frame = round(FRAME_S * self.rate)
        self.whitening = whitening_of(self.mix[:, self.heard], self.rate)
        self.wet = self.whitening.apply(self.mix)
        self.channels = [self._channels(k) for k in range(len(self.tracks))]
        self.dry = torch.cat([self.whitening.apply(self._audio(k)) for k in self._every])
        self.levels = lru_cache(maxsize=None)(self._levels)

    @property
    def _every(self) -> range:
        return range(len(self.tracks))

    @property
    def _ladder(self) -> list[int]:
        """The lengths that may be chosen, in taps."""
        longest_s = self.mix.shape[-1] / self.rate / _SONG_LENGTHS
        return [2 * round(s * self.rate / 2) for s in _LENGTHS_S if s <= max(longest_s, 0.25)]

    def without(self, failed: Sequence[int]) -> "_Reading":
        """Return the same without some of the tracks."""
        kept = [track for k, track in enumerate(self.tracks) if k not in failed]
        return _Reading(self.session, self.held_out, kept)

    def _audio(self, track: int) -> Float[Tensor, "channel time"]:
        return torch.from_numpy(self.tracks[track].audio.copy())

    def _channels(self, track: int) -> slice:
        before = sum(len(self.tracks[k].audio) for k in range(track))
        return slice(before, before + len(self.tracks[track].audio))

    def _levels(self, track: int, detectors: tuple[Ballistics, ...]) -> Tensor:
        return levels_db(self._audio(track), detectors, self.frame, self.rate)

    def read(self, progress: Progress) -> "_Read":
        """Return responses and gains, read in turns."""
        steps = 6
        progress("reading the mix", 0, steps)
        responses = self._responses(self.dry, self._ladder[_USUAL])
        progress("reading the mix", 1, steps)
        gains = self._gains(self._factors(responses, self._gains(())))
        gained = self._gained(gains)
        progress("reading the mix", 2, steps)
        taps, holds = self._choose(gained)
        progress("reading the mix", 3, steps)
        responses = self._responses(gained, taps)
        progress("reading the mix", 4, steps)
        factors = self._factors(responses, gains)
        progress("reading the mix", 5, steps)
        gained = self._gained(self._gains(factors))
        responses = self._responses(gained, taps, responses, exact=True)
        progress("reading the mix", steps, steps)
        return _Read(responses, factors, holds)

    def _choose(self, dry: Float[Tensor, "input time"]) -> tuple[int, list[float]]:
        """Return how many taps judge best, and how much of each track's reading holds."""
        judged = torch.arange(self.mix.shape[-1]) // round(_FOLD_S * self.rate) % _FOLDS == 2
        judged &= self.heard
        learnt = self.heard & ~judged
        energy, there = (dry * self.heard).square().sum(-1), (dry * learnt).square().sum(-1)
        known = there > _PLAYS * energy
        tried: dict[int, tuple[float, Tensor]] = {}

        def error(place: int) -> float:
            if place not in tried:
                found = torch.zeros((2, len(dry), self._ladder[place]))
                taps = self._ladder[place]
                found[:, known] = read_responses(
                    dry[known] * learnt, self.wet * learnt, taps, self.lead, self.rate
                )
                rest = (self.wet - apply_responses(found, dry, self.lead)) * judged
                tried[place] = (float(rest.square().sum()), found)
            return tried[place][0]

        best = _USUAL
        while best + 1 < len(self._ladder) and error(best + 1) < error(best):
            best += 1
        while best > 0 and best - 1 not in tried and error(best - 1) <= error(best):
            best -= 1
        found = tried[best][1]
        rest = (self.wet - apply_responses(found, dry, self.lead)) * judged
        holds = []
        for k in self._every:
            mine = self.channels[k]
            part = apply_responses(found[:, mine], dry[mine], self.lead) * judged
            power = float(part.square().sum())
            heard = (dry[mine] * judged).square().sum() > _PLAYS * energy[mine].sum()
            sure = bool(heard) and bool(known[mine].all()) and power > 0
            holds.append(1.0 + float((part * rest).sum()) / power if sure else float("nan"))
        return self._ladder[best], holds

    def _factors(
        self, responses: Float[Tensor, "2 input taps"], gains: Float[Tensor, "frame track"]
    ) -> list[Factor]:
        """Return what moves the gains; `gains` are what is known of them so far."""
        parts = torch.stack(
            [apply_responses(responses[:, c], self.dry[c], self.lead) for c in self.channels]
        )
        frames = frames_of(
            lambda a, b: parts[..., a:b], self.wet, self.heard, self.frame, self.rate
        )

        @cache
        def levels(tracks: tuple[int, ...], detectors: tuple[Ballistics, ...]) -> Tensor:
            if len(tracks) == 1:
                return self.levels(tracks[0], detectors)
            dry = torch.cat([self.under_gain(k, gains[:, k]) for k in tracks])
            each = torch.cat([responses[:, self.channels[k]] for k in tracks], 1)
            total = apply_responses(each, dry, self.lead)
            return levels_db(total, detectors, self.frame, self.rate)

        groups = sets_of([track.group for track in self.tracks])
        return read_gains(frames, tuple(groups), levels)

    def _gains(self, factors: Sequence[Factor]) -> Float[Tensor, "frame track"]:
        frames = -(-self.mix.shape[-1] // self.frame)
        return total_gain(factors, frames, len(self.tracks), self.frame / self.rate)

    def _gained(self, gains: Float[Tensor, "frame track"]) -> Float[Tensor, "input time"]:
        """Return the whitened tracks under their gains."""
        return torch.cat(
            [
                self.whitening.apply(self.under_gain(k, gains[:, k]))
                if moves(gains[:, k])
                else self.dry[self.channels[k]]
                for k in self._every
            ]
        )

    def captured(self, read: "_Read", lost: tuple[Unread, ...]) -> Capture:
        """Return the capture with its estimate and evidence."""
        gains = self._gains(read.factors)
        time_s = torch.arange(len(gains)) * (self.frame / self.rate)
        gained = [self.under_gain(k, gains[:, k]) for k in self._every]
        estimate = apply_responses(read.responses, torch.cat(gained), self.lead)
        rest = self.wet - self.whitening.apply(estimate)
        energy = float((self.wet * self.heard).square().sum())
        tracks = []
        for k, track in enumerate(self.tracks):
            responses = read.responses[:, self.channels[k]]
            part = apply_responses(responses, self.whitening.apply(gained[k]), self.lead)
            share = float((part * self.heard).square().sum()) / energy
            alike = coherence(part, rest + part, self.heard, self.rate)
            own = SharedGain.of(track.name, (k,), self.tracks, time_s, read.factors)
            tracks.append(
                CapturedTrack(
                    track.name,
                    track.group,
                    responses,
                    own.curve,
                    decibels(gains[:, k]),
                    own.ride_db,
                    share,
                    read.holds[k],
                    alike,
                )
            )
        reasons = [(t.name, _unreadable(t)) for t in self.session.tracks]
        unread = tuple(Unread(name, reason) for name, reason in reasons if reason is not None)
        return Capture(
            self.session.name,
            self.rate,
            self.lead,
            tuple(tracks),
            shared_gains(self.tracks, time_s, read.factors),
            unread + lost,
            estimate,
            self._error(rest, self.heard),
            self._error(rest, ~self.heard) if self.held_out else None,
        )

    def _error(self, rest: Float[Tensor, "2 time"], where: Bool[Tensor, " time"]) -> float:
        return float((rest * where).square().sum() / (self.wet * where).square().sum())

    def under_gain(
        self, track: int, gain: Float[Tensor, " frame"]
    ) -> Float[Tensor, "channel time"]:
        """Return a dry track under its gain, lines between the middles of frames."""
        audio = self._audio(track)
        if not moves(gain):
            return audio
        places = (torch.arange(audio.shape[-1]) + 0.5) / self.frame - 0.5
        before = places.floor().long().clamp(0, len(gain) - 1)
        after = (before + 1).clamp(max=len(gain) - 1)
        share = (places - before).clamp(0.0, 1.0)
        return audio * torch.lerp(gain[before], gain[after], share)

    def _responses(
        self,
        dry: Float[Tensor, "input time"],
        taps: int,
        start: Float[Tensor, "2 input taps"] | None = None,
        *,
        exact: bool = False,
    ) -> Float[Tensor, "2 input taps"]:
        """Return the responses; seams of what is held out are only counted exactly on demand."""
        if not self.held_out or exact:
            heard = self.heard if self.held_out else None
            return read_responses(
                dry, self.wet, taps, self.lead, self.rate, heard=heard, start=start
            )
        dry, wet = dry * self.heard, self.wet * self.heard
        return read_responses(dry, wet, taps, self.lead, self.rate, start=start)
