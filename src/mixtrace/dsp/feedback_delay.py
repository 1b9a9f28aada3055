"""A delay with feedback: echoes of equal distance, each darker and softer than the one before.

With z⁻ᵗ the delay, f the feedback and L the damping, a channel's echoes are the geometric series

    H = z⁻ᵗ + z⁻ᵗ q + z⁻ᵗ q² + ..,  q = f L z⁻ᵗ,

so the first echo is as bright as the input. L is a one-pole low-pass: its pole is that of the
analogue one (impulse-invariant), a zero makes its magnitude right at 0 Hz and at the Nyquist
frequency, after Vicanek, "Matched One-Pole Digital Shelving Filters", 2019. It follows the analogue
curve to .45 dB below 6 kHz and to 1 dB up to .9 of the Nyquist frequency, at 30 kHz and above, so a
delay sounds alike at every rate.

Ping-pong p feeds back (1 - p) to the same side and p to the other. The sum of the channels then
repeats with q, their difference with (1 - 2 p) q, so the response is symmetric:
[[same, cross], [cross, same]], same = (H_sum + H_difference) / 2 and cross = the half difference.
At 0 there is no cross term. At 1 the echoes of one channel alternate between the sides. At 1/2 all
after the first are in the middle.

Taps hold whole echoes: the series ends with the last echo that starts within them, so nothing comes
around from behind, however long the delay would go on. A delay between two samples is the
band-limited one. It rings before and after each echo, falling as 1 / n; what rings before time zero
is cut (-69 dB for a delay of 20 ms, half a sample off, at 44.1 kHz).
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from mixtrace.dsp.fft import fast_length

__all__ = ["delay_response", "delay_taps", "delay_taps_each_side", "repeating_s"]

_MARGIN_SAMPLES = 8192
"""Room on the circle for what rings past the last echo."""


def delay_response(
    time_s: Float[Tensor, " node"],
    feedback: Float[Tensor, " node"],
    damping_hz: Float[Tensor, " node"],
    ping_pong: Float[Tensor, " node"],
    *,
    points: int,
    sample_rate_hz: float,
) -> Complex[Tensor, "node 2 2 bin"]:
    """Return the response with all echoes, output channel by input channel, in double precision.

    Args:
        time_s: from one echo to the next, above zero.
        feedback: amplitude of each echo over that of the one before, 0 to .95.
        damping_hz: where the loop's low-pass is down 3 dB.
        ping_pong: 0 to 1.
        points: length of a real transform; bins are at k rate / points Hz, k = 0 .. points // 2.
        sample_rate_hz: rate of the audio.
    """
    delay, loop = _delay_and_loop(time_s, damping_hz, points, sample_rate_hz)
    modes = _modes(feedback, ping_pong)
    parts = [delay / (1.0 - mode[:, None] * loop * delay) for mode in modes]
    return _sides(*parts)


def delay_taps(
    time_s: Float[Tensor, " node"],
    feedback: Float[Tensor, " node"],
    damping_hz: Float[Tensor, " node"],
    ping_pong: Float[Tensor, " node"],
    *,
    length: int,
    sample_rate_hz: float,
    least: tuple[float, float] | None = None,
) -> Float[Tensor, "node 2 2 time"]:
    """Return the echoes that start within so many samples, output channel by input channel.

    As the matrix is symmetric it is also two plain responses, of the channels' sum (same + cross)
    and of their difference (same - cross).

    Args:
        time_s: from one echo to the next, above zero.
        feedback: amplitude of each echo over that of the one before, 0 to .95.
        damping_hz: where the loop's low-pass is down 3 dB.
        ping_pong: 0 to 1.
        length: samples to return.
        sample_rate_hz: rate of the audio.
        least: the shortest time in s and the lowest damping in Hz that any node may have, where
            the taps of a node should not depend on the others'. What rings past the circle's end
            comes around, and by default its length is what these nodes need.
    """
    points, echoes = _circle(time_s, damping_hz, length, sample_rate_hz, least)
    delay, loop = _delay_and_loop(time_s, damping_hz, points, sample_rate_hz)
    parts = torch.stack(_series(delay, _modes(feedback, ping_pong), loop, echoes))
    taps = torch.fft.irfft(parts, n=points)[..., :length].to(time_s.dtype)
    return _sides(*taps.unbind(0))


def delay_taps_each_side(
    time_s: Float[Tensor, " node"],
    feedback: Float[Tensor, " node"],
    damping_hz: Float[Tensor, " node"],
    *,
    length: int,
    sample_rate_hz: float,
) -> Float[Tensor, "node 1 time"]:
    """Return the response that acts on each channel by itself; arguments as for `delay_taps`."""
    points, echoes = _circle(time_s, damping_hz, length, sample_rate_hz)
    delay, loop = _delay_and_loop(time_s, damping_hz, points, sample_rate_hz)
    (response,) = _series(delay, (feedback.double(),), loop, echoes)
    taps = torch.fft.irfft(response, n=points)[:, None, :length]
    return taps.to(time_s.dtype)


def repeating_s(longest_time_s: float, highest_feedback: float, level_db: float = -60.0) -> float:
    """Return how long undamped echoes go on until they are down to a level.

    >>> repeating_s(0.5, 0.5, -60.0)
    5.0
    """
    echoes = math.ceil(level_db / (20.0 * math.log10(max(highest_feedback, 1e-3))))
    return longest_time_s * echoes


def _circle(
    time_s: Tensor,
    damping_hz: Tensor,
    length: int,
    sample_rate_hz: float,
    least: tuple[float, float] | None = None,
) -> tuple[int, Tensor]:
    """Return the length of the transform, and how many echoes start within the taps.

    Each round of the loop delays low frequencies by 1 / (2π damping) beside the delay itself.
    """
    delay_samples = time_s.detach().double() * sample_rate_hz
    echoes = (torch.ceil((length - 0.5) / delay_samples) - 1.0).clamp_min(1.0)
    if least is None:
        late_s = (echoes / damping_hz.detach().double()).max().item() / (2.0 * math.pi)
    else:
        late_s = length / (least[0] * sample_rate_hz) / least[1] / (2.0 * math.pi)
    late = late_s * sample_rate_hz
    margin = _MARGIN_SAMPLES + min(round(1.2 * late), 2 * length)
    return fast_length(length + margin), echoes


def _delay_and_loop(
    time_s: Tensor, damping_hz: Tensor, points: int, sample_rate_hz: float
) -> tuple[Tensor, Tensor]:
    """Return z⁻ᵗ and L at the bins.

    L = (b0 + b1 z⁻¹) / (1 - a z⁻¹), a = exp(-ω_d), b0 + b1 = 1 - a and b0 - b1 = (1 + a) / √(1 +
    (π / ω_d)²), in double precision: the phase of late echoes is many turns.
    """
    omega = 2.0 * math.pi / points * torch.arange(points // 2 + 1, dtype=torch.float64)
    omega = omega.to(time_s.device)
    turned = omega * (time_s.double() * sample_rate_hz)[:, None]
    delay = torch.polar(torch.ones_like(turned), -turned)
    corner = 2.0 * math.pi / sample_rate_hz * damping_hz.double()[:, None]
    pole = torch.exp(-corner)
    at_zero = -torch.expm1(-corner)
    at_nyquist = (1.0 + pole) * corner / torch.sqrt(corner.square() + math.pi**2)
    step = torch.polar(torch.ones_like(omega), -omega)
    upper = (at_zero + at_nyquist) / 2.0 + (at_zero - at_nyquist) / 2.0 * step
    return delay, upper / (1.0 - pole * step)


def _modes(feedback: Tensor, ping_pong: Tensor) -> tuple[Tensor, Tensor]:
    """Return the feedback of the channels' sum and of their difference."""
    feedback = feedback.double()
    return feedback, feedback * (1.0 - 2.0 * ping_pong.double())


def _series(delay: Tensor, modes: Sequence[Tensor], loop: Tensor, echoes: Tensor) -> list[Tensor]:
    """Return z⁻ᵗ (1 - qⁿ) / (1 - q), q = f L z⁻ᵗ, of each feedback f: the first n echoes."""
    count = echoes[:, None]
    round_trip = loop * delay
    last = torch.polar(round_trip.abs() ** count, round_trip.angle() * count)
    return [
        delay * (1.0 - (mode**echoes)[:, None] * last) / (1.0 - mode[:, None] * round_trip)
        for mode in modes
    ]


def _sides(total: Tensor, difference: Tensor) -> Tensor:
    """Return [[same, cross], [cross, same]] of the responses of sum and difference."""
    same, cross = (total + difference) / 2.0, (total - difference) / 2.0
    return torch.stack([torch.stack([same, cross], 1), torch.stack([cross, same], 1)], 1)
