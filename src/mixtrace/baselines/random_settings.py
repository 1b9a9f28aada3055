"""Random settings: what a console does that nobody turned on purpose."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.random import Generator

from mixtrace.baselines.concluding import concluded
from mixtrace.descent import SongWindows, song_loss
from mixtrace.errors import MixtraceError
from mixtrace.graph import Graph
from mixtrace.interpret import Desk, TrackStrip, node_of
from mixtrace.methods import Inversion, Work
from mixtrace.processors import NodeSettings, Settings
from mixtrace.progress import steps_of
from mixtrace.session import Session, Track
from mixtrace.stopping import check
from mixtrace.unseen import Range

__all__ = ["RandomSettings", "Ranges"]

_MOST_DRAWS = 1000

Span = tuple[float, float]
"""Lowest and highest value."""


@dataclass(frozen=True)
class Ranges:
    """Between what each setting is drawn, evenly; frequencies, times and ratios by their octaves.

    Attributes:
        level_db, pan: of the fader.
        low_hz, middle_hz, high_hz: of the low shelf, the bell and the high shelf.
        band_db: of each of the three.
        q: of the bell.
        threshold_db, ratio, attack_ms, release_ms: of the compressor.
        decay_s, pre_delay_ms, wet: of the reverb; one decay time for all its bands.
    """

    level_db: Span = (-24.0, 6.0)
    pan: Span = (-1.0, 1.0)
    low_hz: Span = (60.0, 300.0)
    middle_hz: Span = (300.0, 3000.0)
    high_hz: Span = (3000.0, 12_000.0)
    band_db: Span = (-12.0, 12.0)
    q: Span = (0.5, 4.0)
    threshold_db: Span = (-40.0, 0.0)
    ratio: Span = (1.0, 10.0)
    attack_ms: Span = (1.0, 100.0)
    release_ms: Span = (20.0, 500.0)
    decay_s: Span = (0.2, 3.0)
    pre_delay_ms: Span = (0.0, 50.0)
    wet: Span = (0.0, 0.3)


@dataclass(frozen=True)
class RandomSettings:
    """Draws the settings of an EQ, a compressor, a reverb and a fader on each track: a `Method`.

    Of several draws the one is kept whose L_a is nearest to their mean.

    Attributes:
        seed: of the first draw; the same seed gives the same settings.
        draws: how many.
        ranges: between what settings are drawn.
    """

    seed: int = 0
    draws: int = 10
    ranges: Ranges = Ranges()

    def choices(self) -> Mapping[str, Any]:
        """Return what the user chose.

        Raises:
            MixtraceError: a number out of range.
        """
        if self.seed < 0 or not 1 <= self.draws <= _MOST_DRAWS:
            raise MixtraceError(
                f"Expected a seed of 0 or more and 1 to {_MOST_DRAWS} draws; got seed {self.seed} "
                f"and {self.draws} draws. Correct them."
            )
        return {"recipe": "random", "seed": self.seed, "draws": self.draws}

    def reseeded(self, by: int) -> "RandomSettings":
        """Return the same method from a seed that is larger by so many."""
        return replace(self, seed=self.seed + by)

    def price(self, found: Inversion) -> float:
        """Return L_a."""
        return found.losses["final"]["published"]

    def invert(
        self, session: Session, held_out: Sequence[Range] = (), work: Work | None = None
    ) -> Inversion:
        """Return the draw that is nearest to the mean of all.

        Args:
            session: tracks and mix, at the rate of L_a, 30 kHz.
            held_out: what of the mix nothing in the result may depend on.
            work: how to carry it out.

        Returns:
            The draw. Its losses have the `mean`, the `least` and the `most` of all draws as well,
            its evidence those of each of the `draws`.

        Raises:
            MixtraceError: a number out of range.
        """
        self.choices()
        began, work = time.monotonic(), work or Work()
        windows = SongWindows(session, work.device, held_out, work.memory_bytes)
        report = steps_of(work.on_progress)
        drawn: list[tuple[Graph, Settings]] = []
        losses: list[dict[str, float]] = []
        for number in range(self.draws):
            check()
            report("drawing", number, self.draws)
            drawn.append(self._drawn(session.tracks, np.random.default_rng([self.seed, number])))
            losses.append(song_loss(*drawn[-1], windows))
        report("drawing", self.draws, self.draws)
        told = _told(losses)
        mean = told["mean"]["published"]
        nearest = min(range(self.draws), key=lambda i: abs(losses[i]["published"] - mean))
        why = (
            f"Of {self.draws} draws the nearest to their mean: L_a was {mean:.3g} on average, "
            f"{told['least']['published']:.3g} to {told['most']['published']:.3g}."
        )
        recipe = {"seed": self.seed, "draws": self.draws, **asdict(self.ranges)}
        found = concluded(drawn[nearest], session, windows, recipe=recipe, why=why, began=began)
        return replace(found, losses={**found.losses, **told}, evidence={"draws": losses})

    def _drawn(self, tracks: Sequence[Track], rng: Generator) -> tuple[Graph, Settings]:
        """Return a desk with the same processors on each track, each at settings of its own."""
        strips = [TrackStrip(track.name, track.group, self._chain(rng)) for track in tracks]
        return Desk(strips).built()

    def _chain(self, rng: Generator) -> list[NodeSettings]:
        between = self.ranges
        equalizer = node_of(
            "parametric_equalizer",
            high_pass_db_per_octave=0.0,
            low_pass_db_per_octave=0.0,
            low_shelf_hz=_octaves(between.low_hz, rng),
            low_shelf_db=rng.uniform(*between.band_db),
            bell_hz=[_octaves(between.middle_hz, rng)],
            bell_db=[rng.uniform(*between.band_db)],
            bell_q=[_octaves(between.q, rng)],
            high_shelf_hz=_octaves(between.high_hz, rng),
            high_shelf_db=rng.uniform(*between.band_db),
        )
        compressor = node_of(
            "compressor",
            threshold_db=rng.uniform(*between.threshold_db),
            ratio=_octaves(between.ratio, rng),
            attack_ms=_octaves(between.attack_ms, rng),
            release_ms=_octaves(between.release_ms, rng),
        )
        decay_s = _octaves(between.decay_s, rng)
        reverb = node_of(
            "parametric_reverb",
            rng.uniform(*between.wet),
            rt60_s=[decay_s] * 6,
            pre_delay_ms=rng.uniform(*between.pre_delay_ms),
        )
        fader = node_of(
            "fader", level_db=rng.uniform(*between.level_db), pan=rng.uniform(*between.pan)
        )
        return [equalizer, compressor, reverb, fader]


def _octaves(span: Span, rng: Generator) -> float:
    """Return a positive value of which each octave is as likely as any other."""
    low, high = span
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def _told(losses: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Return mean, least and most of all draws, in each convention."""
    ways = {"mean": np.mean, "least": np.min, "most": np.max}
    return {
        name: {key: float(way([loss[key] for loss in losses])) for key in losses[0]}
        for name, way in ways.items()
    }
