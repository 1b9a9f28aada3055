"""Impulse responses of all tracks at once: least squares with a ridge that the song asks for.

The ridge is empirical Bayes: a first solve under a plain prior tells, for every track and lag, how
much energy stands out of the noise; tap energy v under white noise s2 asks for the ridge s2 / v.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mixtrace.captured.equations import HeldOut, equations_of, solve
from mixtrace.dsp import fast_length

__all__ = ["apply_responses", "read_responses"]

_PLAIN_RIDGE = 1e-3
_FALL_S = 2.5  # a first guess of a reverb: 60 dB in this time
_DIRECT_S = 0.01
_NOISE_FACTOR = 2.0  # energy below twice the expected noise is none
_LEAST = 0.3  # of the noise: what a tap without energy may have all the same
_PLAIN_TURNS = 25
_TURNS = 20
_EXACT_TURNS = 6  # from what is nearly right: only seams have to be mended


def read_responses(
    dry: Float[Tensor, "input time"],
    wet: Float[Tensor, "output time"],
    taps: int,
    lead: int,
    sample_rate_hz: int,
    *,
    heard: Bool[Tensor, " time"] | None = None,
    start: Float[Tensor, "output input taps"] | None = None,
) -> Float[Tensor, "output input taps"]:
    """Return the responses from whitened tracks to the whitened mix.

    Args:
        dry: whitened channels of tracks, none of them silent where it is heard.
        wet: the mix, whitened alike.
        taps: length of the responses, even.
        lead: how many of them lie before time zero.
        sample_rate_hz: the rate.
        heard: which samples count; None for all.
        start: responses near the ones looked for; None for none.
    """
    part = (dry, wet) if heard is None else (dry * heard, wet * heard)
    equations = equations_of(*part, taps, lead)
    plain = _plain_ridge(equations.power, len(wet), taps, lead, sample_rate_hz)
    turns = _PLAIN_TURNS if start is None else _PLAIN_TURNS // 2
    first = solve(equations, plain, equations.easing(plain), turns, start)
    rest = part[1] - apply_responses(first, part[0], lead)
    counted = rest.shape[-1] if heard is None else int(heard.sum())
    noise = rest.square().sum() / (len(rest) * counted) / equations.power[None, :, None]
    energy = _smoothed(first.square(), lead, sample_rate_hz)
    signal = (energy - _NOISE_FACTOR * noise).clamp(min=0) + _LEAST * noise
    ridge = noise * equations.power[None, :, None] / signal
    easing = equations.easing(ridge)
    found = solve(equations, ridge, easing, _TURNS, first)
    if heard is None:
        return found
    exact = HeldOut.of(dry, wet, heard, taps, lead)
    return solve(exact, ridge, easing, _EXACT_TURNS, found)


def apply_responses(
    responses: Float[Tensor, "output input taps"], dry: Float[Tensor, "input time"], lead: int
) -> Float[Tensor, "output time"]:
    """Return the sum of what all inputs give to each output, as long as the inputs."""
    time = dry.shape[-1]
    length = fast_length(time + responses.shape[-1])
    total = torch.zeros((len(responses), length // 2 + 1), dtype=torch.complex64)
    for k, signal in enumerate(dry):
        total += torch.fft.rfft(signal, length) * torch.fft.rfft(responses[:, k], length)
    return torch.fft.irfft(total, length)[..., lead : lead + time]


def _plain_ridge(
    power: Float[Tensor, " input"], outputs: int, taps: int, lead: int, sample_rate_hz: int
) -> Float[Tensor, "output input taps"]:
    """Return a ridge that rises as a reverb falls, and steeply before time zero."""
    time_s = (torch.arange(taps) - lead) / sample_rate_hz
    shape = 10 ** (6 * time_s.clamp(min=0) / _FALL_S)
    shape = torch.where((time_s >= 0) & (time_s < _DIRECT_S), 0.1 * shape, shape)
    shape = torch.where(time_s < 0, 10 ** (-2 * time_s * sample_rate_hz / max(lead, 1)), shape)
    return _PLAIN_RIDGE * (power[None, :, None] * shape).expand(outputs, -1, -1)


def _smoothed(energy: Tensor, lead: int, sample_rate_hz: int) -> Tensor:
    """Return the mean of energy around each tap, over a tenth of its distance from time zero."""
    taps = energy.shape[-1]
    total = torch.nn.functional.pad(energy.double().cumsum(-1), (1, 0))
    place = torch.arange(taps)
    reach = (0.1 * (place - lead).abs()).clamp(5e-4 * sample_rate_hz, 0.03 * sample_rate_hz).long()
    first, last = (place - reach).clamp(min=0), (place + reach + 1).clamp(max=taps)
    return ((total[..., last] - total[..., first]) / (last - first)).float()
