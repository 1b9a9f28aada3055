"""The inference network: from the spectra of a mix and of its tracks to the numbers of each track.

One encoder looks at the mix and at every track. What it finds of the mix is put beside what it
finds of a track, and each track goes on alone: their order and their number do not matter.

Source: Zhou et al. 2024; the encoder's channels and strides, the width of the recurrent layers and
the mean over time are not told there and are ours.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import torch
from jaxtyping import Bool, Float, Int64
from msgspec import Meta
from torch import Tensor, nn

from mixtrace.learned.conformer import Conformer
from mixtrace.learned.dials import DIALS, START
from mixtrace.learned.features import BANDS

__all__ = ["InferenceNetwork", "NetworkShape"]

_Size = Annotated[int, Meta(ge=1, le=1024)]
_Few = Annotated[int, Meta(ge=1, le=16)]
_Channels = Annotated[tuple[_Size, ...], Meta(min_length=1, max_length=12)]

_HALVING_TIME = 2
"""Layers of the encoder that halve time as well: what leaves has a frame every 100 ms."""
_LEAKAGE = 0.2
_CALM = 0.1
"""How much smaller the last weights begin: an untrained network finds next to no effect."""


@dataclass(frozen=True)
class NetworkShape:
    """How large a network is.

    Attributes:
        channels: of the encoder, a number a layer.
        features: that an encoded frame has.
        conformers: how many.
        heads: of their attention.
        head_size: features of each head; a Conformer has `heads` times as many.
        kernel: frames that their convolutions span.
        recurrent: how many recurrent layers.
        recurrent_size: their features, in each direction.
    """

    channels: _Channels = (16, 32, 32, 64, 64, 64)
    features: _Size = 128
    conformers: _Few = 3
    heads: _Few = 4
    head_size: _Size = 36
    kernel: _Size = 32
    recurrent: _Few = 2
    recurrent_size: _Size = 128


class InferenceNetwork(nn.Module):
    """Encoder, Conformers, recurrent layers, a mean over time, and a linear layer under a tanh."""

    def __init__(self, shape: NetworkShape, seed: int) -> None:
        """Make a network of random weights.

        Args:
            shape: how large it is.
            seed: of the weights.
        """
        super().__init__()
        self.shape = shape
        width = shape.heads * shape.head_size
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.encoder = _Encoder(shape.channels, shape.features)
            self.entering = nn.Linear(2 * shape.features, width)
            self.conformers = nn.ModuleList(
                Conformer(width, shape.heads, shape.kernel) for _ in range(shape.conformers)
            )
            self.recurrent = nn.LSTM(
                width, shape.recurrent_size, shape.recurrent, batch_first=True, bidirectional=True
            )
            self.leaving = nn.Linear(2 * shape.recurrent_size, len(DIALS))
        with torch.no_grad():
            self.leaving.weight.mul_(_CALM)
            self.leaving.bias.copy_(torch.atanh(torch.tensor(START)))

    def forward(
        self,
        mixes: Float[Tensor, "mix 2 frame 80"],
        tracks: Float[Tensor, "track 2 frame 80"],
        owners: Int64[Tensor, " track"],
        frames: Int64[Tensor, " mix"],
    ) -> Float[Tensor, "track 16"]:
        """Return the numbers of every track.

        Args:
            mixes: spectra of mixes.
            tracks: spectra of dry tracks.
            owners: which mix each track is in.
            frames: how many frames of each mix are there, at least one; the rest is padding.
        """
        length = mixes.shape[2]
        there = torch.arange(length, device=frames.device) < frames[:, None]
        of_mixes, there = self.encoder(mixes, there)
        of_tracks, _ = self.encoder(tracks, there.new_ones((len(tracks), length)))
        there = there[owners]
        x = self.entering(torch.cat([of_mixes[owners], of_tracks], -1))
        for conformer in self.conformers:
            x = conformer(x, there)
        x = self._followed(x, there.sum(1))
        mean = (x * there[..., None]).sum(1) / there.sum(1, keepdim=True)
        return torch.tanh(self.leaving(mean))

    def _followed(
        self, x: Float[Tensor, "track frame feature"], lengths: Int64[Tensor, " track"]
    ) -> Float[Tensor, "track frame other"]:
        """Return what the recurrent layers make of frames; none begins behind the end."""
        packed = nn.utils.rnn.pack_padded_sequence(
            x, lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        followed, _ = self.recurrent(packed)
        padded, _ = nn.utils.rnn.pad_packed_sequence(
            followed, batch_first=True, total_length=x.shape[1]
        )
        return padded


class _Encoder(nn.Module):
    """The encoding half of a U-Net: each layer halves the bands, the first two halve time too."""

    def __init__(self, channels: Sequence[int], features: int) -> None:
        super().__init__()
        sizes = (2, *channels)
        self.layers = nn.ModuleList(
            nn.Conv2d(sizes[i], sizes[i + 1], 3, (2 if i < _HALVING_TIME else 1, 2), 1)
            for i in range(len(channels))
        )
        for layer in self.layers:
            assert isinstance(layer, nn.Conv2d)
            nn.init.kaiming_normal_(layer.weight, _LEAKAGE)
        bands = BANDS
        for _ in channels:
            bands = math.ceil(bands / 2)
        self.pointwise = nn.Linear(channels[-1] * bands, features)

    def forward(
        self, x: Float[Tensor, "row 2 frame 80"], there: Bool[Tensor, "row frame"]
    ) -> tuple[Float[Tensor, "row fewer feature"], Bool[Tensor, "row fewer"]]:
        """Return the features of fewer frames, and which of them are there."""
        for number, layer in enumerate(self.layers):
            x = nn.functional.leaky_relu(layer(x), _LEAKAGE)
            there = there[:, ::2] if number < _HALVING_TIME else there
        return self.pointwise(x.transpose(1, 2).flatten(2)), there
