"""Impulse responses of all tracks at once: regularised least squares by conjugate gradients.

y_c(t) = sum_k sum_tau h_kc(tau) x_k(t - tau) + e, with `lead` taps before time zero. The normal
equations are block Toeplitz; a product with them is a K x K matrix for each bin of a circle of
twice the taps. The preconditioner is the inverse of that matrix with its correlations tapered by
a triangle: cut correlations are not positive definite bin by bin.

The ridge is empirical Bayes: a first solve under a plain prior tells, for every track and lag, how
much energy stands out of the noise; tap energy v under white noise s2 asks for the ridge s2 / v.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.captured.correlations import correlate
from mixtrace.dsp import fast_length

__all__ = ["apply_responses", "read_responses", "solve_responses"]

_FIRST_RIDGE = 1e-3
_FALL_S = 2.5  # a first guess of a reverb: 60 dB in this time
_DIRECT_S = 0.01
_NOISE_FACTOR = 2.0  # energy below twice the expected noise is none
_LEAST = 1e-2  # of the noise: what a tap without energy may have all the same
_TURNS = 100
_EXACT = 1e-3


def read_responses(
    dry: Float[Tensor, "input time"],
    wet: Float[Tensor, "output time"],
    taps: int,
    lead: int,
    sample_rate_hz: int,
) -> Float[Tensor, "output input taps"]:
    """Return the responses from whitened tracks to the whitened mix.

    Args:
        dry: whitened channels of tracks, none of them silent.
        wet: the mix, whitened alike.
        taps: length of the responses, even.
        lead: how many of them lie before time zero.
        sample_rate_hz: the rate.
    """
    known = correlate(dry, wet, taps)
    each = torch.arange(len(dry))
    power = known[each, each, 0]
    first = solve_responses(known, _plain_ridge(power, len(wet), taps, lead, sample_rate_hz), lead)
    rest = wet - apply_responses(first, dry, lead).sum(0)
    noise = rest.square().mean() / power[None, :, None]
    energy = _smoothed(first.square(), lead, sample_rate_hz)
    signal = (energy - _NOISE_FACTOR * noise).clamp(min=0) + _LEAST * noise
    return solve_responses(known, noise * power[None, :, None] / signal, lead, first)


def solve_responses(
    known: Float[Tensor, "input both circle"],
    ridge: Float[Tensor, "output input taps"],
    lead: int,
    start: Float[Tensor, "output input taps"] | None = None,
) -> Float[Tensor, "output input taps"]:
    """Return the taps that minimise the squared error plus the ridge times their squares.

    Args:
        known: from `correlate`, its lags the taps.
        ridge: positive.
        lead: taps before time zero.
        start: where to begin; None for silence.
    """
    inputs, taps = len(known), ridge.shape[-1]
    circle = 2 * taps
    gram = torch.fft.rfft(known[:, :inputs]).permute(2, 0, 1).contiguous()
    lag = torch.arange(circle)
    triangle = 1 - torch.minimum(lag, circle - lag) / taps
    tapered = torch.fft.rfft(known[:, :inputs] * triangle).permute(2, 0, 1)
    mean_ridge = torch.diag_embed(ridge.mean((0, 2))).to(tapered.dtype)
    inverse = torch.linalg.inv(tapered + mean_ridge)

    def through(matrix: Tensor, h: Tensor) -> Tensor:
        spectra = torch.fft.rfft(h, circle).permute(2, 1, 0)
        return torch.fft.irfft((matrix @ spectra).permute(2, 1, 0), circle)[..., :taps]

    wanted = known[:, inputs:].permute(1, 0, 2)
    wanted = torch.cat((wanted[..., circle - lead :], wanted[..., : taps - lead]), -1)
    h = torch.zeros_like(wanted) if start is None else start.clone()
    rest = wanted - (through(gram, h) + ridge * h)
    enough = _EXACT**2 * float((wanted * through(inverse, wanted)).sum())
    eased = through(inverse, rest)
    way, left = eased, float((rest * eased).sum())
    for _ in range(_TURNS):
        if left <= enough:
            break
        image = through(gram, way) + ridge * way
        step = left / float((way * image).sum())
        h, rest = h + step * way, rest - step * image
        eased = through(inverse, rest)
        before, left = left, float((rest * eased).sum())
        way = eased + (left / before) * way
    return h


def apply_responses(
    responses: Float[Tensor, "output input taps"], dry: Float[Tensor, "input time"], lead: int
) -> Float[Tensor, "input output time"]:
    """Return what each input gives to each output, as long as the inputs."""
    time = dry.shape[-1]
    length = fast_length(time + responses.shape[-1])
    parts = []
    for k, signal in enumerate(dry):
        spectrum = torch.fft.rfft(signal, length) * torch.fft.rfft(responses[:, k], length)
        parts.append(torch.fft.irfft(spectrum, length)[..., lead : lead + time])
    return torch.stack(parts)


def _plain_ridge(
    power: Float[Tensor, " input"], outputs: int, taps: int, lead: int, sample_rate_hz: int
) -> Float[Tensor, "output input taps"]:
    """Return a ridge that rises as a reverb falls, and steeply before time zero."""
    time_s = (torch.arange(taps) - lead) / sample_rate_hz
    shape = 10 ** (6 * time_s.clamp(min=0) / _FALL_S)
    shape = torch.where((time_s >= 0) & (time_s < _DIRECT_S), 0.1 * shape, shape)
    shape = torch.where(time_s < 0, 10 ** (-2 * time_s * sample_rate_hz / max(lead, 1)), shape)
    return _FIRST_RIDGE * (power[None, :, None] * shape).expand(outputs, -1, -1)


def _smoothed(energy: Tensor, lead: int, sample_rate_hz: int) -> Tensor:
    """Return the mean of energy around each tap, over a tenth of its distance from time zero."""
    taps = energy.shape[-1]
    total = torch.nn.functional.pad(energy.double().cumsum(-1), (1, 0))
    place = torch.arange(taps)
    reach = (0.1 * (place - lead).abs()).clamp(5e-4 * sample_rate_hz, 0.03 * sample_rate_hz).long()
    first, last = (place - reach).clamp(min=0), (place + reach + 1).clamp(max=taps)
    return ((total[..., last] - total[..., first]) / (last - first)).float()
