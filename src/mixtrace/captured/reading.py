"""A song as it is read: responses and gains in turns, each with what the other found.

The first responses are short: long ones, read under gains that do not move yet, imitate what a
compressor does to the decay of notes and leave half of it for the gains to find. Then responses of
several lengths are read on three quarters of the song and judged on the last; the length that does
best there is taken.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from jaxtyping import Bool, Complex, Float
from torch import Tensor

from mixtrace.captured.ballistics import Ballistics, levels_db
from mixtrace.captured.channels import Channels
from mixtrace.captured.correlations import add_products, no_products
from mixtrace.captured.equations import Toeplitz
from mixtrace.captured.factors import Factor
from mixtrace.captured.filtering import Filters
from mixtrace.captured.frames import frames_of
from mixtrace.captured.gains import read_gains, total_gain
from mixtrace.captured.plan import plan_of
from mixtrace.captured.responses import Solution, Turns, solution_of
from mixtrace.captured.shared import moves, sets_of
from mixtrace.captured.stored import Chosen
from mixtrace.captured.trial import Trial, best_length, folds_of
from mixtrace.captured.whitening import whitening_of
from mixtrace.dsp import fast_length
from mixtrace.keeper import Keeper
from mixtrace.parallel import side_by_side
from mixtrace.session import Progress, Session, Track
from mixtrace.session.scratch import OnDisk, Scratch, view_of

__all__ = ["Read", "Reading"]

_LEAD_S = 0.03
_SHORT_S = 0.05  # the lead and 20 ms: most of a direct sound, but not the decay of a note
_SHORT_TURNS = 3  # each finds more of what a compressor does; a fourth changes nothing
_FRAME_S = 0.005
_WHAT = "reading the mix"
_AT_ONCE_SAMPLES = 400_000
_SETS_AT_ONCE = 6
_IN_MEMORY_BYTES = 300_000_000  # beside the session's own gigabyte


@dataclass(frozen=True, eq=False)
class Read:
    """Responses of all channels, gains that move, and how much of each track's reading holds.

    `gained` are the whitened tracks under their gains.
    """

    responses: Float[Tensor, "2 input taps"]
    factors: Sequence[Factor]
    holds: Sequence[float]
    gained: Channels


class Reading:
    """Whitened channels of the readable tracks of a song.

    Attributes:
        heard: which samples of the mix are read.
        wet: the whitened mix.
        inputs: the places of each track's channels among all.
    """

    def __init__(
        self, session: Session, held_out: Sequence[tuple[int, int]], tracks: Sequence[Track]
    ) -> None:
        """Whiten a song.

        Args:
            session: mix and tracks.
            held_out: ranges of samples that are not read.
            tracks: those of its tracks that are.
        """
        self.session, self.held_out, self.tracks = session, held_out, tracks
        self.rate = session.sample_rate_hz
        mix = torch.from_numpy(session.mix)
        self.heard = torch.ones(mix.shape[-1], dtype=torch.bool)
        for start, stop in held_out:
            self.heard[start:stop] = False
        self.lead = round(_LEAD_S * self.rate)
        self.whitening = whitening_of(mix[:, self.heard], self.rate)
        self.wet = self.whitening.apply(mix)
        counts = [len(track.audio) for track in tracks]
        self.inputs = [list(range(sum(counts[:k]), sum(counts[: k + 1]))) for k in self.every]
        self.plan = plan_of(sum(counts), mix.shape[-1], self.rate)
        self.scratch = Scratch(_IN_MEMORY_BYTES)
        self.dry = self._kept(self.whitening.apply(self._audio(k)) for k in self.every)
        self.frame = round(_FRAME_S * self.rate) * self.plan.frames
        self.learnt, self.judged = folds_of(self.heard, self.rate)
        self.levels = cache(self._levels)

    @property
    def every(self) -> range:
        """The places of the tracks."""
        return range(len(self.tracks))

    def read(
        self,
        progress: Progress,
        keeper: Keeper | None,
        left_out: Sequence[str],
        known: Chosen | None,
    ) -> Read:
        """Return responses and gains, read in turns.

        Args:
            progress: see `Progress`.
            keeper: where what was chosen is stored; for a large song nothing is.
            left_out: names of tracks that were found to be unreadable before; stored as well.
            known: what was chosen before for these very tracks, if it was.

        Raises:
            StoreError: what is known is not of these tracks.
        """
        if self.plan.large:
            return self._read_large(progress)
        steps = 6
        if known is None:
            gains, gained, solution, holds = self._chosen(progress, steps)
            if keeper is not None:
                Chosen(left_out, holds, gains, solution.plain, solution.found).save(keeper)
        else:
            known.check(self.gains(()), len(self.dry), self.plan.lengths)
            gains, gained, holds = known.gains, self._gained(known.gains), known.holds
            solution = Solution.near(known.plain, known.found)
        again, taps = self.plan.again, solution.found.shape[-1]
        progress(_WHAT, 3, steps)
        solution = self._solved(gained, taps, self.heard, again, solution)
        progress(_WHAT, 4, steps)
        factors = self._factors(solution.found, gains)
        progress(_WHAT, 5, steps)
        gained = self._gained(self.gains(factors))
        solution = self._solved(gained, taps, self.heard, self.plan.last, solution)
        if self.held_out:
            solution = solution.mended(gained, self.wet, self.heard, self.lead)
        progress(_WHAT, steps, steps)
        return Read(solution.found, factors, holds, gained)

    def _chosen(
        self, progress: Progress, steps: int
    ) -> tuple[Tensor, Channels, Solution, list[float]]:
        """Return first gains, the tracks under them, responses, and how much of each holds."""
        progress(_WHAT, 0, steps)
        solution, gains = self._short()
        gained = self._gained(gains)
        progress(_WHAT, 2, steps)
        trial = Trial(gained, self.wet, self.learnt, self.judged, self.lead, self.rate)
        products = self._products(gained, self.learnt)
        solution = best_length(
            self.plan,
            trial,
            lambda taps, near: self._of(products, taps, self.learnt, self.plan.again, near),
            solution,
        )
        return gains, gained, solution, trial.holds(solution.found, self.inputs)

    def _short(self) -> tuple[Solution, Tensor]:
        """Return short responses and what gains were read with them."""
        short = fast_length(round(_SHORT_S * self.rate))
        gains, solution, turns = self.gains(()), None, self.plan.first
        for _ in range(_SHORT_TURNS):
            dry = self._gained(gains)
            solution = self._solved(dry, short, self.learnt, turns, solution)
            gains, turns = self.gains(self._factors(solution.found, gains)), self.plan.again
        assert solution is not None
        return solution, gains

    def _read_large(self, progress: Progress) -> Read:
        """Return the same in one turn: what is learnt on a part is continued on the whole."""
        steps = 5
        progress(_WHAT, 0, steps)
        products = self._products(self.dry, self.learnt)
        taps = self.plan.lengths[0]
        solution = self._of(products, taps, self.learnt, self.plan.first)
        progress(_WHAT, 1, steps)
        trial = Trial(self.dry, self.wet, self.learnt, self.judged, self.lead, self.rate)
        holds = trial.holds(solution.found, self.inputs)
        progress(_WHAT, 2, steps)
        add_products(products, self.dry, self.wet, self.judged, self.heard)
        add_products(products, self.dry, self.wet, self.learnt, self.judged)
        solution = self._of(products, taps, self.heard, self.plan.again, solution)
        del products
        progress(_WHAT, 3, steps)
        factors = self._factors(solution.found, self.gains(()))
        gained = self._gained(self.gains(factors))
        progress(_WHAT, 4, steps)
        if factors:
            solution = self._solved(gained, taps, self.heard, self.plan.again, solution)
        progress(_WHAT, steps, steps)
        return Read(solution.found, factors, holds, gained)

    def _solved(
        self,
        dry: Channels,
        taps: int,
        counted: Bool[Tensor, " time"],
        turns: Turns,
        start: Solution | None = None,
    ) -> Solution:
        """Return what is read where it counts; its seams are ignored."""
        return self._of(self._products(dry, counted), taps, counted, turns, start)

    def _products(
        self, dry: Channels, counted: Bool[Tensor, " time"]
    ) -> Complex[Tensor, "bin signal signal"]:
        """Return products where it counts, for responses of any length that may be chosen."""
        products = no_products(len(dry) + 2, self.plan.lengths[-1])
        add_products(products, dry, self.wet, counted, counted)
        return products

    def _of(
        self,
        products: Complex[Tensor, "bin signal signal"],
        taps: int,
        counted: Bool[Tensor, " time"],
        turns: Turns,
        start: Solution | None = None,
    ) -> Solution:
        """Return what products tell of the samples that count, at so many taps."""
        equations = Toeplitz.of(products, len(self.dry), self.lead, taps)
        return solution_of(equations, int(counted.sum()), self.lead, self.rate, turns, start)

    def _factors(
        self, responses: Float[Tensor, "2 input taps"], gains: Float[Tensor, "track frame"]
    ) -> list[Factor]:
        """Return what moves the gains; `gains` are what is known of them so far."""
        filters = Filters.of(responses, self.lead)

        def parts(begin: int, end: int) -> Float[Tensor, "track 2 part"]:
            each = filters.each(self.dry, begin, end)
            return torch.stack([each[mine].sum(0) for mine in self.inputs])

        frames = frames_of(parts, len(self.tracks), self.wet, self.heard, self.frame, self.rate)
        sets = tuple(sets_of([track.group for track in self.tracks]))
        dry = self.under_gains(gains, self.every)
        sums = self._envelopes(filters, dry, [tracks for tracks in sets if len(tracks) > 1])

        def levels(tracks: tuple[int, ...], detectors: tuple[Ballistics, ...]) -> Tensor:
            if len(tracks) == 1:
                return self.levels(tracks[0], detectors)
            envelope = torch.from_numpy(view_of(sums[tracks]))
            return levels_db(envelope, detectors, self.frame, self.rate)

        return read_gains(frames, sets, levels)

    def _envelopes(
        self, filters: Filters, dry: Channels, sets: Sequence[tuple[int, ...]]
    ) -> dict[tuple[int, ...], Float[np.ndarray, "1 time"] | OnDisk]:
        """Return the root mean square over both channels of what the tracks of each set give."""
        kept = {}
        for first in range(0, len(sets), _SETS_AT_ONCE):
            some = sets[first : first + _SETS_AT_ONCE]
            inputs = [[c for k in tracks for c in self.inputs[k]] for tracks in some]
            envelopes = torch.empty((len(some), 1, dry.time))
            for begin in range(0, dry.time, _AT_ONCE_SAMPLES):
                end = min(begin + _AT_ONCE_SAMPLES, dry.time)
                sums = filters.sums(dry, inputs, begin, end)
                envelopes[:, 0, begin:end] = sums.square().mean(1).sqrt()
            kept |= {t: self.scratch.keep(e.numpy()) for t, e in zip(some, envelopes, strict=True)}
        return kept

    def gains(self, factors: Sequence[Factor]) -> Float[Tensor, "track frame"]:
        """Return the gain of each track over the song."""
        frames = -(-self.wet.shape[-1] // self.frame)
        return total_gain(factors, frames, len(self.tracks), self.frame / self.rate)

    def under_gains(self, gains: Float[Tensor, "track frame"], tracks: Sequence[int]) -> Channels:
        """Return dry tracks under their gains, not whitened."""
        moving = [k for k in tracks if moves(gains[k])]
        gained = side_by_side(lambda k: self._under_gain(k, gains[k]).numpy(), moving)
        kept = {k: self.scratch.keep(audio) for k, audio in zip(moving, gained, strict=True)}
        every = [kept.get(k, self.tracks[k].kept) for k in tracks]
        return Channels(every, [len(self.inputs[k]) for k in tracks])

    def _gained(self, gains: Float[Tensor, "track frame"]) -> Channels:
        """Return the whitened tracks under their gains."""

        def whitened(k: int) -> Float[np.ndarray, "channel time"]:
            return self.whitening.apply(self._under_gain(k, gains[k])).numpy()

        moving = [k for k in self.every if moves(gains[k])]
        gained = zip(moving, side_by_side(whitened, moving), strict=True)
        return self.dry.replaced({k: self.scratch.keep(audio) for k, audio in gained})

    def _under_gain(
        self, track: int, gain: Float[Tensor, " frame"]
    ) -> Float[Tensor, "channel time"]:
        """Return a dry track under its gain, lines between the middles of frames."""
        audio = self._audio(track)
        rise = gain.diff()[:, None]
        none = rise.new_zeros((1, 1))
        way = (torch.arange(self.frame) + 0.5) / self.frame - 0.5
        ramps = gain[:, None] + torch.cat((none, rise)) * way.clamp(max=0.0)
        ramps += torch.cat((rise, none)) * way.clamp(min=0.0)
        return audio * ramps.flatten()[: audio.shape[-1]]

    def _kept(self, audio: Iterable[Float[Tensor, "channel time"]]) -> Channels:
        """Return what is made track by track, in memory or on disk."""
        kept = [self.scratch.keep(of_track.numpy()) for of_track in audio]
        return Channels(kept, [len(mine) for mine in self.inputs])

    def _audio(self, track: int) -> Float[Tensor, "channel time"]:
        return torch.from_numpy(self.tracks[track].audio.copy())

    def _levels(self, track: int, detectors: tuple[Ballistics, ...]) -> Tensor:
        return levels_db(self._audio(track), detectors, self.frame, self.rate)
