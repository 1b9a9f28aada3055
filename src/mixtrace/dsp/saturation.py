"""Saturation: a soft curve without memory, at a multiple of the audio's rate.

For audio x, drive g (a ratio) and bias b the curve is tanh(g x + b) - tanh(b), divided by its slope
at zero. With t = tanh(b) and T = tanh(g x) that is

    y = T / (g (1 + t T)),

which has no differences of near numbers: silence stays silence, small signals pass unchanged at any
drive and bias, and half waves end at 1 / (g (1 + t)) and -1 / (g (1 - t)). A bias makes even
harmonics. It removes the offset of silence; the mean that an asymmetric curve gives to loud audio
stays, as in the unfiltered curve.

Bent audio is wider than its rate can hold. Each doubling of the rate is a half-band filter with a
Kaiser window (Oppenheim and Schafer, "Discrete-Time Signal Processing", section 7.6), symmetric
about time zero: passed samples stay as they are, between them lies a sum of as many before as
after. The way down is the transpose of the way up. The rate is doubled until it is 176 kHz or more:
8 times at 30 kHz, 4 times at 44.1 and 48 kHz, twice at 96 kHz.

A 5 kHz sine of full scale folds back, up to .91 of the Nyquist frequency, to -105 dB of itself with
12 dB of drive, -59 dB with 18 dB and -40 dB with 24 dB. Up to there the band is flat to .01 dB;
from there to the Nyquist frequency the filters fall to half, and let as much of the mirror through:
a harmonic just above it (25 kHz at 48 kHz) folds back only partly weakened.
"""

import math
from functools import cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp import saturation_kernels as kernels
from mixtrace.loops import over_rows

__all__ = ["saturate", "saturate_reference", "saturation_reach_samples", "saturation_share"]

_INNER_RATE_HZ = 176_000.0
"""The curve works at this rate or above: the first to fold back is harmonic 31 of 5 kHz."""

_PAIRS = (40, 8, 6)
"""Taps on either side of the first, second and third doubling; later ones have room to fall."""

_NOTHING = 1e-20
"""Below this a sample is passed as it is: the curve's slope there is one."""

_SHARED_SAMPLES = 1 << 18
"""What is shared at once: some 20 MB a channel at the inner rate."""

_KAISER_BETA = 10.06
"""Side lobes of -100 dB."""


def saturate(
    audio: Float[Tensor, "node channel time"],
    drive_db: Float[Tensor, " node"],
    bias: Float[Tensor, " node"],
    sample_rate_hz: float,
) -> Float[Tensor, "node channel time"]:
    """Return the bent audio; what lies outside it counts as silence.

    Args:
        audio: full scale is one.
        drive_db: level into the curve; it is taken back behind it.
        bias: offset into the curve, in units of its input: 0 is symmetric; at 1 positive half waves
            end at .57, negative ones at 4.2 of what they do at 0.
        sample_rate_hz: rate of the audio.
    """
    if audio.device.type != "cpu":
        return saturate_reference(audio, drive_db, bias, sample_rate_hz)
    signal = audio.flatten(0, 1)
    for taps in _doublings(sample_rate_hz, audio.dtype):
        signal = _Double.apply(signal, taps)
    gain, tilt = (
        part.repeat_interleave(audio.shape[1])
        for part in (drive_db * (math.log(10.0) / 20.0), torch.tanh(bias))
    )
    signal = _Curve.apply(signal, gain, tilt)
    for taps in reversed(_doublings(sample_rate_hz, audio.dtype)):
        signal = _Halve.apply(signal, taps)
    return signal.view(audio.shape)


def saturation_reach_samples(sample_rate_hz: float) -> int:
    """Return how many samples before and after its own a sample of `saturate` depends on.

    >>> [saturation_reach_samples(rate_hz) for rate_hz in (30e3, 44.1e3, 48e3, 96e3)]
    [91, 88, 88, 80]
    """
    pairs = _PAIRS[: _doubling_count(sample_rate_hz)]
    return math.ceil(sum(2 * count / 2**stage for stage, count in enumerate(pairs)))


def saturate_reference(
    audio: Tensor, drive_db: Tensor, bias: Tensor, sample_rate_hz: float
) -> Tensor:
    """Compute what `saturate` computes with tensor operations alone, on any device."""
    filters = [
        torch.from_numpy(taps).to(audio.device) for taps in _doublings(sample_rate_hz, audio.dtype)
    ]
    signal = audio.flatten(0, 1)[:, None]
    for taps in filters:
        between = torch.nn.functional.conv1d(signal, _both_sides(taps), padding=len(taps))
        signal = torch.stack([signal, between[..., 1:]], -1).flatten(-2)
    gain, tilt = (
        part.repeat_interleave(audio.shape[1])[:, None, None]
        for part in (10.0 ** (drive_db / 20.0), torch.tanh(bias))
    )
    bent = torch.tanh(gain * signal)
    signal = bent / (gain * (1.0 + tilt * bent))
    for taps in reversed(filters):
        even, odd = signal[..., ::2], signal[..., 1::2]
        between = torch.nn.functional.conv1d(odd, _both_sides(taps), padding=len(taps))
        signal = 0.5 * (even + between[..., :-1])
    return signal.view(audio.shape)


@torch.no_grad()
def saturation_share(
    part: Float[Tensor, "channel time"],
    whole: Float[Tensor, "channel time"],
    drive_db: float,
    bias: float,
    sample_rate_hz: float,
) -> Float[Tensor, "channel time"]:
    """Return what a part of a sound has in the saturation of the whole.

    At the inner rate the curve f is a gain f(x) / x, smooth and finite, on each sample x of the
    whole; the part passes under the same gain. So the shares of parts that sum to the whole sum to
    its saturation. For a curve without memory that is the Aumann-Shapley share: what a part adds on
    the straight way from silence to the whole.

    Args:
        part: what is shared.
        whole: what the part belongs to; full scale is one.
        drive_db: as for `saturate`.
        bias: likewise.
        sample_rate_hz: rate of the audio.
    """
    reach, time = saturation_reach_samples(sample_rate_hz), part.shape[-1]
    share = torch.empty_like(part)
    for first in range(0, time, _SHARED_SAMPLES):
        end = min(first + _SHARED_SAMPLES, time)
        begin, beyond = max(first - reach, 0), min(end + reach, time)
        silence = (begin - (first - reach), end + reach - beyond)
        own, all_of_it = (
            torch.nn.functional.pad(each[:, begin:beyond], silence) for each in (part, whole)
        )
        found = _share(own, all_of_it, drive_db, bias, sample_rate_hz)
        share[:, first:end] = found[:, reach : reach + end - first]
    return share


def _share(
    part: Tensor, whole: Tensor, drive_db: float, bias: float, sample_rate_hz: float
) -> Tensor:
    filters = _doublings(sample_rate_hz, part.dtype)
    for taps in filters:
        part, whole = _doubled(part, taps, 1.0), _doubled(whole, taps, 1.0)
    gain, tilt = 10.0 ** (drive_db / 20.0), math.tanh(bias)
    bent = torch.tanh(gain * whole)
    curve = bent / (gain * (1.0 + tilt * bent))
    part = part * torch.where(whole.abs() < _NOTHING, 1.0, curve / whole)
    for taps in reversed(filters):
        part = _halved(part, taps, 1.0)
    return part


def _both_sides(taps: Tensor) -> Tensor:
    return torch.cat([taps.flip(0), taps])[None, None]


def _doubling_count(sample_rate_hz: float) -> int:
    needed = math.ceil(math.log2(_INNER_RATE_HZ / sample_rate_hz))
    return min(max(needed, 1), len(_PAIRS))


@cache
def _doublings(sample_rate_hz: float, dtype: torch.dtype) -> tuple[np.ndarray, ...]:
    """Return the taps at +-1, +-3, .. of each half-band filter; each side sums to one half."""
    number = np.float32 if dtype == torch.float32 else np.float64
    filters = []
    for count in _PAIRS[: _doubling_count(sample_rate_hz)]:
        offset = 2.0 * np.arange(count) + 1.0
        window = np.i0(_KAISER_BETA * np.sqrt(1.0 - (offset / (2.0 * count)) ** 2))
        taps = np.sinc(offset / 2.0) * window
        filters.append((taps / (2.0 * taps.sum())).astype(number))
    return tuple(filters)


class _Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, signal: Tensor, taps: np.ndarray) -> Tensor:
        ctx.taps = taps
        return _doubled(signal, taps, 1.0)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _halved(gradients[0], ctx.taps, 2.0), None


class _Halve(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, signal: Tensor, taps: np.ndarray) -> Tensor:
        ctx.taps = taps
        return _halved(signal, taps, 1.0)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _doubled(gradients[0], ctx.taps, 0.5), None


class _Curve(torch.autograd.Function):
    """The curve of rows [row, time] with log g and t of each row."""

    @staticmethod
    def forward(ctx: Any, signal: Tensor, log_gain: Tensor, tilt: Tensor) -> Tensor:
        gain = torch.exp(log_gain)
        output = torch.empty_like(signal)
        rows = (signal.numpy(), gain.numpy(), tilt.numpy(), output.numpy())
        over_rows(kernels.curve_forward, len(signal), *rows)
        ctx.save_for_backward(signal, gain, tilt, output)
        return output

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        given = (*ctx.saved_tensors, gradients[0].contiguous())
        signal, gain, tilt = given[:3]
        results = torch.empty_like(signal), torch.empty_like(gain), torch.empty_like(tilt)
        arrays = (tensor.numpy() for tensor in (*given, *results))
        over_rows(kernels.curve_backward, len(signal), *arrays)
        return results


def _doubled(signal: Tensor, taps: np.ndarray, gain: float) -> Tensor:
    signal = signal.contiguous()
    output = signal.new_empty((len(signal), 2 * signal.shape[1]))
    over_rows(kernels.double_rate, len(signal), signal.numpy(), taps, gain, output.numpy())
    return output


def _halved(signal: Tensor, taps: np.ndarray, gain: float) -> Tensor:
    signal = signal.contiguous()
    output = signal.new_empty((len(signal), signal.shape[1] // 2))
    over_rows(kernels.halve_rate, len(signal), signal.numpy(), taps, gain, output.numpy())
    return output
