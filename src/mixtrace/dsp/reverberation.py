"""Reverberation as a filter: noise that decays in bands, and captured responses turned.

The noise is Gaussian and fixed by a seed. Its spectrum is drawn bin by bin from 0 Hz upwards, over
a whole number of seconds, so at every rate it is the same sound up to the Nyquist frequency. Six
bands, an octave wide but for the first and last, cross over in half an octave; their weights sum to
one. Each falls by 60 dB in its own time: the envelope of a diffuse field (Kuttruff, "Room
Acoustics", the exponential decay of section 5.1). Middle and side are independent noises; the
width w turns them into left and right, whose correlation is cos(π w / 2).

A captured response is turned by what an engineer has in a convolution reverb: its decay, its tone,
its pre-delay.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Complex, Float
from torch import Tensor

from mixtrace.dsp import reverberation_kernels as kernels
from mixtrace.dsp.decay import mid_rt60_s
from mixtrace.dsp.fft import fast_length
from mixtrace.dsp.fir import resample_taps
from mixtrace.loops import over_rows

__all__ = [
    "BAND_EDGES_HZ",
    "PreparedResponse",
    "prepared_response",
    "reverberation_taps",
    "turned",
    "turned_response",
]

BAND_EDGES_HZ = tuple(1000.0 * 2.0 ** (step + 0.5) for step in range(-2, 3))
"""Between the six bands: 354, 707, 1414, 2828 and 5657 Hz."""

_NEPERS_60_DB = 3.0 * math.log(10.0)

_LEVELLED_UP_TO_HZ = 15_000.0
"""Energies are those of a response at 30 kHz, lest a higher rate make it softer or louder."""

_TONE_CENTRE_HZ, _TONE_LOWEST_HZ = 1000.0, 31.25
"""Where a tilt leaves the level as it is, and below which it goes no further."""


def reverberation_taps(
    rt60_s: Float[Tensor, "node 6"],
    pre_delay_s: Float[Tensor, " node"],
    width: Float[Tensor, " node"],
    *,
    length: int,
    sample_rate_hz: float,
    seed: int,
    noise_s: int | None = None,
) -> Float[Tensor, "node 2 time"]:
    """Return the response of each channel.

    Before the pre-delay the mean of both channels' energies is one, as it would be at 30 kHz: the
    mean square of the response up to 15 kHz. A pre-delay moves the end out of the taps.

    Args:
        rt60_s: time in which each band falls by 60 dB; bands are between `BAND_EDGES_HZ`.
        pre_delay_s: when the noise starts, up to the length of the taps; a fraction of a sample is
            band-limited.
        width: 0 gives both channels the same, 1 independent noises.
        length: samples to return; the longest time and pre-delay should fit.
        sample_rate_hz: rate of the audio, at least 30 kHz.
        seed: of the noise.
        noise_s: how long the noise is drawn, at least as long as the taps; taps of any length then
            begin alike. By default as many seconds as the taps need.
    """
    seconds = math.ceil(length / sample_rate_hz) if noise_s is None else noise_s
    noise = _band_noise(seconds, sample_rate_hz, seed, rt60_s.dtype)
    decay = _NEPERS_60_DB / sample_rate_hz / rt60_s
    middle, side = _decaying(noise.to(rt60_s.device), decay, length).unbind(1)
    angle = (math.pi / 4.0) * width[:, None]
    middle, side = torch.cos(angle) * middle, torch.sin(angle) * side
    points = fast_length(2 * length)
    spectrum = torch.fft.rfft(torch.stack([middle + side, middle - side], 1), n=points)
    counted = spectrum[..., : int(_LEVELLED_UP_TO_HZ * points / sample_rate_hz) + 1]
    power = counted.real.square() + counted.imag.square()
    spectrum = spectrum * torch.rsqrt(power.mean((1, 2), keepdim=True) + 1e-12)
    delay = _delay(pre_delay_s * sample_rate_hz, points, spectrum.dtype)
    return torch.fft.irfft(spectrum * delay[:, None], n=points)[..., :length]


def turned(
    taps: Float[Tensor, "*channels time"],
    stored_rate_hz: float,
    decay_factor: Float[Tensor, " node"],
    tone_db_per_octave: Float[Tensor, " node"],
    pre_delay_s: Float[Tensor, " node"],
    *,
    sample_rate_hz: float,
) -> Float[Tensor, "node *channels newtime"]:
    """Return a stored response as each node turns it; 1, 0 and 0 leave it as it is.

    The response keeps its length and its level. Decay is that of the middle (`mid_rt60_s`), and is
    changed by one exponential for all frequencies, from the strongest sample on. That exponential
    ends where the response itself has fallen by 60 dB, lest a longer decay raise its noise without
    end. The tone is a tilt about 1 kHz, level below 31 Hz, with its minimum phase, so nothing
    sounds before the direct sound.

    Args:
        taps: mono [1, time], stereo [2, time] or true stereo [2, 2, time].
        stored_rate_hz: rate of the stored response.
        decay_factor: the time of the new decay over that of the old, above zero.
        tone_db_per_octave: above zero is brighter.
        pre_delay_s: later if above zero; if below, what comes before time zero is cut.
        sample_rate_hz: rate of the audio.
    """
    stored = prepared_response(taps, stored_rate_hz, sample_rate_hz)
    return turned_response(
        stored, decay_factor, tone_db_per_octave, pre_delay_s, sample_rate_hz=sample_rate_hz
    )


@dataclass(frozen=True, eq=False)
class PreparedResponse:
    """What turning a response needs that depends on the response alone.

    Attributes:
        taps: at the rate of the audio.
        rt60_s: its decay (`mid_rt60_s`).
        since_s: for each tap the time since the strongest one, up to the decay.
    """

    taps: Float[Tensor, "*channels time"]
    rt60_s: float
    since_s: Float[Tensor, " time"]


def prepared_response(
    taps: Float[Tensor, "*channels time"], stored_rate_hz: float, sample_rate_hz: float
) -> PreparedResponse:
    """Return a stored response at another rate, with its decay measured."""
    rt60_s = mid_rt60_s(taps, stored_rate_hz)
    strongest_s = int(taps.square().flatten(0, -2).sum(0).argmax()) / stored_rate_hz
    taps = resample_taps(taps, stored_rate_hz, sample_rate_hz)
    since_s = torch.arange(taps.shape[-1], device=taps.device) / sample_rate_hz - strongest_s
    return PreparedResponse(taps, rt60_s, since_s.clamp(0.0, rt60_s).to(taps.dtype))


def turned_response(
    stored: PreparedResponse,
    decay_factor: Float[Tensor, " node"],
    tone_db_per_octave: Float[Tensor, " node"],
    pre_delay_s: Float[Tensor, " node"],
    *,
    sample_rate_hz: float,
) -> Float[Tensor, "node *channels time"]:
    """Return what `turned` does of a response that was prepared for this rate."""
    taps, since_s = stored.taps.to(decay_factor.dtype), stored.since_s.to(decay_factor.dtype)
    length = taps.shape[-1]
    change = (_NEPERS_60_DB / stored.rt60_s) * (1.0 - 1.0 / decay_factor)
    nodes = (-1, *(1 for _ in taps.shape))
    points = fast_length(2 * length)
    spectrum = torch.fft.rfft(taps * torch.exp(change.view(nodes) * since_s), n=points)
    tilt = _tilt(points, sample_rate_hz).to(spectrum)
    tone = torch.exp(tone_db_per_octave[:, None] * tilt)
    filters = tone * _delay(pre_delay_s * sample_rate_hz, points, spectrum.dtype)
    filters = filters.view(*nodes[:-1], points // 2 + 1)
    return torch.fft.irfft(spectrum * filters, n=points)[..., :length]


def _decaying(noise: Tensor, decay: Tensor, length: int) -> Tensor:
    """Return the sum over bands of noise [channel, band, time] exp(-decay time), a row a node."""
    if decay.device.type == "cpu":
        return _Decay.apply(noise, decay, length)
    clock = torch.arange(length, dtype=decay.dtype, device=decay.device)
    bands = zip(noise[..., :length].unbind(1), decay.unbind(1), strict=True)
    parts = [band * torch.exp(-fall[:, None] * clock)[:, None] for band, fall in bands]
    return torch.stack(parts).sum(0)


class _Decay(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, noise: Tensor, decay: Tensor, length: int) -> Tensor:
        decay = decay.contiguous()
        output = noise.new_zeros((len(decay), len(noise), length))
        rows = (noise.numpy(), decay.numpy(), output.numpy())
        over_rows(kernels.decay_forward, len(decay), *rows)
        ctx.save_for_backward(noise, decay)
        return output

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor, None]:
        noise, decay = ctx.saved_tensors
        of_decay = torch.empty_like(decay)
        rows = (noise, decay, gradients[0].contiguous(), of_decay)
        over_rows(kernels.decay_backward, len(decay), *(tensor.numpy() for tensor in rows))
        return None, of_decay, None


@lru_cache(maxsize=4)
def _band_noise(
    seconds: int, sample_rate_hz: float, seed: int, dtype: torch.dtype
) -> Float[Tensor, "2 6 time"]:
    """Return the noises of middle and side, in bands; they repeat after so many seconds."""
    points = round(seconds * sample_rate_hz)
    bins = (points + 1) // 2
    drawn = np.random.default_rng(seed).standard_normal((bins - 1, 2, 2))
    spectrum = np.zeros((2, points // 2 + 1), np.complex128)
    spectrum[:, 1:bins] = (drawn[..., 0] + 1j * drawn[..., 1]).T
    hz = np.fft.rfftfreq(points, 1.0 / sample_rate_hz)
    octaves = np.log2(np.maximum(hz, 1e-3)[None] / np.array(BAND_EDGES_HZ)[:, None])
    above = 0.5 + 0.5 * np.sin(2.0 * np.pi * np.clip(octaves, -0.25, 0.25))
    edges = np.concatenate([np.ones((1, len(hz))), above, np.zeros((1, len(hz)))])
    bands = np.fft.irfft(spectrum[:, None] * (edges[:-1] - edges[1:]), points)
    return torch.from_numpy(bands * math.sqrt(points)).to(dtype)


def _delay(delay_samples: Tensor, points: int, dtype: torch.dtype) -> Complex[Tensor, "node bin"]:
    """Return exp(-j ω d) of each node, its angle in double precision."""
    omega = 2.0 * math.pi / points * torch.arange(points // 2 + 1, dtype=torch.float64)
    angle = delay_samples.double()[:, None] * omega.to(delay_samples.device)
    return torch.polar(torch.ones_like(angle), -angle).to(dtype)


@lru_cache(maxsize=8)
def _tilt(points: int, sample_rate_hz: float) -> Complex[Tensor, " bin"]:
    """Return the logarithm of a minimum-phase response that rises by 1 dB an octave.

    Its phase is the Hilbert transform of its logarithmic magnitude: the causal part of the cepstrum
    counts twice (Oppenheim and Schafer, "Discrete-Time Signal Processing", section 13.5).
    """
    hz = torch.arange(points // 2 + 1, dtype=torch.float64) * (sample_rate_hz / points)
    octaves = torch.log2(hz.clamp_min(_TONE_LOWEST_HZ) / _TONE_CENTRE_HZ)
    cepstrum = torch.fft.irfft(math.log(10.0) / 20.0 * octaves, n=points)
    cepstrum[1 : points // 2] *= 2.0
    cepstrum[points // 2 + 1 :] = 0.0
    return torch.fft.rfft(cepstrum)
