"""FIR filters from all tracks to both channels of a mix, by joint least squares.

y_o(t) = sum over inputs k of sum for tau = 0 .. N - 1 of h_ok(tau) x_k(t - tau) + e(t); what is
found is the h that leaves the least energy in e. Its normal equations are those of the room
`captured`, which read a song block by block, so that memory does not grow with its length. They are
solved by conjugate gradients under a ridge, and what that leaves of them is solved again: where a
track sounds the ridge is forgotten, where it does not the filter stays small. No spectrum is evened
out, no tap is expected to be smaller than another.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mixtrace.captured.channels import Channels, channels_of
from mixtrace.captured.correlations import add_products, no_products
from mixtrace.captured.equations import Toeplitz, solve
from mixtrace.session import Track

__all__ = ["channels_of_tracks", "heard_of", "joint_filters"]

_RIDGE = 1e-4
"""Of an input's energy. Plain least squares has none, and no solution where an input has no sound
in a part of the spectrum: single precision then finds filters of 130 dB. On real songs a tenth or
ten times as much leaves L_a where it is, to .01."""

_SILENT = 1e-9  # of the strongest input's energy: an input with less gets a filter of silence
_NOTHING = 1e-20  # keeps a song of silence from dividing by nothing
_TURNS = 200
_SOLVES = 3
"""The first and two of what is left: the ridge's bias r falls as r^3, to below 1e-4 in noise."""


def channels_of_tracks(tracks: Sequence[Track]) -> Channels:
    """Return the channels of tracks, which stay where they lie."""
    return Channels([track.kept for track in tracks], [len(track.audio) for track in tracks])


def heard_of(held_out: Sequence[tuple[int, int]], time: int) -> Bool[Tensor, " time"] | None:
    """Return which samples of a mix count; None for all."""
    if not held_out:
        return None
    heard = torch.ones(time, dtype=torch.bool)
    for start, stop in held_out:
        heard[start:stop] = False
    return heard


def joint_filters(
    dry: Float[Tensor, "input time"] | Channels,
    wet: Float[Tensor, "output time"] | Channels,
    order: int,
    heard: Bool[Tensor, " time"] | None = None,
) -> Float[Tensor, "output input order"]:
    """Return the filters from all inputs to all outputs, found together.

    Args:
        dry: channels of the tracks.
        wet: channels of the mix, as long.
        order: taps of each filter, the first at time zero; even.
        heard: which samples count, None for all. Others are silence in tracks and mix alike: the
            first `order` samples behind a gap then lack what came before it.
    """
    dry, wet = channels_of(dry), channels_of(wet)
    products = no_products(len(dry) + len(wet), order)
    add_products(products, dry, wet, heard, heard)
    equations = Toeplitz.of(products, len(dry), 0, order)
    power = equations.power.clamp(min=_SILENT * float(equations.power.max()) + _NOTHING)
    ridge = _RIDGE * power[None, :, None].expand_as(equations.wanted)
    easing = equations.easing(ridge)
    found = torch.zeros_like(equations.wanted)
    for _ in range(_SOLVES):
        left = equations.wanted - equations.product(found)
        found = found + solve(_Left(equations, left), ridge, easing, _TURNS)
    return found


class _Left:
    """Equations whose right side is what a solution has left of theirs."""

    def __init__(self, equations: Toeplitz, wanted: Float[Tensor, "output input taps"]) -> None:
        self._equations, self._wanted = equations, wanted

    @property
    def wanted(self) -> Float[Tensor, "output input taps"]:
        return self._wanted

    def product(self, h: Float[Tensor, "output input taps"]) -> Tensor:
        return self._equations.product(h)
