"""Everything read of a song: responses and gains of its tracks, in turns, and what supports them.

Responses and level curves are read in turns, each with what the other found. After the first turn
responses of several lengths are read on three quarters of the song and judged on the last; the
length that does best there is taken, and a track whose response fails there is not read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mixtrace.captured.ballistics import Ballistics, levels_db
from mixtrace.captured.coherence import coherence
from mixtrace.captured.curves import LevelCurve, frames_of, read_curves
from mixtrace.captured.responses import apply_responses, read_responses
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
        gain_db: over the song, a value each `FRAME_S`; 0 dB is the mean by energy.
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
        unread: those that could not.
        estimate: the sum of the dry tracks under gains and responses, [2, time].
        error_seen: energy of the whitened error over that of the mix, where it was read.
        error_unseen: the same where it was held out; None if nothing was.
    """

    song: str
    sample_rate_hz: int
    lead: int
    tracks: tuple[CapturedTrack, ...]
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
    """Responses of all channels, and of each track its curve and how much of it holds."""

    responses: Float[Tensor, "2 input taps"]
    curves: Sequence[LevelCurve | None]
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
        """Return responses and level curves, read in turns."""
        steps = 6
        progress("reading the mix", 0, steps)
        responses = self._responses(self.dry, self._ladder[_USUAL])
        progress("reading the mix", 1, steps)
        curves = self._curves(responses)
        gained = self._gained(curves)
        progress("reading the mix", 2, steps)
        taps, holds = self._choose(gained)
        progress("reading the mix", 3, steps)
        responses = self._responses(gained, taps)
        progress("reading the mix", 4, steps)
        curves = self._curves(responses)
        progress("reading the mix", 5, steps)
        responses = self._responses(self._gained(curves), taps, responses, exact=True)
        progress("reading the mix", steps, steps)
        return _Read(responses, curves, holds)

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

    def _curves(self, responses: Float[Tensor, "2 input taps"]) -> list[LevelCurve | None]:
        parts = torch.stack(
            [apply_responses(responses[:, c], self.dry[c], self.lead) for c in self.channels]
        )
        frames = frames_of(
            lambda a, b: parts[..., a:b], self.wet, self.heard, self.frame, self.rate
        )
        return read_curves(frames, lambda k, detectors: self.levels(k, tuple(detectors)))

    def _gained(self, curves: Sequence[LevelCurve | None]) -> Float[Tensor, "input time"]:
        """Return the whitened tracks under their gains."""
        return torch.cat(
            [
                self.dry[self.channels[k]]
                if curve is None
                else self.whitening.apply(self.under_gain(k, curve))
                for k, curve in enumerate(curves)
            ]
        )

    def captured(self, read: "_Read", lost: tuple[Unread, ...]) -> Capture:
        """Return the capture with its estimate and evidence."""
        gained = [self.under_gain(k, curve) for k, curve in enumerate(read.curves)]
        estimate = apply_responses(read.responses, torch.cat(gained), self.lead)
        rest = self.wet - self.whitening.apply(estimate)
        energy = float((self.wet * self.heard).square().sum())
        tracks = []
        for k, (track, curve) in enumerate(zip(self.tracks, read.curves, strict=True)):
            responses = read.responses[:, self.channels[k]]
            part = apply_responses(responses, self.whitening.apply(gained[k]), self.lead)
            share = float((part * self.heard).square().sum()) / energy
            alike = coherence(part, rest + part, self.heard, self.rate)
            gain_db = self.gain_db(k, curve)
            tracks.append(
                CapturedTrack(
                    track.name, track.group, responses, curve, gain_db, share, read.holds[k], alike
                )
            )
        reasons = [(t.name, _unreadable(t)) for t in self.session.tracks]
        unread = tuple(Unread(name, reason) for name, reason in reasons if reason is not None)
        return Capture(
            self.session.name,
            self.rate,
            self.lead,
            tuple(tracks),
            unread + lost,
            estimate,
            self._error(rest, self.heard),
            self._error(rest, ~self.heard) if self.held_out else None,
        )

    def _error(self, rest: Float[Tensor, "2 time"], where: Bool[Tensor, " time"]) -> float:
        return float((rest * where).square().sum() / (self.wet * where).square().sum())

    def gain_db(self, track: int, curve: LevelCurve | None) -> Float[Tensor, " frame"]:
        """Return a track's gain in each frame."""
        frames = -(-self.mix.shape[-1] // self.frame)
        if curve is None:
            return torch.zeros(frames)
        return 20.0 * torch.log10(curve.gain(self.levels(track, (curve.ballistics,))[0]))

    def under_gain(self, track: int, curve: LevelCurve | None) -> Float[Tensor, "channel time"]:
        """Return a dry track under its gain, lines between the middles of frames."""
        audio = self._audio(track)
        if curve is None:
            return audio
        gain = 10 ** (self.gain_db(track, curve) / 20.0)
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
