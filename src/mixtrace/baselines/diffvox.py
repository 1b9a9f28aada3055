"""The effects of one vocal found by gradient descent on a fixed chain, as DiffVox does it.

Theirs: a track and its processed stem; a chain of a six-band equalizer, a compressor-expander with
look-ahead and a pan pot, with a ping-pong delay and a feedback delay network as sends, one more
send from delay to reverb, and the loss of `diffvox_loss`. Published scores, their mean over the 65
vocals of MedleyDB: MRSTFT of left and right .765, MLDR .403. We wrote it from a summary of their
paper and program; these are ours, or not as theirs:

- the equalizer: passes of 12 dB an octave without a Q, bells from 20 Hz to 18 kHz;
- between the reverb's lines a fixed Householder matrix, where theirs is learned; three seconds of
  it are kept, not twelve;
- a delay whose time a gradient hardly moves: it stays within some ms of 400 ms;
- rates of the dials as our processors state them, in a descent along a cosine of 150 steps, where
  theirs takes 2,000 of Adam at .01; one piece of the song a step, of at most 35;
- a level where the chain ends, as the pan pot's fader; sends that start at -20 dB;
- no prior: the Gaussian of their presets is public, but has to be fetched;
- of the loss, what `diffvox_loss` and `losses.dynamic_range` name as ours.

On 15 s of the singer of MusicDelta_Reggae, raw against stem, in two minutes of one core: loss from
2.25 to .87, MRSTFT of left and right .40, MLDR .11; L_a from 12.2 (the raw track) over .80 (the
start) to .44. The song is none of the published ones; `benchmarks/diffvox_stems.py` tells any pair.

Source: Yu et al. 2025, arXiv 2504.14735.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mixtrace.baselines.concluding import plain_sum
from mixtrace.baselines.diffvox_config import DiffVoxConfig, vocal_chain, vocal_start
from mixtrace.baselines.diffvox_loss import VocalPieces, weighted
from mixtrace.descent import Course, SongWindows, Variables, VariablesState, song_loss
from mixtrace.descent.adam import Adam
from mixtrace.errors import MixtraceError
from mixtrace.methods import Inversion, Work
from mixtrace.processors import Settings
from mixtrace.session import Session
from mixtrace.unseen import Range

__all__ = ["DiffVox", "DiffVoxConfig"]


@dataclass(frozen=True)
class DiffVox:
    """Descends on the settings of DiffVox's chain for a song of one track: a `Method`.

    Attributes:
        config: what the user chose.
    """

    config: DiffVoxConfig = field(default_factory=DiffVoxConfig)

    def choices(self) -> Mapping[str, Any]:
        """Return the configuration.

        Raises:
            MixtraceError: it is not valid.
        """
        self.config.resolve()
        return {"recipe": "diffvox", **asdict(self.config)}

    @property
    def seed(self) -> int:
        """Of the order of pieces, and of the reverb's gains at the start."""
        return self.config.seed

    def reseeded(self, by: int) -> "DiffVox":
        """Return the same method from a seed that is larger by so many."""
        return DiffVox(replace(self.config, seed=self.config.seed + by))

    def price(self, found: Inversion) -> float:
        """Return the loss that was descended on."""
        return found.evidence["terms"]["final"]["loss"]

    def why_not(self, session: Session) -> str:
        """Return in a sentence why it is not made for a song; empty where it is."""
        count = len(session.tracks)
        if count == 1:
            return ""
        return (
            f"Expected a song of one track, for DiffVox is made for single tracks; got {count}. "
            "Give it one track with its stem as the mix."
        )

    def invert(
        self, session: Session, held_out: Sequence[Range] = (), work: Work | None = None
    ) -> Inversion:
        """Find the settings of the chain.

        Args:
            session: a track and its stem, at any rate; published scores are of 44.1 kHz.
            held_out: what of the mix nothing in the result may depend on; losses are then those of
                the rest.
            work: how to carry it out; dynamics make it run on the CPU, whatever the device.

        Returns:
            The chain with its losses: of the plain `sum`, at the `start` of the descent and of the
            `final` settings. The evidence is the `history` of the descent, and the `terms` of its
            loss at the start and at the end.

        Raises:
            MixtraceError: the configuration is not valid, the song has not one track, or what the
                keeper gives back is not of this descent.
        """
        problem = self.why_not(session)
        if problem:
            raise MixtraceError(problem)
        run = _Run(session, self.config, held_out, work or Work())
        return run.result(run.course.stopped_in(run.descend))


class _Run:
    def __init__(
        self, session: Session, config: DiffVoxConfig, held_out: Sequence[Range], work: Work
    ) -> None:
        began = time.monotonic()
        self._recipe = recipe = config.resolve()
        self._session, self._config = session, config
        self._windows = SongWindows(session, "cpu", held_out, work.memory_bytes)
        self._pieces = pieces = VocalPieces(session, held_out, recipe)
        name = session.tracks[0].name
        self._graph = vocal_chain(name, pieces.gain_in_db, pieces.gain_out_db)
        generator = torch.Generator().manual_seed(config.seed)
        self._start = vocal_start(self._graph, generator)
        stored = work.stored()
        begin = Variables.from_settings(self._start)
        self._state = VariablesState.unpack(stored, begin, recipe.steps)
        self._variables = self._state.variables.requires_grad()
        self._adam = Adam(self._variables.values, recipe.descent.second_moment)
        self._adam.memory.update(self._state.memory)
        self._state.follow(self._variables, self._adam.memory)
        self.course = Course(self._state, asdict(config), work, recipe.steps, began, "loss")

    def descend(self) -> None:
        """Take the steps that are left."""
        while self.course.taken < self._recipe.steps:
            self.course.step("descending", self._recipe.steps, self._step)
        self.course.save(now=True)

    def result(self, stopped: bool) -> Inversion:
        """Return the chain with its settings as they stand."""
        self.course.fetch()
        with torch.no_grad():
            settings = self._settings().map(Tensor.detach)
        ends = {"start": self._start, "final": settings}
        losses = {"sum": song_loss(plain_sum(self._session), Settings(), self._windows)}
        losses |= {name: song_loss(self._graph, own, self._windows) for name, own in ends.items()}
        terms = {name: self._pieces.all_terms(self._graph, own) for name, own in ends.items()}
        taken = self.course.taken
        return Inversion(
            self._graph,
            settings,
            self._graph,
            losses,
            {"history": self._state.history, "terms": terms},
            asdict(self._recipe),
            "stopped" if stopped else "finished",
            f"{'The user stopped it' if stopped else 'It ended'} after {taken} steps.",
            self.course.seconds,
        )

    def _settings(self) -> Settings:
        """Return the settings, every weight at 1: a send alone tells how loud a return is."""
        stacks = self._variables.settings().stacks
        return Settings(tuple(replace(own, wet=torch.ones_like(own.wet)) for own in stacks))

    def _step(self) -> tuple[int, Tensor]:
        """Take a step on one piece; return how many there were, and the loss before it."""
        taken, recipe = self.course.taken, self._recipe
        epoch, place = divmod(taken, self._pieces.count)
        order = np.random.default_rng((self._config.seed, epoch)).permutation(self._pieces.count)
        loss = weighted(self._pieces.terms(self._graph, self._settings(), int(order[place])))
        loss.backward()
        falling = 0.5 * (1.0 + math.cos(math.pi * taken / recipe.steps))
        rate = recipe.end_rate + (1.0 - recipe.end_rate) * falling
        rate *= min(1.0, (taken + 1) / recipe.warm_up_steps)
        self._adam.step({key: rate * recipe.descent.rate(*key) for key in self._variables.values})
        self._variables.project()
        for value in self._variables.values.values():
            value.grad = None
        return taken + 1, loss.detach()
