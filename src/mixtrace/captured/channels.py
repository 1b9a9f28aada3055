"""Signals of one length, read part by part: in memory while they are few, else on disk."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.session.scratch import OnDisk, view_of

__all__ = ["Channels", "Signals", "channels_of"]


class Channels:
    """Channels of tracks, one after the other.

    Attributes:
        time: samples of each.
    """

    def __init__(
        self, kept: Sequence[Float[np.ndarray, "_channel time"] | OnDisk], counts: Sequence[int]
    ) -> None:
        """Take arrays [channel, time], or where they lie, and how many channels each has."""
        self._kept, self._counts = list(kept), list(counts)
        self.time = view_of(kept[0]).shape[-1] if kept else 0

    def __len__(self) -> int:
        """Return the number of channels."""
        return sum(self._counts)

    def part(self, begin: int, end: int) -> Float[Tensor, "input part"]:
        """Return what lies between two samples, silence beyond the ends."""
        first, last = max(begin, 0), min(end, self.time)
        found = torch.zeros((len(self), end - begin))
        if first >= last:
            return found
        row = 0
        for kept, count in zip(self._kept, self._counts, strict=True):
            heard = torch.from_numpy(view_of(kept)[:, first:last])
            found[row : row + count, first - begin : last - begin] = heard
            row += count
        return found

    def pick(self, chosen: Sequence[int]) -> "Channels":
        """Return some of the entries."""
        return Channels([self._kept[k] for k in chosen], [self._counts[k] for k in chosen])

    def replaced(
        self, others: Mapping[int, Float[np.ndarray, "channel time"] | OnDisk]
    ) -> "Channels":
        """Return the same with other audio for some of the entries."""
        return Channels([others.get(k, kept) for k, kept in enumerate(self._kept)], self._counts)


Signals = Float[Tensor, "_input _time"] | Channels
"""What the functions of this room read: a tensor, or channels kept elsewhere."""


def channels_of(signals: Signals) -> Channels:
    """Return signals as channels; a tensor is not copied."""
    if isinstance(signals, Channels):
        return signals
    return Channels([signals.numpy()], [len(signals)])
