"""A network and what trains it: from pairs of mixes and numbers, by Adam on the squared error."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from mixtrace.descent import Adam
from mixtrace.learned.dials import DIALS, START
from mixtrace.learned.excerpts import Example, Excerpts, batch_of
from mixtrace.learned.network import InferenceNetwork, NetworkShape

__all__ = ["Trainer", "Training", "memory_faults", "weight_faults"]

_FIRST_MOMENT, _SECOND_MOMENT = 0.5, 0.999
_AT_ONCE = 4
_NETWORK, _ADAM = "network.", "adam."
_MOMENTS = ("exp_avg", "exp_avg_sq", "step")


@dataclass(frozen=True)
class Training:
    """How a network is trained on the pairs of a turn.

    Attributes:
        pairs: that are made for a turn.
        epochs: how often each of them is seen.
        batch: pairs a step.
        rate: of Adam, whose moments keep 0.5 and 0.999.

    Source: Zhou et al. 2024; the number of pairs is ours.
    """

    pairs: int = 32
    epochs: int = 10
    batch: int = 4
    rate: float = 5e-4

    @property
    def steps(self) -> int:
        """Steps of a turn."""
        return self.epochs * self._steps_of_epoch

    @property
    def _steps_of_epoch(self) -> int:
        return -(-self.pairs // self.batch)

    def chosen(self, pairs: Sequence[Example], seed: int, turn: int, step: int) -> list[Example]:
        """Return the pairs of a step: every epoch goes through all, in an order of its own."""
        epoch, place = divmod(step, self._steps_of_epoch)
        order = np.random.default_rng((seed, turn, 1 + epoch)).permutation(len(pairs))
        return [pairs[k] for k in order[place * self.batch : (place + 1) * self.batch]]


class Trainer:
    """A network and its optimiser.

    Attributes:
        network: whose weights move.
    """

    def __init__(self, network: InferenceNetwork, rate: float, device: str) -> None:
        """Take a network; Adam begins anew."""
        self.network = network.to(device)
        self._device = torch.device(device)
        weights = dict(network.named_parameters())
        self._rates = dict.fromkeys(weights, rate)
        self._adam = Adam(weights, _SECOND_MOMENT, _FIRST_MOMENT)

    def step(self, pairs: Sequence[Example]) -> Float[Tensor, ""]:
        """Move the weights by the gradient of some pairs; return their error before that."""
        batch = batch_of(pairs, self._device)
        wanted = torch.cat([_known(pair) for pair in pairs]).to(self._device)
        found = self.network(batch.mixes, batch.tracks, batch.owners, batch.frames)
        error = functional.mse_loss(found, wanted)
        self.network.zero_grad()
        error.backward()
        self._adam.step(self._rates)
        return error.detach()

    @torch.no_grad()
    def estimate(self, excerpts: Excerpts) -> Float[Tensor, "track 16"]:
        """Return the numbers of a song: the mean of what is found in windows where a track sounds.

        A track that sounds in none keeps those of a track of which nothing is known.
        """
        sums = torch.zeros((excerpts.tracks, len(DIALS)))
        counts = torch.zeros((excerpts.tracks, 1))
        for first in range(0, len(excerpts.starts), _AT_ONCE):
            examples = map(excerpts.real, excerpts.starts[first : first + _AT_ONCE])
            heard = [example for example in examples if example.rows]
            if heard:
                batch = batch_of(heard, self._device)
                found = self.network(batch.mixes, batch.tracks, batch.owners, batch.frames)
                rows = [row for example in heard for row in example.rows]
                sums.index_add_(0, torch.tensor(rows), found.cpu())
                counts.index_add_(0, torch.tensor(rows), torch.ones((len(rows), 1)))
        return torch.where(counts > 0.0, sums / counts.clamp_min(1.0), torch.tensor(START))

    def memory(self) -> dict[str, Tensor]:
        """Return weights and moments by name."""
        tensors = {f"{_NETWORK}{name}": v for name, v in self.network.state_dict().items()}
        for name, moments in self._adam.memory.items():
            tensors |= {f"{_ADAM}{key}.{name}": value for key, value in moments.items()}
        return {name: tensor.detach().cpu().clone() for name, tensor in tensors.items()}

    @classmethod
    def from_memory(
        cls, tensors: Mapping[str, Tensor], shape: NetworkShape, rate: float, device: str
    ) -> "Trainer":
        """Return the trainer that was remembered; see `memory_faults` for what has to hold."""
        network = InferenceNetwork(shape, seed=0)
        network.load_state_dict(_under(_NETWORK, tensors))
        trainer = cls(network, rate, device)
        if any(name.startswith(_ADAM) for name in tensors):
            trainer._adam.memory = {
                name: {key: tensors[f"{_ADAM}{key}.{name}"].clone().to(device) for key in _MOMENTS}
                for name, _ in network.named_parameters()
            }
        return trainer


def memory_faults(tensors: Mapping[str, Tensor], shape: NetworkShape) -> Iterator[str]:
    """Yield what speaks against remembered tensors being a network's of this shape."""
    yield from weight_faults(_under(_NETWORK, tensors), shape)
    sizes = _sizes(shape)
    moments = {name: v for name, v in tensors.items() if name.startswith(_ADAM)}
    wanted = {
        f"{_ADAM}{k}.{n}": () if k == "step" else s for n, s in sizes.items() for k in _MOMENTS
    }
    if moments and {name: tuple(v.shape) for name, v in moments.items()} != wanted:
        yield "the moments of its weights are others"


def weight_faults(weights: Mapping[str, Tensor], shape: NetworkShape) -> Iterator[str]:
    """Yield what speaks against tensors being the weights of a network of this shape."""
    sizes = _sizes(shape)
    if weights.keys() != sizes.keys():
        odd = min(weights.keys() ^ sizes.keys())
        yield f"the tensor {odd[:60]!r} is missing or too much"
        return
    for name, size in sizes.items():
        tensor = weights[name]
        if tuple(tensor.shape) != size or tensor.dtype != torch.float32:
            yield f"{name} is {tensor.dtype} {list(tensor.shape)}, not float32 {list(size)}"
        elif not bool(torch.isfinite(tensor).all()):
            yield f"{name} holds NaN or infinite numbers"


def _sizes(shape: NetworkShape) -> dict[str, tuple[int, ...]]:
    """Return the sizes of weights, without making any of them."""
    with torch.device("meta"):
        network = InferenceNetwork(shape, seed=0)
    return {name: tuple(value.shape) for name, value in network.state_dict().items()}


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): v for n, v in tensors.items() if n.startswith(prefix)}


def _known(pair: Example) -> Float[Tensor, "track 16"]:
    assert pair.numbers is not None
    return pair.numbers
