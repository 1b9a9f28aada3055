"""Correlations of all tracks with one another and with the mix, exact up to a number of lags."""

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["correlate"]

_BLOCKS_AT_ONCE = 64


def correlate(
    dry: Float[Tensor, "input time"], wet: Float[Tensor, "output time"], lags: int
) -> Float[Tensor, "input both circle"]:
    """Return sum over t of dry[k, t] both[l, t + m], |m| < lags, `both` being dry, then wet.

    Lag m stands at m modulo 2 `lags`; the lag `lags` itself is zero. Signals are silent beyond
    their ends. Blocks of `lags` samples are multiplied with themselves and with the block that
    follows, so that nothing wraps; time and memory grow with the song as its transforms do.

    Args:
        dry: K signals.
        wet: O signals of the same length.
        lags: even.
    """
    both = torch.cat((dry, wet))
    inputs, circle = len(dry), 2 * lags
    count = -(-both.shape[-1] // lags)
    padded = torch.nn.functional.pad(both, (0, count * lags - both.shape[-1]))
    blocks = padded.reshape(len(both), count, lags)
    same = torch.zeros((lags + 1, inputs, len(both)), dtype=torch.complex64)
    following = torch.zeros((lags + 1, len(both), len(both)), dtype=torch.complex64)
    last: Tensor | None = None
    for first in range(0, count, _BLOCKS_AT_ONCE):
        chunk = torch.fft.rfft(blocks[:, first : first + _BLOCKS_AT_ONCE], circle).permute(2, 0, 1)
        same += chunk[:, :inputs].conj() @ chunk.transpose(1, 2)
        if last is not None:
            chunk = torch.cat((last, chunk), 2)
        following += chunk[:, :, :-1].conj() @ chunk[:, :, 1:].transpose(1, 2)
        last = chunk[:, :, -1:].clone()
    within = torch.fft.irfft(same.permute(1, 2, 0), circle)
    across = torch.fft.irfft(following.permute(1, 2, 0), circle)
    later = across[..., lags + 1 :]  # of the lags 1 to lags - 1
    within[..., 1:lags] += later[:inputs]
    within[..., lags + 1 :] += later[:, :inputs].transpose(0, 1).flip(-1)
    within[..., lags] = 0
    return within
