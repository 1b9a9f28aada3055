"""A song in frames of a few milliseconds, as quadratic forms of the gains of its tracks in each."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.parallel import side_by_side

__all__ = ["Frames", "frames_of"]

_AT_ONCE_SAMPLES = 400_000


@dataclass(frozen=True, eq=False)
class Frames:
    """A song in frames: the error of gains g is g' gram g - 2 g' cross, and what has no gain in it.

    Attributes:
        gram: sum over samples and channels of z_k z_l, in each frame.
        cross: of z_k y.
        frame_s: length of a frame.
    """

    gram: Float[Tensor, "track track frame"]
    cross: Float[Tensor, "track frame"]
    frame_s: float

    def form(
        self, tracks: tuple[int, ...], gains: Float[Tensor, "track frame"]
    ) -> tuple[Float[Tensor, " frame"], Float[Tensor, " frame"]]:
        """Return the energy of the sum of some tracks, and its product with what others leave.

        Args:
            tracks: that are summed.
            gains: of all tracks, those of the sum included.
        """
        power, own = torch.zeros((2, gains.shape[-1]))
        others = gains.clone()
        others[list(tracks)] = 0.0
        mine = gains - others
        for k in tracks:
            power += gains[k] * (mine * self.gram[k]).sum(0)
            own += gains[k] * (self.cross[k] - (others * self.gram[k]).sum(0))
        return power, own


def frames_of(
    parts: Callable[[int, int], Float[Tensor, "track 2 part"]],
    wet: Float[Tensor, "2 time"],
    heard: Tensor | None,
    frame_samples: int,
    sample_rate_hz: int,
) -> Frames:
    """Return a song's frames.

    Args:
        parts: what each track gives to the whitened mix between two samples.
        wet: the whitened mix.
        heard: which samples count, bool [time]; None for all. A frame counts as a whole or not.
        frame_samples: the last frame may be shorter.
        sample_rate_hz: the rate.
    """
    time = wet.shape[-1]
    at_once = max(1, _AT_ONCE_SAMPLES // frame_samples) * frame_samples

    def framed(first: int) -> tuple[Tensor, Tensor]:
        last = min(first + at_once, time)
        both = torch.cat((parts(first, last), wet[None, :, first:last]))
        both = torch.nn.functional.pad(both, (0, -(last - first) % frame_samples))
        cut = both.unflatten(-1, (-1, frame_samples)).permute(2, 0, 1, 3).flatten(2)
        product = cut[:, :-1] @ cut.transpose(1, 2)
        if heard is not None:
            whole = torch.nn.functional.pad(heard[first:last], (0, -(last - first) % frame_samples))
            product *= whole.unflatten(-1, (-1, frame_samples)).all(-1)[:, None, None]
        return product[..., :-1].permute(1, 2, 0), product[..., -1].T

    found = list(side_by_side(framed, range(0, time, at_once)))
    grams, crosses = [gram for gram, _ in found], [cross for _, cross in found]
    return Frames(torch.cat(grams, -1), torch.cat(crosses, -1), frame_samples / sample_rate_hz)
