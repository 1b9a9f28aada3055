"""A song in frames of a few milliseconds, as quadratic forms of the gains of its tracks in each."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.parallel import side_by_side

__all__ = ["Frames", "frames_of"]

_AT_ONCE_VALUES = 10_000_000


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
        inside = list(tracks)
        power, own = torch.zeros((2, gains.shape[-1]))
        others = gains.clone()
        others[inside] = 0.0
        for k in inside:
            power += gains[k] * (gains[inside] * self.gram[k, inside]).sum(0)
            own += gains[k] * (self.cross[k] - (others * self.gram[k]).sum(0))
        return power, own


def frames_of(
    parts: Callable[[int, int], Float[Tensor, "track 2 part"]],
    tracks: int,
    wet: Float[Tensor, "2 time"],
    heard: Tensor | None,
    frame_samples: int,
    sample_rate_hz: int,
) -> Frames:
    """Return a song's frames.

    Args:
        parts: what each track gives to the whitened mix between two samples.
        tracks: how many there are.
        wet: the whitened mix.
        heard: which samples count, bool [time]; None for all. A frame counts as a whole or not.
        frame_samples: the last frame may be shorter.
        sample_rate_hz: the rate.
    """
    time = wet.shape[-1]
    at_once = max(1, _AT_ONCE_VALUES // (2 * (tracks + 1) * frame_samples))
    count = -(-time // frame_samples)
    gram, cross = torch.empty((tracks, tracks, count)), torch.empty((tracks, count))

    def fill(first: int) -> None:
        frames = slice(first, min(first + at_once, count))
        begin, end = first * frame_samples, min(frames.stop * frame_samples, time)
        both = torch.cat((parts(begin, end), wet[None, :, begin:end]))
        both = torch.nn.functional.pad(both, (0, -(end - begin) % frame_samples))
        cut = both.unflatten(-1, (-1, frame_samples)).permute(2, 0, 1, 3).flatten(2)
        product = cut[:, :-1] @ cut.transpose(1, 2)
        if heard is not None:
            whole = torch.nn.functional.pad(heard[begin:end], (0, -(end - begin) % frame_samples))
            product *= whole.unflatten(-1, (-1, frame_samples)).all(-1)[:, None, None]
        gram[..., frames] = product[..., :-1].permute(1, 2, 0)
        cross[:, frames] = product[..., -1].T

    for _ in side_by_side(fill, range(0, count, at_once)):
        pass
    return Frames(gram, cross, frame_samples / sample_rate_hz)
