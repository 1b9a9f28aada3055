"""What follows the direct part of a response: echoes of a delay, and the tail of a reverb.

What follows is divided by the direct sound, so it is what a delay or a reverb was given that hears
the track behind its EQ and fader: an echo then is one spike, as bright as the delay made it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mixtrace.dsp import fast_length
from mixtrace.units import ratio_from_db

__all__ = [
    "FARTHEST_S",
    "Repeats",
    "Tail",
    "after_direct",
    "read_echoes",
    "read_tail",
    "spike_of",
    "through",
    "without_direct",
]

_FADE_S = (0.004, 0.010)
_DIVISION = 3e-3
_SPIKE_S, _AROUND_S = 0.0005, 0.02
_STANDS_OUT, _SURELY = 10.0, 40.0
"""Times the median around it: an echo, and one that no reflection of a room comes near."""

_SOFTEST_DB = -32.0
_NEAREST_S, FARTHEST_S = 0.02, 2.0
_KNOWN_WITHIN_S = 0.001
_REPEATS = 4
_REPEAT_WITHIN_S = 0.002
_LAST_S = 0.02
_SPREAD, _MOSTLY, _HARDLY = 0.5, 0.6, 0.2
"""Of its energy, what may be left around an echo; of all that follows, around a single one, and
around one as near as the first reflections of a room."""

_REFLECTED_S = 0.06


@dataclass(frozen=True)
class Repeats:
    """Repeats of equal distance.

    Attributes:
        time_s: from the sound to the first, and from each to the next.
        feedback: amplitude of the second over that of the first; 0 where none was found.
        amplitude: of the first, both sides together, over what it was divided by.
        ping_pong: 0 where each side repeats itself, 1 where repeats alternate.
    """

    time_s: float
    feedback: float
    amplitude: float
    ping_pong: float


@dataclass(frozen=True, eq=False)
class Tail:
    """The response of a reverb that hears a track behind its EQ and fader.

    Attributes:
        taps: to each side from each channel of what it hears, at the rate of the reading.
        level_db: its energy as the track sounds, re the direct sound.
        sample_rate_hz: the rate.
    """

    taps: Float[np.ndarray, "side channel taps"]
    level_db: float
    sample_rate_hz: float


def after_direct(
    rest: Float[np.ndarray, "side taps"],
    sound: Float[np.ndarray, " taps"],
    power: Float[np.ndarray, " bin"],
    sample_rate_hz: float,
) -> Float[np.ndarray, "side taps"]:
    """Return what follows a direct sound, divided by it.

    Args:
        rest: the response to left and right without its direct part, from the arrival on.
        sound: the response of what a delay or a reverb hears, from the arrival on.
        power: of the track, from 0 to half the rate: where it is weak, nothing is divided.
        sample_rate_hz: the rate.
    """
    length = fast_length(2 * rest.shape[-1])
    late = np.fft.rfft(without_direct(rest, sample_rate_hz), length)
    heard = _over(power, late.shape[-1])
    spectrum = np.fft.rfft(sound, length)
    weight = np.abs(spectrum) ** 2 * heard
    divided = late * spectrum.conj() * heard / (weight + _DIVISION * weight.max() + 1e-30)
    return np.fft.irfft(divided, length)[:, : rest.shape[-1]]


def without_direct(
    rest: Float[np.ndarray, "side taps"], sample_rate_hz: float
) -> Float[np.ndarray, "side taps"]:
    """Return a response from the moment on when its direct part is over."""
    time_s = np.arange(rest.shape[-1]) / sample_rate_hz
    rise = np.clip((time_s - _FADE_S[0]) / (_FADE_S[1] - _FADE_S[0]), 0.0, 1.0)
    return rest * np.sin(0.5 * np.pi * rise) ** 2


def through(
    response: Float[np.ndarray, "side taps"], sound: Float[np.ndarray, " taps"]
) -> Float[np.ndarray, "side taps"]:
    """Return a response to a sound, as long as it was."""
    length = fast_length(2 * response.shape[-1])
    spectrum = np.fft.rfft(response, length) * np.fft.rfft(sound, length)
    return np.fft.irfft(spectrum, length)[:, : response.shape[-1]]


def read_echoes(
    after: Float[np.ndarray, "channel side taps"],
    spike: Float[np.ndarray, " around"],
    sample_rate_hz: float,
    known_s: Sequence[float] = (),
) -> tuple[Repeats | None, Float[np.ndarray, "channel side taps"]]:
    """Return the echoes that stand out of what follows, and what is left without them.

    Args:
        after: of each channel; see `after_direct`.
        spike: see `spike_of`.
        sample_rate_hz: the rate.
        known_s: times of delays that other tracks have: an echo is looked for there alone, and may
            be one among others.
    """
    width = max(1, round(_SPIKE_S * sample_rate_hz))
    amplitude = _amplitude(after, spike)
    first = _first_spike(amplitude, sample_rate_hz, known_s)
    if first is None:
        return None, after
    places = [first]
    reach = round(_REPEAT_WITHIN_S * sample_rate_hz)
    for number in range(2, _REPEATS + 1):
        middle = round(places[0] * number)
        if middle + reach >= len(amplitude):
            break
        near = amplitude[middle - reach : middle + reach + 1]
        place = middle - reach + int(near.argmax())
        if not _stands_out(amplitude, place, sample_rate_hz):
            break
        places.append(place)
    levels, left = _without(after, places, spike)
    around = np.concatenate([np.arange(p - width, p + width + 1) for p in places])
    around = around[around < after.shape[-1]]
    if known_s:
        return _repeats(places, levels, sample_rate_hz), left
    if (left[..., around] ** 2).sum() > _SPREAD * (after[..., around] ** 2).sum():
        return None, after  # a reflection that is spread out is a part of the room
    share = (left**2).sum() / (after**2).sum()
    if places[0] < _REFLECTED_S * sample_rate_hz and share > _HARDLY:
        return None, after  # rooms have theirs there
    alone = share < _MOSTLY
    if len(places) < 2 and not alone and not _stands_out(amplitude, first, sample_rate_hz, _SURELY):
        return None, after  # and so is one among others
    return _repeats(places, levels, sample_rate_hz), left


def spike_of(
    sound: Float[np.ndarray, " taps"], power: Float[np.ndarray, " bin"]
) -> Float[np.ndarray, " around"]:
    """Return what an echo becomes that is as bright as the sound, divided by it: 1 at its middle.

    The middle is the first tap; what lies before it stands at the end.
    """
    length = fast_length(2 * len(sound))
    spectrum = np.abs(np.fft.rfft(sound, length)) ** 2
    weight = spectrum * _over(power, len(spectrum))
    return np.fft.irfft(weight / (weight + _DIVISION * weight.max() + 1e-30), length)


def _repeats(
    places: Sequence[int], levels: Float[np.ndarray, "channel side place"], sample_rate_hz: float
) -> Repeats:
    """Return what echoes at some taps are."""
    left, right = (levels**2).sum(0)
    loud = np.sqrt(left + right)
    shares = (right - left) / loud**2
    bounces = 0.5 * abs(shares[0] - shares[1]) if len(places) > 1 else 0.0
    return Repeats(
        float(np.mean([p / (k + 1) for k, p in enumerate(places)])) / sample_rate_hz,
        float(min(loud[1] / loud[0], 0.9)) if len(places) > 1 else 0.0,
        float(loud[0]),
        float(min(bounces, 1.0)),
    )


def _without(
    after: Float[np.ndarray, "channel side taps"],
    places: list[int],
    spike: Float[np.ndarray, " around"],
) -> tuple[Float[np.ndarray, "channel side place"], Float[np.ndarray, "channel side taps"]]:
    """Return the amplitude of a spike at each place, and what is left without them."""
    left, levels = after.copy(), np.zeros((*after.shape[:2], len(places)))
    offsets = np.arange(after.shape[-1])
    energy = float((spike**2).sum())
    for number, place in enumerate(places):
        shape = spike[(offsets - place) % len(spike)]
        levels[..., number] = left @ shape / energy
        left -= levels[..., number, None] * shape
    return levels, left


def read_tail(
    after: Float[np.ndarray, "side channel taps"],
    power: Float[np.ndarray, " bin"],
    sample_rate_hz: float,
) -> Tail:
    """Return what follows the direct sound as the response of a reverb.

    Args:
        after: what follows the direct sound from each channel, without echoes.
        power: of the track, from 0 to half the rate.
        sample_rate_hz: the rate.

    Returns:
        The tail; its level is that of the response itself.
    """
    taps = after.copy()
    fade = min(round(_LAST_S * sample_rate_hz), taps.shape[-1])
    taps[..., -fade:] *= np.cos(0.5 * np.pi * np.arange(fade) / fade) ** 2
    spectrum = (np.abs(np.fft.rfft(taps)) ** 2).sum((0, 1))
    heard = _over(power, len(spectrum))
    level_db = 10.0 * np.log10((spectrum * heard).sum() / heard.sum() + 1e-12)
    return Tail(taps, float(level_db), sample_rate_hz)


def _over(power: Float[np.ndarray, " bin"], bins: int) -> Float[np.ndarray, " bins"]:
    """Return a spectrum at another number of bins from 0 to half the rate."""
    return np.interp(np.linspace(0.0, len(power) - 1.0, bins), np.arange(len(power)), power)


def _amplitude(
    after: Float[np.ndarray, "channel side taps"], spike: Float[np.ndarray, " around"]
) -> Float[np.ndarray, " taps"]:
    """Return how loud an echo at each tap would be, all sides together: a matched filter."""
    spectrum = np.fft.rfft(after, len(spike)) * np.fft.rfft(spike).conj()
    levels = np.fft.irfft(spectrum, len(spike))[..., : after.shape[-1]] / (spike**2).sum()
    return np.sqrt((levels**2).sum((0, 1)))


def _first_spike(
    amplitude: Float[np.ndarray, " taps"], sample_rate_hz: float, known_s: Sequence[float]
) -> int | None:
    """Return the loudest place that stands out as an echo does, of those at known times if any."""
    ranges = [(s - _KNOWN_WITHIN_S, s + _KNOWN_WITHIN_S) for s in known_s]
    searched = np.zeros(len(amplitude), dtype=bool)
    for start_s, stop_s in ranges or [(_NEAREST_S, FARTHEST_S)]:
        searched[round(start_s * sample_rate_hz) : round(stop_s * sample_rate_hz)] = True
    if not searched.any():
        return None
    place = int(np.where(searched, amplitude, 0.0).argmax())
    loud = amplitude[place] > ratio_from_db(_SOFTEST_DB)
    return place if loud and _stands_out(amplitude, place, sample_rate_hz) else None


def _stands_out(
    amplitude: Float[np.ndarray, " taps"],
    place: int,
    sample_rate_hz: float,
    times: float = _STANDS_OUT,
) -> bool:
    """Say whether a place is far louder than most of what is around it."""
    around = round(_AROUND_S * sample_rate_hz)
    near = amplitude[max(0, place - around) : place + around + 1]
    return bool(amplitude[place] > times * np.median(near))
