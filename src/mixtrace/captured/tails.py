"""What a response is made of - direct part, echoes, tail - and which tracks share a tail.

Tails of tracks that are sent to one reverb differ by what lies before it, which is short: once the
smooth spectrum of each is divided out, they are the same noise. Those of different reverbs, or of
one reverb's different settings, have nothing in common.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.captured.sounding import as_heard
from mixtrace.dsp import LONGEST_DECAY_S, decay_time_s

__all__ = ["BIN_S", "Anatomy", "anatomy", "tail_likeness"]

BIN_S = 0.001
_DIRECT_S = 0.02
_TAIL_FROM_S, _TAIL_TO_S = 0.06, 0.7
_ECHO_ABOVE_DB = 12.0
_ECHO_FLOOR_DB = -40.0
_ECHO_AROUND = 20  # bins either way
_SMOOTH_SHARE = 64  # of a tail's bins: its own spectrum is smooth over this many at least
_LAG_S = 0.01
_AROUND, _FINE = 256, 100  # taps either way of a peak, and steps in one
_EVEN_DB = (-5.0, -25.0)
_STRAIGHT = 0.97


@dataclass(frozen=True)
class Anatomy:
    """The parts of a response.

    Attributes:
        arrival_s: when its highest peak comes; negative before the dry track.
        energy_db: energy per millisecond re the strongest, from the first tap on.
        direct_end_s: where its direct part is taken to end.
        echoes: time after arrival in seconds and level in dB re the direct part of each.
        tail_db: energy after the direct part re that of the direct part.
        rt60_s: the time in which the tail falls by 60 dB; None where it does not fall evenly.
    """

    arrival_s: float
    energy_db: tuple[float, ...]
    direct_end_s: float
    echoes: tuple[tuple[float, float], ...]
    tail_db: float
    rt60_s: float | None


def anatomy(
    responses: Float[Tensor, "2 channel taps"],
    sounding: Float[Tensor, " bin"],
    lead: int,
    sample_rate_hz: int,
) -> Anatomy:
    """Return the parts of a response, its channels taken together, as far as the track sounds.

    RT60 is that of the likeliest exponential decay (`dsp.decay`), told where Schroeder's backward
    integral is straight from 5 to 25 dB below its start.

    Args:
        responses: of a track.
        sounding: power of the track, from 0 to half the rate.
        lead: taps before time zero.
        sample_rate_hz: the rate.
    """
    responses = as_heard(responses, sounding)
    size = max(1, round(BIN_S * sample_rate_hz))
    energy = responses.double().square().sum((0, 1))
    binned = torch.nn.functional.pad(energy, (0, -len(energy) % size)).reshape(-1, size).sum(1)
    top = int(binned.argmax())
    level = 10.0 * torch.log10(binned / binned[top].clamp(min=1e-30) + 1e-12)
    direct_end = min(len(binned), top + round(_DIRECT_S / BIN_S))
    direct = binned[:direct_end].sum().clamp(min=1e-30)
    echoes = []
    for place in range(direct_end, len(level) - 1):
        around = level[max(direct_end, place - _ECHO_AROUND) : place + _ECHO_AROUND + 1]
        stands = level[place] > around.median() + _ECHO_ABOVE_DB
        if stands and level[place] > _ECHO_FLOOR_DB and level[place] == around.max():
            strength = 10.0 * torch.log10(binned[place - 1 : place + 2].sum() / direct)
            echoes.append(((place - top) * BIN_S, float(strength)))
    tail = binned[direct_end:].sum()
    return Anatomy(
        _peak(responses) / sample_rate_hz - lead / sample_rate_hz,
        tuple(level.tolist()),
        direct_end * BIN_S - lead / sample_rate_hz,
        tuple(echoes),
        float(10.0 * torch.log10(tail / direct + 1e-12)),
        _rt60_s(binned[direct_end:]),
    )


def tail_likeness(
    tracks: Sequence[Float[Tensor, "2 _channel taps"]], lead: int, sample_rate_hz: int
) -> Float[Tensor, "track track"]:
    """Return the highest correlation, up to 10 ms apart, of the tails of each pair of tracks.

    Tails last from 60 to 700 ms after time zero; shorter responses have less of one. 0 for tracks
    without a tail, 1 on the diagonal.
    """
    first = lead + round(_TAIL_FROM_S * sample_rate_hz)
    last = min(lead + round(_TAIL_TO_S * sample_rate_hz), tracks[0].shape[-1] if tracks else 0)
    likeness = torch.eye(len(tracks))
    if last - first < round(_LAG_S * sample_rate_hz):
        return likeness
    spectra = []
    length = 2 * (last - first)
    for responses in tracks:
        spectrum = torch.fft.rfft(responses[..., first:last].sum(1), length)
        power = spectrum.abs().square().sum(0)
        width = max(3, len(power) // _SMOOTH_SHARE) | 1
        smooth = torch.nn.functional.avg_pool1d(
            power[None], width, 1, width // 2, count_include_pad=False
        )[0]
        spectra.append(spectrum / (smooth + 1e-3 * smooth.mean() + 1e-30).sqrt())
    reach = round(_LAG_S * sample_rate_hz)
    for k, one in enumerate(spectra):
        for other, two in enumerate(spectra[:k]):
            both = torch.fft.irfft((one * two.conj()).sum(0), length)
            near = torch.cat((both[: reach + 1], both[-reach:])).abs().max()
            norm = (
                torch.fft.irfft(one.abs().square().sum(0), length)[0]
                * torch.fft.irfft(two.abs().square().sum(0), length)[0]
            ).sqrt()
            value = float(near / norm) if norm > 0 else 0.0
            likeness[k, other] = likeness[other, k] = value
    return likeness


def _peak(responses: Float[Tensor, "2 channel taps"]) -> float:
    """Return the place of the highest peak, in taps: interpolated as what is limited to a band."""
    flat = responses.flatten(0, 1)
    strongest = flat[int(flat.abs().amax(-1).argmax())].double()
    top = int(strongest.abs().argmax())
    first = max(0, top - _AROUND)
    near = strongest[first : top + _AROUND + 1]
    offsets = torch.arange(-_FINE, _FINE + 1, dtype=torch.float64) / _FINE
    places = top - first + offsets
    values = torch.sinc(places[:, None] - torch.arange(len(near))) @ near
    return first + float(places[int(values.abs().argmax())])


def _rt60_s(tail: Float[Tensor, " bin"]) -> float | None:
    if len(tail) < 10 or not tail.sum() > 0:
        return None
    left = 10.0 * torch.log10(tail.flip(0).cumsum(0).flip(0) / tail.sum() + 1e-12)
    chosen = torch.nonzero((left <= _EVEN_DB[0]) & (left >= _EVEN_DB[1]))[:, 0]
    if len(chosen) < 10:
        return None
    straight = torch.corrcoef(torch.stack((chosen.double(), left[chosen])))[0, 1] ** 2
    time_s = decay_time_s(tail.numpy(), BIN_S)
    return time_s if straight > _STRAIGHT and time_s < LONGEST_DECAY_S else None
