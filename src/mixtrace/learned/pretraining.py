"""Training of a network on the tracks of many songs, mixed by numbers drawn at random.

A turn opens a few songs, one after the other: in memory are the audio of one, and the spectra of
the turn's pairs. No mix that people made is looked at. What was killed and goes on ends with the
same weights, bit for bit: a turn's songs, windows and numbers come from the seed and its number.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import partial

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.descent import Course, SongWindows
from mixtrace.errors import MixtraceError
from mixtrace.learned.config import check_seed, check_training
from mixtrace.learned.dials import DIALS
from mixtrace.learned.engine import engine_of
from mixtrace.learned.excerpts import Example, Excerpts
from mixtrace.learned.network import InferenceNetwork, NetworkShape
from mixtrace.learned.sampling import drawn_pairs
from mixtrace.learned.state import Pretraining
from mixtrace.learned.trainer import Trainer, Training
from mixtrace.methods import Work
from mixtrace.progress import Progress
from mixtrace.session import Session
from mixtrace.stopping import check

__all__ = ["Pretrained", "PretrainingConfig", "pretrain"]

_SONGS_OF_TURN = 4
"""Whose tracks the pairs of a turn are of: a turn on one song would teach that song."""
_MOST_TRACKS = 16
"""That are mixed at once; what a turn holds in memory grows with it."""
_MOST_TURNS = 1_000_000


@dataclass(frozen=True)
class PretrainingConfig:
    """What a user chooses.

    Attributes:
        turns: each makes pairs and trains on them.
        training: how.
        engine: what mixes the pairs.
        shape: of the network.
        seed: of everything random.
    """

    turns: int = 500
    training: Training = field(default_factory=Training)
    engine: str = "mixtrace"
    shape: NetworkShape = field(default_factory=NetworkShape)
    seed: int = 0

    def check(self) -> None:
        """Refuse what cannot be.

        Raises:
            MixtraceError: a number is out of range, or there is no such engine.
        """
        if not 1 <= self.turns <= _MOST_TURNS:
            raise MixtraceError(
                f"Expected turns of 1 to {_MOST_TURNS:,}; got {self.turns}. Choose another number."
            )
        check_seed(self.seed)
        check_training(self.training)
        engine_of(self.engine)


@dataclass(frozen=True, eq=False)
class Pretrained:
    """What training came to.

    Attributes:
        network: trained, on the CPU.
        history: mean squared error of the numbers, and seconds, of each step.
        skipped: songs that could not be read, each with the reason.
        stopped: whether the user stopped it before its end.
    """

    network: InferenceNetwork
    history: dict[str, list[float]]
    skipped: tuple[str, ...]
    stopped: bool


def pretrain(
    open_song: Callable[[int], Session], songs: int, config: PretrainingConfig, work: Work
) -> Pretrained:
    """Train a network on mixes of the tracks of many songs.

    Args:
        open_song: reads the tracks of a song by its number, from 0.
        songs: how many there are.
        config: what the user chose.
        work: how to carry it out.

    Raises:
        MixtraceError: a choice that is not valid, no song of a turn that can be used, or what the
            keeper gives back is not of this training.
    """
    config.check()
    run = _Run(open_song, songs, config, work)
    return run.result(run.course.stopped_in(run.train))


class _Run:
    def __init__(
        self, open_song: Callable[[int], Session], songs: int, config: PretrainingConfig, work: Work
    ) -> None:
        began = time.monotonic()
        self._open, self._songs, self._config = open_song, songs, config
        self._engine = engine_of(config.engine)
        rate = config.training.rate
        stored = work.stored()
        if stored is None:
            network = InferenceNetwork(config.shape, config.seed)
            self._state = Pretraining(Trainer(network, rate, work.device))
        else:
            self._state = Pretraining.unpack(*stored, config.shape, rate, work.device)

        def tell(progress: Progress) -> None:
            work.on_progress(replace(progress, loss=None))  # the error of numbers is no L_a

        own = replace(work, on_progress=tell)
        steps = config.turns * config.training.steps
        self.course = Course(self._state, asdict(config), own, steps, began)

    def train(self) -> None:
        """Train turn by turn."""
        state, training = self._state, self._config.training
        while state.turn < self._config.turns:
            stage = f"turn {state.turn + 1} of {self._config.turns}"
            pairs = self._pairs(stage)
            while state.step < training.steps:
                self.course.step(stage, training.steps, partial(self._train, pairs))
            with self.course.as_one():
                state.turn, state.step = state.turn + 1, 0
            self.course.save()
        self.course.save(now=True)

    def result(self, stopped: bool) -> Pretrained:
        """Return the network as it stands."""
        self.course.fetch()
        state = self._state
        network = state.trainer.network.cpu()
        return Pretrained(network, state.history, tuple(state.skipped), stopped)

    def _train(self, pairs: list[Example]) -> tuple[int, Tensor]:
        state, config = self._state, self._config
        chosen = config.training.chosen(pairs, config.seed, state.turn, state.step)
        error = state.trainer.step(chosen)
        state.step += 1
        return state.step, error

    def _pairs(self, stage: str) -> list[Example]:
        """Make the pairs of the turn; the same ones whenever they are made.

        Where a song cannot be used, others of the turn's order give its share.
        """
        count, turn = self._config.training.pairs, self._state.turn
        order = np.random.default_rng((self._config.seed, turn, 0)).permutation(self._songs)
        waiting, used, pairs = order.tolist(), [], list[Example]()
        while len(pairs) < count:
            if not waiting:
                waiting, used = used, []
            if not waiting:
                raise MixtraceError(
                    f"Expected songs that can be read; none can. {self._state.skipped[0]} "
                    "Name another corpus."
                )
            song = waiting.pop(0)
            of = max(1, min(_SONGS_OF_TURN - len(used), 1 + len(waiting)))
            share = -(-(count - len(pairs)) // of)
            rng = np.random.default_rng((self._config.seed, turn, 0, 1 + song, len(pairs)))
            made = self._of_song(song, share, rng, f"{stage}, mixing", len(pairs))
            pairs, used = [*pairs, *made], [*used, song] if made else used
        return pairs

    def _of_song(
        self, song: int, count: int, rng: np.random.Generator, stage: str, made: int
    ) -> list[Example]:
        """Make pairs of one song; none where it cannot be used, which is told."""

        def numbers() -> Float[Tensor, "track 16"]:
            drawn = rng.uniform(-1.0, 1.0, (excerpts.tracks, len(DIALS)))
            return torch.from_numpy(drawn).float()

        def before(done: int) -> None:
            check()
            self.course.tell(stage, made + done, self._config.training.pairs)

        before(0)
        try:
            session = self._open(song)
            excerpts = Excerpts(session, SongWindows(session))
            return drawn_pairs(
                excerpts, self._engine, count, rng, numbers, _MOST_TRACKS, before=before
            )
        except MixtraceError as error:
            if str(error) not in self._state.skipped:
                self._state.skipped.append(str(error))
            return []
