"""Everything read of a song: responses and gains of its tracks, in turns, and what supports them.

Responses and level curves are read in turns, each with what the other found. After the first turn
responses of several lengths are read on three quarters of the song and judged on the last; the
length that does best there is taken, and a track whose response fails there is not read.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Bool, Complex, Float
from torch import Tensor

from mixtrace.captured.ballistics import Ballistics, levels_db
from mixtrace.captured.channels import Channels
from mixtrace.captured.coherence import coherence
from mixtrace.captured.correlations import add_products, no_products
from mixtrace.captured.curves import LevelCurve, frames_of, read_curves
from mixtrace.captured.equations import Toeplitz
from mixtrace.captured.filtering import Filters
from mixtrace.captured.plan import plan_of
from mixtrace.captured.responses import Solution, Turns, apply_responses, solution_of
from mixtrace.captured.trial import Trial, best_length, folds_of
from mixtrace.captured.whitening import whitening_of
from mixtrace.session import Session, Track
from mixtrace.session.scratch import Scratch

__all__ = ["FRAME_S", "Capture", "CapturedTrack", "Progress", "Unread", "capture_session"]

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many steps of it are done, and of how many."""

_IN_MEMORY_BYTES = 300_000_000  # beside the session's own gigabyte
LEAD_S = 0.03
FRAME_S = 0.005
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
    return "it is not heard in the mix" if track.unused else None


@dataclass(frozen=True, eq=False)
class _Read:
    """Responses of all channels, of each track its curve and how much of it holds.

    `gained` are the whitened tracks under their gains.
    """

    responses: Float[Tensor, "2 input taps"]
    curves: Sequence[LevelCurve | None]
    holds: Sequence[float]
    gained: Channels


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
        self.scratch = Scratch(_IN_MEMORY_BYTES)
        self.dry = self._kept(self.whitening.apply(self._audio(k)) for k in self._every)
        self.plan = plan_of(len(self.dry), self.dry.time, self.rate)
        self.learnt, self.judged = folds_of(self.heard, self.rate)
        self.levels = lru_cache(maxsize=None)(self._levels)

    @property
    def _every(self) -> range:
        return range(len(self.tracks))

    def _kept(self, audio: Iterable[Float[Tensor, "channel time"]]) -> Channels:
        """Return what is made track by track, in memory or on disk."""
        kept = [self.scratch.keep(of_track.numpy()) for of_track in audio]
        return Channels(kept, [c.stop - c.start for c in self.channels])

    def without(self, failed: Sequence[int]) -> "_Reading":
        """Return the same without some of the tracks."""
        kept = [track for k, track in enumerate(self.tracks) if k not in failed]
        return _Reading(self.session, self.held_out, kept)

    def _audio(self, track: int) -> Float[Tensor, "channel time"]:
        return torch.from_numpy(self.tracks[track].audio.copy())

    def _channels(self, track: int) -> slice:
        before = sum(len(self.tracks[k].audio) for k in range(track))
        return slice(before, before + len(self.tracks[track].audio))

    def _levels(self, track: int, detectors: tuple[Ballistics, ...], frame: int) -> Tensor:
        return levels_db(self._audio(track), detectors, frame, self.rate)

    def read(self, progress: Progress) -> "_Read":
        """Return responses and level curves, read in turns."""
        if self.plan.large:
            return self._read_large(progress)
        steps = 6
        progress("reading the mix", 0, steps)
        usual, again = self.plan.lengths[self.plan.usual], self.plan.again
        solution = self._solved(self.dry, usual, self.learnt, self.plan.first)
        progress("reading the mix", 1, steps)
        gained = self._gained(self._curves(solution.found))
        progress("reading the mix", 2, steps)
        trial = Trial(gained, self.wet, self.learnt, self.judged, self.lead, self.rate)
        solution = best_length(
            self.plan,
            trial,
            lambda taps, near: self._solved(gained, taps, self.learnt, again, near),
            solution,
        )
        holds = trial.holds(solution.found, self.channels)
        taps = solution.found.shape[-1]
        progress("reading the mix", 3, steps)
        solution = self._solved(gained, taps, self.heard, again, solution)
        progress("reading the mix", 4, steps)
        curves = self._curves(solution.found)
        progress("reading the mix", 5, steps)
        gained = self._gained(curves)
        solution = self._solved(gained, taps, self.heard, again, solution)
        if self.held_out:
            solution = solution.mended(gained, self.wet, self.heard, self.lead)
        progress("reading the mix", steps, steps)
        return _Read(solution.found, curves, holds, gained)

    def _read_large(self, progress: Progress) -> "_Read":
        """Return the same in one turn: what is learnt on a part is continued on the whole."""
        steps = 5
        progress("reading the mix", 0, steps)
        products = no_products(len(self.dry) + 2, self.plan.lengths[0])
        add_products(products, self.dry, self.wet, self.learnt, self.learnt)
        solution = self._of(products, self.learnt, self.plan.first)
        progress("reading the mix", 1, steps)
        trial = Trial(self.dry, self.wet, self.learnt, self.judged, self.lead, self.rate)
        holds = trial.holds(solution.found, self.channels)
        progress("reading the mix", 2, steps)
        add_products(products, self.dry, self.wet, self.judged, self.heard)
        add_products(products, self.dry, self.wet, self.learnt, self.judged)
        solution = self._of(products, self.heard, self.plan.again, solution)
        del products
        progress("reading the mix", 3, steps)
        curves = self._curves(solution.found)
        gained = self._gained(curves)
        progress("reading the mix", 4, steps)
        if any(curve is not None for curve in curves):
            taps = solution.found.shape[-1]
            solution = self._solved(gained, taps, self.heard, self.plan.again, solution)
        progress("reading the mix", steps, steps)
        return _Read(solution.found, curves, holds, gained)

    def _solved(
        self,
        dry: Channels,
        taps: int,
        counted: Bool[Tensor, " time"],
        turns: Turns,
        start: Solution | None = None,
    ) -> Solution:
        """Return what is read where it counts; its seams are ignored."""
        products = no_products(len(dry) + 2, taps)
        add_products(products, dry, self.wet, counted, counted)
        return self._of(products, counted, turns, start)

    def _of(
        self,
        products: Complex[Tensor, "bin signal signal"],
        counted: Bool[Tensor, " time"],
        turns: Turns,
        start: Solution | None = None,
    ) -> Solution:
        """Return what products tell of the samples that count."""
        equations = Toeplitz.of(products, len(self.dry), self.lead)
        return solution_of(equations, int(counted.sum()), self.lead, self.rate, turns, start)

    def _curves(self, responses: Float[Tensor, "2 input taps"]) -> list[LevelCurve | None]:
        filters = Filters.of(responses, self.lead)

        def parts(begin: int, end: int) -> Float[Tensor, "track 2 part"]:
            each = filters.each(self.dry, begin, end)
            return torch.stack([each[mine].sum(0) for mine in self.channels])

        frame = self.frame * self.plan.frames
        frames = frames_of(parts, self.wet, self.heard, frame, self.rate)
        return read_curves(frames, lambda k, detectors: self.levels(k, tuple(detectors), frame))

    def _gained(self, curves: Sequence[LevelCurve | None]) -> Channels:
        """Return the whitened tracks under their gains."""
        return self.dry.replaced(
            {
                k: self.scratch.keep(self.whitening.apply(self.under_gain(k, curve)).numpy())
                for k, curve in enumerate(curves)
                if curve is not None
            }
        )

    def captured(self, read: "_Read", lost: tuple[Unread, ...]) -> Capture:
        """Return the capture with its estimate and evidence."""
        estimate = self._estimate(read)
        rest = self.wet - self.whitening.apply(estimate)
        energy = float((self.wet * self.heard).square().sum())
        tracks = []
        for k, (track, curve) in enumerate(zip(self.tracks, read.curves, strict=True)):
            responses = read.responses[:, self.channels[k]]
            part = apply_responses(responses, read.gained.pick([k]), self.lead)
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

    def _estimate(self, read: "_Read") -> Float[Tensor, "2 time"]:
        """Return the sum of the dry tracks under gains and responses."""
        audio = [
            track.kept if curve is None else self.scratch.keep(self.under_gain(k, curve).numpy())
            for k, (track, curve) in enumerate(zip(self.tracks, read.curves, strict=True))
        ]
        dry = Channels(audio, [c.stop - c.start for c in self.channels])
        return apply_responses(read.responses, dry, self.lead)

    def _error(self, rest: Float[Tensor, "2 time"], where: Bool[Tensor, " time"]) -> float:
        return float((rest * where).square().sum() / (self.wet * where).square().sum())

    def gain_db(self, track: int, curve: LevelCurve | None) -> Float[Tensor, " frame"]:
        """Return a track's gain in each frame."""
        frames = -(-self.mix.shape[-1] // self.frame)
        if curve is None:
            return torch.zeros(frames)
        return 20.0 * torch.log10(
            curve.gain(self.levels(track, (curve.ballistics,), self.frame)[0])
        )

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
