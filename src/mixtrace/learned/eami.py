"""Mixing inversion by a network that trains itself on mixes of the song's own tracks.

1. *Estimate*: the network looks at the mix and at the tracks, window by window, and says sixteen
   numbers for each track; the song's are the mean over its windows.
2. *Sample*: numbers are drawn around the estimate, and an engine mixes the tracks by them.
3. *Train*: the network learns to say what these mixes were made from. It begins again at 1, with
   narrower draws.

No gradient passes the engine: it can be any program. The result is the estimate with the lowest
L_a over all turns; as published it is the last. From the first estimate on everything that decides
the outcome is in `Adaptation`, which is stored between steps; the pairs of a turn are made again
from its seed where a run goes on in its middle.

Source: H. Zhou, F. Yu, X. Wu, "Audio Mixing Inversion via Embodied Self-supervised Learning",
Machine Intelligence Research 21, 2024; its parent, Y. Sun, X. Wu, arXiv 2006.13350. Chain, ranges,
pairs, widths, windows and the choice of the best turn are ours, for they are not told there or not
known to us.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.descent import Course, SongWindows, song_loss
from mixtrace.graph import ConsolePreset, build_console
from mixtrace.learned.config import EamiConfig
from mixtrace.learned.dials import settings_of
from mixtrace.learned.engine import engine_of
from mixtrace.learned.excerpts import Example, Excerpts
from mixtrace.learned.network import InferenceNetwork
from mixtrace.learned.network_files import read_network
from mixtrace.learned.sampling import drawn_pairs
from mixtrace.learned.state import Adaptation
from mixtrace.learned.trainer import Trainer
from mixtrace.methods import Inversion, Work
from mixtrace.processors import Settings
from mixtrace.session import Session
from mixtrace.stopping import check
from mixtrace.unseen import Range

__all__ = ["Eami"]


@dataclass(frozen=True)
class Eami:
    """Has a network say the settings of a fixed chain on every track: a `Method`.

    Attributes:
        config: what the user chose.
    """

    config: EamiConfig = field(default_factory=EamiConfig)

    def choices(self) -> Mapping[str, Any]:
        """Return the configuration, flat, with the digest of the weights in place of their folder.

        Raises:
            MixtraceError: it is not valid, or the weights cannot be used.
        """
        self.config.check()
        weights = None
        if self.config.weights is not None:
            weights = read_network(Path(self.config.weights))[1].sha256
        chosen = asdict(self.config)
        sampling, training, shape = (chosen.pop(n) for n in ("sampling", "training", "shape"))
        return {
            "recipe": "eami",
            **chosen,
            "weights": weights,
            "sampling": sampling.pop("kind"),
            **sampling,
            **training,
            "shape": json.dumps(shape),
        }

    @property
    def seed(self) -> int:
        """Of everything random."""
        return self.config.seed

    def reseeded(self, by: int) -> "Eami":
        """Return the same method from a seed that is larger by so many."""
        return Eami(replace(self.config, seed=self.config.seed + by))

    def price(self, found: Inversion) -> float:
        """Return L_a: the chain is always the same."""
        return found.losses["final"]["published"]

    def invert(
        self, session: Session, held_out: Sequence[Range] = (), work: Work | None = None
    ) -> Inversion:
        """Find the settings of every track's chain.

        Args:
            session: tracks and mix, at the rate of L_a, 30 kHz: the spectra end at 15 kHz then.
            held_out: what of the mix nothing in the result may depend on.
            work: how to carry it out.

        Returns:
            The graph with its losses: of the plain `sum` of the tracks, of the first estimate
            (`start`), and of the `final` one, all rendered by our processors, whatever the engine.
            The evidence is the `history` of the training, L_a and seconds of each step, and of each
            of the `turns` its width, the mean error of the numbers, and L_a after it.

        Raises:
            MixtraceError: the configuration is not valid, no track sounds, or what the keeper gives
                back is not of this adaptation.
        """
        self.config.check()
        run = _Run(session, self.config, held_out, work or Work())
        return run.result(run.course.stopped_in(run.adapt))


class _Run:
    def __init__(
        self, session: Session, config: EamiConfig, held_out: Sequence[Range], work: Work
    ) -> None:
        began = time.monotonic()
        self._config = config
        self._tracks = [(track.name, track.group) for track in session.tracks]
        self._windows = SongWindows(session, work.device, held_out, work.memory_bytes)
        self._excerpts = Excerpts(session, self._windows)
        self._engine = engine_of(config.engine)
        network, self._weights = _network(config)
        self._shape = network.shape
        stored = work.stored()
        rate = config.training.rate
        if stored is None:
            self._state = self._begin(Trainer(network, rate, work.device))
        else:
            self._state = Adaptation.unpack(
                *stored, network.shape, rate, work.device, len(session.tracks)
            )
        self._turns = config.turns if config.adapts else 0
        steps = self._turns * config.training.steps
        self.course = Course(self._state, self._recipe(), work, steps, began)

    def adapt(self) -> None:
        """Train on pairs of the song, turn by turn."""
        state, training = self._state, self._config.training
        while state.turn < self._turns:
            stage = f"turn {state.turn + 1} of {self._turns}"
            pairs = self._pairs(stage)
            while state.step < training.steps:
                self.course.step(stage, training.steps, partial(self._train, pairs))
            with self.course.as_one():
                self._look()
            self.course.save(now=True)

    def result(self, stopped: bool) -> Inversion:
        """Return the best estimate."""
        self.course.fetch()
        state = self._state
        graph, settings = settings_of(state.best, self._tracks)
        return Inversion(
            graph,
            settings,
            graph,
            state.losses,
            {"history": state.history, "turns": state.told},
            self._recipe(),
            "stopped" if stopped else "finished",
            self._why(stopped),
            self.course.seconds,
        )

    def _why(self, stopped: bool) -> str:
        """Return in a sentence why it ended."""
        if stopped:
            return f"The user stopped it in turn {self._state.turn + 1} of {self._turns}."
        if not self._turns:
            return "The network has looked at the song once."
        return f"All {self._turns} turns are done."

    def _recipe(self) -> dict[str, Any]:
        """Return every number that decides what comes out."""
        shape = asdict(self._shape)
        return {**asdict(self._config), "weights": self._weights, "shape": shape}

    def _begin(self, trainer: Trainer) -> Adaptation:
        """Take a first look at the song."""
        numbers = trainer.estimate(self._excerpts)
        state = Adaptation(trainer, numbers, numbers)
        bare = build_console(self._tracks, ConsolePreset((), ()))
        state.losses["sum"] = song_loss(bare, Settings(), self._windows)
        state.losses["start"] = state.losses["final"] = self._loss(numbers)
        return state

    def _pairs(self, stage: str) -> list[Example]:
        """Make the pairs of the turn; the same ones whenever they are made."""
        state, config = self._state, self._config
        windows = np.random.default_rng((config.seed, state.turn, 0, 0))
        draws = np.random.default_rng((config.seed, state.turn, 0, 1))

        def numbers() -> Float[Tensor, "track 16"]:
            return config.sampling.draw(state.centre, state.turn, draws)

        def before(done: int) -> None:
            check()
            self.course.tell(f"{stage}, mixing", done, config.training.pairs)

        return drawn_pairs(
            self._excerpts, self._engine, config.training.pairs, windows, numbers, before=before
        )

    def _train(self, pairs: Sequence[Example]) -> tuple[int, Tensor]:
        """Take a step; return how many the turn has taken, and L_a at its start."""
        state, config = self._state, self._config
        chosen = config.training.chosen(pairs, config.seed, state.turn, state.step)
        state.error += float(state.trainer.step(chosen))
        state.step += 1
        last = state.told[-1]["loss"] if state.told else state.losses["start"]["published"]
        return state.step, torch.tensor(last)

    def _look(self) -> None:
        """End a turn: look at the song with what was learnt, and keep it if it matches better."""
        state, sampling = self._state, self._config.sampling
        state.centre = state.trainer.estimate(self._excerpts)
        loss = self._loss(state.centre)
        state.told.append(
            {
                "turn": state.turn + 1,
                "width": sampling.width_at(state.turn),
                "error": state.error / state.step,
                "loss": loss["published"],
            }
        )
        if loss["published"] < state.losses["final"]["published"]:
            state.best, state.losses["final"] = state.centre, loss
        state.turn, state.step, state.error = state.turn + 1, 0, 0.0

    def _loss(self, numbers: Float[Tensor, "track 16"]) -> dict[str, float]:
        graph, settings = settings_of(numbers, self._tracks)
        on_device = settings.map(lambda value: value.to(self._windows.device))
        return song_loss(graph, on_device, self._windows)


def _network(config: EamiConfig) -> tuple[InferenceNetwork, str | None]:
    """Return the network that a run begins with, and the digest of its weights if it is trained."""
    if config.weights is None:
        return InferenceNetwork(config.shape, config.seed), None
    network, told = read_network(Path(config.weights))
    return network, told.sha256
