"""Reverse engineering of a mix by gradient descent on a fixed chain, as Colonel and Reiss did.

Theirs, as their abstracts tell: every track passes the same chain of differentiable effects, whose
settings descend on a distance between mix and estimate. In 2021 the chain is linear (gain, pan,
equalizer, delay, reverb), the reverb one for all (`stereo-bus`, which did best) or one a track
(`individual-reverb`), against a mix of gains and pans alone (`gain`). In 2023 compression and
distortion join (`full`, which did best), against `drc-eq-reverb`, `eq-reverb` (their "linear mix")
and `gain`. There is no public code, and the papers were not to be had; so these are ours:

- the effects: our `compressor`, `saturation`, `fader` (level and pan), `twenty_tap_delay`, whose
  times a gradient can move, and `parametric_reverb`; the graphic equalizer is a
  `parametric_equalizer` of eight octaves, 63 Hz to 8 kHz, of which only the gains move;
- their order (compressor, distortion, equalizer, fader, delay; the shared reverb last, on the sum
  of all tracks), and that ablations have what their names say: no delay but where it is told;
- the loss, which is L_a by its equation (4), on left, right, sum and difference;
- Adam with the rates that our processors state, two windows a step, a rate that falls along a
  cosine to a tenth, and 500 steps.

A magnitude has no sign: where a loud track hides it, a soft one may stay on the wrong side.

L_a on 15 s at 30 kHz (published convention), and seconds of one core:

    song                        sum      start of full    full            eq-reverb     gain
    MusicDelta_Reggae         13.92               2.13    .491 (122 s)    .717 (45 s)   .984 (22 s)
    MusicDelta_Beatles, known 54.43               2.58    .321 (194 s)    .382 (51 s)    .432 (24 s)

Source: Colonel and Reiss, Reverse engineering of a recording mix with differentiable digital signal
processing, JASA 150(1), 608, 2021; Reverse engineering a nonlinear mix of a multitrack recording,
JAES 71(9), 2023.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from mixtrace.baselines.colonel_reiss_config import CHAINS, ColonelReissConfig, start_settings
from mixtrace.baselines.colonel_reiss_state import State
from mixtrace.descent import Course, Descent, SongWindows, Variables, draw_batch, song_loss
from mixtrace.graph import ConsolePreset, build_console
from mixtrace.methods import Inversion, Work
from mixtrace.processors import Settings
from mixtrace.session import Session
from mixtrace.unseen import Range

__all__ = ["ColonelReiss", "ColonelReissConfig"]


@dataclass(frozen=True)
class ColonelReiss:
    """Descends on the settings of one chain for all tracks: a `Method`.

    Attributes:
        config: what the user chose.
    """

    config: ColonelReissConfig = field(default_factory=ColonelReissConfig)

    def choices(self) -> Mapping[str, Any]:
        """Return the configuration.

        Raises:
            MixtraceError: it is not valid.
        """
        self.config.resolve()
        return {"recipe": "colonel-reiss", **asdict(self.config)}

    @property
    def seed(self) -> int:
        """Of the order of windows, and of where delays start."""
        return self.config.seed

    def reseeded(self, by: int) -> "ColonelReiss":
        """Return the same method from a seed that is larger by so many."""
        return ColonelReiss(replace(self.config, seed=self.config.seed + by))

    def price(self, found: Inversion) -> float:
        """Return L_a: all results have the same chain."""
        return found.losses["final"]["published"]

    def invert(
        self, session: Session, held_out: Sequence[Range] = (), work: Work | None = None
    ) -> Inversion:
        """Find the settings of the chain.

        Args:
            session: tracks and mix at the rate of L_a, 30 kHz.
            held_out: what of the mix nothing in the result may depend on; losses are then those of
                the rest.
            work: how to carry it out.

        Returns:
            The console with its losses: of the plain `sum` of the tracks, at the `start` of the
            descent and of the `final` settings. The evidence is the `history` of the descent.

        Raises:
            MixtraceError: the configuration is not valid, or what the keeper gives back is not of
                this descent.
        """
        run = _Run(session, self.config, held_out, work or Work())
        return run.result(run.course.stopped_in(run.descend))


class _Run:
    def __init__(
        self, session: Session, config: ColonelReissConfig, held_out: Sequence[Range], work: Work
    ) -> None:
        began = time.monotonic()
        self.recipe = recipe = config.resolve()
        self._config = config
        self._windows = SongWindows(session, work.device, held_out, work.memory_bytes)
        self._names = [(track.name, track.group) for track in session.tracks]
        self._console = build_console(self._names, CHAINS[config.variant])
        stored = work.stored()
        if stored is None:
            self._state = self._begin()
        else:
            self._state = State.unpack(*stored, self._console, self._windows, recipe)
        self.course = Course(self._state, asdict(config), work, recipe.steps, began)

    def descend(self) -> None:
        """Take the steps that are left."""
        while self._state.step < self.recipe.steps:
            self.course.step("descending", self.recipe.steps, self._descend)
        self.course.save(now=True)

    def result(self, stopped: bool) -> Inversion:
        """Return the console with its settings as they stand."""
        self.course.fetch()
        state = self._state
        settings = state.descent.settings
        return Inversion(
            self._console,
            settings.map(lambda value: value.cpu()),
            self._console,
            {**state.losses, "final": song_loss(self._console, settings, self._windows)},
            {"history": state.history},
            asdict(self.recipe),
            "stopped" if stopped else "finished",
            f"{'The user stopped it' if stopped else 'It ended'} after {state.step} steps.",
            self.course.seconds,
        )

    def _begin(self) -> State:
        generator = torch.Generator().manual_seed(self._config.seed)
        variables = Variables.from_settings(start_settings(self._console, generator))
        descent = Descent(self._console, variables, self._windows, self.recipe.descent)
        bare = build_console(self._names, ConsolePreset((), ()))
        return State(
            descent,
            losses={
                "sum": song_loss(bare, Settings(), self._windows),
                "start": song_loss(self._console, descent.settings, self._windows),
            },
        )

    def _descend(self) -> tuple[int, Tensor]:
        """Take a step; return how many there were, and the match before this one."""
        state, recipe = self._state, self.recipe
        falling = 0.5 * (1.0 + math.cos(math.pi * state.step / recipe.steps))
        rate = recipe.end_rate + (1.0 - recipe.end_rate) * falling
        rate *= min(1.0, (state.step + 1) / recipe.warm_up_steps)
        batch = draw_batch(self._windows, recipe.descent, self._config.seed, self.course.taken)
        match = state.descent.step(batch, recipe.descent.objective, rate=rate)
        state.step += 1
        return state.step, match
