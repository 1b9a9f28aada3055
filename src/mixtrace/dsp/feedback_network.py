"""The impulse response of a feedback delay network whose decay depends on frequency.

Six delay lines of d samples each. What leaves the lines, s, is mixed by a Householder reflection A
and enters them again with the input u; on its way through a line it is weakened by g:

    s = D (B u + A s),    y = C s,    A = 1 - 2/6 (a matrix of ones),
    D = diag(g z⁻ᵈ),      g = 10^(-3 d / (rate RT60))

so that everything falls by 60 dB in RT60 seconds, at each frequency in its own. With
e = D / (1 - D) of each line, no matrix has to be inverted: the response from input i to output o is

    H = Σ c e b - (Σ c e) (Σ e b) / (3 + Σ e),    sums over the lines.

It is computed at the points of a transform, on a circle a little outside of that of the Fourier
transform: what rings beyond the transform's end is then 80 dB weaker where it wraps around. Between
the given frequencies 1 / RT60 goes in straight lines. A fade over the uppermost tenth of the
spectrum lets lines of broken samples be as good as whole ones.

Source: Jot and Chaigne, Digital delay networks for designing artificial reverberators, AES 90,
1991, for g; the inverse is that of Sherman and Morrison.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp.fft import fast_length

__all__ = ["LINES_S", "feedback_network_taps", "network_decay"]

LINES_S = tuple(samples / 44_100.0 for samples in (997, 1153, 1327, 1559, 1801, 2099))
"""Lengths of the lines in seconds; at 44.1 kHz they are primes of samples."""

_WRAPPED = 1e-4
"""What a sound is weakened by for each transform that it wraps around."""

_MARGIN_SAMPLES = 8192  # what rings before time zero ends up there
_FADED = 0.1


def feedback_network_taps(
    rt60_s: Float[Tensor, "node knot"],
    feeds: Float[Tensor, "node 2 line"],
    picks: Float[Tensor, "node 2 line"],
    *,
    length: int,
    highest_hz: float,
    sample_rate_hz: float,
) -> Float[Tensor, "node 4 length"]:
    """Return the responses to left from left and right, then to right from left and right.

    Args:
        rt60_s: times to fall by 60 dB, at frequencies evenly spaced from 0 to the highest.
        feeds: B, how much of left and of right enters each line.
        picks: C, how much of each line is heard left and right.
        length: samples to compute.
        highest_hz: the frequency of the last decay time; above it that holds.
        sample_rate_hz: rate of the response.
    """
    points = fast_length(length + _MARGIN_SAMPLES)
    shift = -math.log(_WRAPPED) / points
    share = torch.arange(points // 2 + 1, dtype=torch.float64, device=rt60_s.device) / points
    decay = network_decay(rt60_s.double(), share * sample_rate_hz, highest_hz)
    total = 0.0
    picked: list[Tensor] = [torch.zeros(())] * 2
    fed: list[Tensor] = [torch.zeros(())] * 2
    both: list[Tensor] = [torch.zeros(())] * 4
    b, c = feeds.double(), picks.double()
    for line, delay_s in enumerate(LINES_S):
        delay = delay_s * sample_rate_hz
        gain = torch.exp(-math.log(1000.0) * delay_s * decay - shift * delay)
        round_trip = gain * torch.polar(torch.ones_like(share), -2.0 * math.pi * delay * share)
        e = round_trip / (1.0 - round_trip)
        total = total + e
        for side in range(2):
            picked[side] = picked[side] + c[:, side, line, None] * e
            fed[side] = fed[side] + b[:, side, line, None] * e
        for path in range(4):
            out, into = divmod(path, 2)
            both[path] = both[path] + (c[:, out, line] * b[:, into, line])[:, None] * e
    lost = 1.0 / (len(LINES_S) / 2.0 + total)
    paths = [both[path] - picked[path // 2] * fed[path % 2] * lost for path in range(4)]
    spectrum = torch.stack(paths, 1) * _fade(share)
    grown = torch.exp(shift * torch.arange(length, dtype=torch.float64, device=share.device))
    return (torch.fft.irfft(spectrum, points)[..., :length] * grown).to(rt60_s.dtype)


def network_decay(
    rt60_s: Float[Tensor, "node knot"], frequency_hz: Float[Tensor, " bin"], highest_hz: float
) -> Float[Tensor, "node bin"]:
    """Return 1 / RT60 at some frequencies: straight lines between what is given."""
    last = rt60_s.shape[1] - 1
    place = (frequency_hz / highest_hz * last).clamp(max=float(last))
    before = place.floor().long().clamp(max=last - 1)
    knots = 1.0 / rt60_s
    return torch.lerp(knots[:, before], knots[:, before + 1], (place - before)[None])


def _fade(share: Float[Tensor, " bin"]) -> Float[Tensor, " bin"]:
    """Return 1, and half a cosine down to 0 at the Nyquist frequency."""
    down = ((2.0 * share - (1.0 - _FADED)) / _FADED).clamp(0.0, 1.0)
    return 0.5 + 0.5 * torch.cos(math.pi * down)
