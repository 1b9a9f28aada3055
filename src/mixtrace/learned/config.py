"""What a user chooses for an inversion by a network, and the numbers that decide what comes out."""

from dataclasses import dataclass, field
from pathlib import Path

from mixtrace.errors import MixtraceError
from mixtrace.learned.engine import ENGINES
from mixtrace.learned.network import NetworkShape
from mixtrace.learned.sampling import Sampling
from mixtrace.learned.trainer import Training

__all__ = ["EamiConfig", "check_seed", "check_training"]

_LARGEST_SEED = 2**63 - 1
_MOST_TURNS, _MOST_PAIRS, _MOST_EPOCHS = 100_000, 4096, 1000


@dataclass(frozen=True)
class EamiConfig:
    """What a user chooses.

    Attributes:
        weights: the folder of a trained network; None begins with random weights.
        adapt: whether the network trains itself on the song; None where there are no weights.
        turns: of self-training.
        sampling: which numbers the pairs of a turn are made from.
        training: how the network is trained on them.
        engine: what mixes them: `mixtrace`, `pedalboard` or `dawdreamer`.
        shape: of a network that begins with random weights.
        seed: of everything random.
    """

    weights: Path | str | None = None
    adapt: bool | None = None
    turns: int = 40
    sampling: Sampling = field(default_factory=Sampling)
    training: Training = field(default_factory=Training)
    engine: str = "mixtrace"
    shape: NetworkShape = field(default_factory=NetworkShape)
    seed: int = 0

    @property
    def adapts(self) -> bool:
        """Whether the network trains itself on the song."""
        return self.weights is None if self.adapt is None else self.adapt

    def check(self) -> None:
        """Refuse what cannot be.

        Raises:
            MixtraceError: a number is out of range, or there is nothing to infer from.
        """
        if self.weights is None and not self.adapts:
            raise MixtraceError(
                "Expected a trained network, or one that adapts to the song; got neither. "
                "Name the folder of one, or let it adapt."
            )
        if self.engine not in ENGINES:
            raise MixtraceError(
                f"Expected an engine among {', '.join(ENGINES)}; got '{self.engine}'. "
                "Choose one of them."
            )
        _check_whole("turns", self.turns, 1, _MOST_TURNS)
        check_seed(self.seed)
        self.sampling.check()
        check_training(self.training)


def check_training(training: Training) -> None:
    """Refuse training that cannot be.

    Raises:
        MixtraceError: a number is out of range.
    """
    _check_whole("pairs a turn", training.pairs, 1, _MOST_PAIRS)
    _check_whole("epochs", training.epochs, 1, _MOST_EPOCHS)
    _check_whole("pairs a step", training.batch, 1, _MOST_PAIRS)
    if not 0.0 < training.rate <= 1.0:
        raise MixtraceError(
            f"Expected a rate above 0 and at most 1; got {training.rate}. Try 0.0005."
        )


def check_seed(seed: int) -> None:
    """Refuse a seed that no generator takes.

    Raises:
        MixtraceError: it is out of range.
    """
    _check_whole("a seed", seed, 0, _LARGEST_SEED)


def _check_whole(what: str, number: int, least: int, most: int) -> None:
    if not least <= number <= most:
        raise MixtraceError(
            f"Expected {what} of {least} to {most:,}; got {number}. Choose another number."
        )
