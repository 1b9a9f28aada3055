"""The Conformer: attention for what lies far apart, convolution for what lies near.

Source: A. Gulati et al., "Conformer: Convolution-augmented Transformer for Speech Recognition",
Interspeech 2020, arXiv 2005.08100. Three things differ. Attention knows no distances, for the
convolutions and the recurrent layers behind do. The convolution is normalised over the features of
a frame, not over a batch, so that no track depends on which others are looked at with it. And there
is no dropout, for every turn of self-training draws other pairs.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Conformer"]

_WIDER = 4  # how much wider a feed-forward part is inside, as published


class Conformer(nn.Module):
    """One layer: half a feed-forward part, attention, convolution, half a feed-forward part."""

    def __init__(self, features: int, heads: int, kernel: int) -> None:
        """Make a layer.

        Args:
            features: of a frame; a multiple of `heads`.
            heads: of the attention.
            kernel: frames that the convolution spans.
        """
        super().__init__()
        self.first = _FeedForward(features)
        self.attention = _Attention(features, heads)
        self.convolution = _Convolution(features, kernel)
        self.second = _FeedForward(features)
        self.norm = nn.LayerNorm(features)

    def forward(
        self, x: Float[Tensor, "row frame feature"], there: Bool[Tensor, "row frame"]
    ) -> Float[Tensor, "row frame feature"]:
        """Return what comes of frames; those that are not there change no other.

        Args:
            x: features of frames.
            there: which frames are there.
        """
        x = x + 0.5 * self.first(x)
        x = x + self.attention(x, there)
        x = x + self.convolution(x, there)
        x = x + 0.5 * self.second(x)
        return self.norm(x)


class _FeedForward(nn.Sequential):
    def __init__(self, features: int) -> None:
        super().__init__(
            nn.LayerNorm(features),
            nn.Linear(features, _WIDER * features),
            nn.SiLU(),
            nn.Linear(_WIDER * features, features),
        )


class _Attention(nn.Module):
    def __init__(self, features: int, heads: int) -> None:
        super().__init__()
        self._heads = heads
        self.norm = nn.LayerNorm(features)
        self.entering = nn.Linear(features, 3 * features)
        self.leaving = nn.Linear(features, features)

    def forward(
        self, x: Float[Tensor, "row frame feature"], there: Bool[Tensor, "row frame"]
    ) -> Float[Tensor, "row frame feature"]:
        queries, keys, values = (
            part.unflatten(-1, (self._heads, -1)).transpose(1, 2)
            for part in self.entering(self.norm(x)).chunk(3, -1)
        )
        mask = there[:, None, None]
        heard = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
        return self.leaving(heard.transpose(1, 2).flatten(-2))


class _Convolution(nn.Module):
    def __init__(self, features: int, kernel: int) -> None:
        super().__init__()
        self._around = ((kernel - 1) // 2, kernel // 2)
        self.norm = nn.LayerNorm(features)
        self.entering = nn.Linear(features, 2 * features)
        self.along = nn.Conv1d(features, features, kernel, groups=features)
        self.inner_norm = nn.LayerNorm(features)
        self.leaving = nn.Linear(features, features)

    def forward(
        self, x: Float[Tensor, "row frame feature"], there: Bool[Tensor, "row frame"]
    ) -> Float[Tensor, "row frame feature"]:
        gated = functional.glu(self.entering(self.norm(x)), -1)
        silent = torch.where(there[..., None], gated, 0.0)
        padded = functional.pad(silent.transpose(1, 2), self._around)
        along = self.along(padded).transpose(1, 2)
        return self.leaving(functional.silu(self.inner_norm(along)))
