"""Compiled loops of the compressor; equations and names in `dsp/compression.py`.

Both loops run over a share of the rows and over time in order, a block at a time. Positions are
those of the key: the gain found at position p acts on the audio `early` samples before it.
"""

import math

import numpy as np

from mixtrace.dsp.detection_kernels import (
    BLOCK,
    ENERGY_FLOOR,
    LEVEL_DB,
    apply_gain,
    branching,
    decibel_gradient,
    energies,
    energy_gradient,
    gain_gradient,
    gained_gradient,
    gains_of,
    levels,
    mean_gradient,
    one_pole,
    one_pole_gradient,
    pole_of,
    slope_of_pole,
)
from mixtrace.loops import ORDERED, compiled, compiled_with, inlined, inlined_with

__all__ = ["backward_kernel", "forward_kernel"]

_HARD_DB = 1e-6
"""Narrowest half of a knee, so that a knee of nothing is no division by zero."""

_SOFTEST_ENERGY = 1e-30
"""Below -300 dB an amplitude has no gradient: that of a square root would leave float32's range."""


@inlined_with(ORDERED)
def _wanted(excess, knee, slope):
    """Replace the excess by the reduction that the static curve wants, in dB."""
    number = excess.dtype.type
    zero, double_knee, per_four_knee = number(0.0), knee + knee, number(0.25) / knee
    for t in range(len(excess)):
        bend = min(max(excess[t] + knee, zero), double_knee)
        excess[t] = -slope * (bend * bend * per_four_knee + max(excess[t] - knee, zero))


@inlined_with(ORDERED)
def _amplitudes(energy, amplitude):
    """Fill the square root."""
    for t in range(len(energy)):
        amplitude[t] = math.sqrt(energy[t])


@inlined_with(ORDERED)
def _squares(amplitude, energy):
    """Fill the square."""
    for t in range(len(amplitude)):
        energy[t] = amplitude[t] * amplitude[t]


@compiled_with(ORDERED)
def forward_kernel(
    begin,
    end,
    audio,
    key,
    packed,
    early,
    peak,
    smooths_level,
    state,
    output,
    energy,
    smooth,
    final,
):
    """Fill output, `energy` (s), `smooth` (y) and the `final` state of rows `begin` to `end`.

    `packed` holds averaging time, threshold, half knee, slope, attack, release, make-up and weight
    of each row, `early` the look-ahead. Of `energy` and `smooth` only the latest block is kept
    where they have no room for more.
    """
    time = output.shape[2]
    number = audio.dtype.type
    in_db = number(LEVEL_DB)
    kept = energy.shape[1] > BLOCK
    gains, drops = np.empty(BLOCK, audio.dtype), np.empty(BLOCK, audio.dtype)
    louds = np.empty(BLOCK, audio.dtype)
    for row in range(begin, end):
        average, threshold, knee, slope, attack, release, make_up, wet = packed[row]
        knee = max(knee, number(_HARD_DB))
        pole = number(pole_of(average))
        attack_pole, release_pole = number(pole_of(attack)), number(pole_of(release))
        s, y = state[row]
        heard = time + early[row]
        for first in range(0, heard, BLOCK):
            last = min(heard, first + BLOCK)
            place = first if kept else 0
            level = energy[row, place : place + last - first]
            moved = smooth[row, place : place + last - first]
            gain = gains[: last - first]
            energies(key[row], first, last, peak, level)
            if not peak:
                s = one_pole(level, pole, s)
            if smooths_level:
                _amplitudes(level, moved)
                y = branching(moved, attack_pole, release_pole, y)
                loud, drop = louds[: last - first], drops[: last - first]
                _squares(moved, loud)
                levels(loud, in_db, threshold, drop)
                _wanted(drop, knee, slope)
                gains_of(drop, make_up, gain)
            else:
                levels(level, in_db, threshold, moved)
                _wanted(moved, knee, slope)
                y = branching(moved, attack_pole, release_pole, y)
                gains_of(moved, make_up, gain)
            if first < time <= last:
                final[row, 0] = level[time - 1 - first]
                final[row, 1] = moved[time - 1 - first]
            start = max(first, early[row])
            if start < last:
                left, right = start - early[row], last - early[row]
                apply_gain(audio[row], gain[start - first :], wet, left, right, output[row])


@inlined
def _curve_gradient(excess, energy, knee, slope, gradient):
    """Replace the gradient of the reduction by that of the energy.

    Returns those of threshold, half knee over the slope, and slope.
    """
    number = energy.dtype.type
    zero, floor, in_db = number(0.0), number(ENERGY_FLOOR), number(LEVEL_DB)
    double_knee, per_double_knee = knee + knee, number(0.5) / knee
    of_threshold, of_knee, of_slope = zero, zero, zero
    for t in range(len(gradient)):
        bend = min(max(excess[t] + knee, zero), double_knee)
        # The curve's slope: 0 below the knee, 1 above it.
        ratio = bend * per_double_knee
        curve = ratio * ratio * knee + max(excess[t] - knee, zero)
        of_slope -= gradient[t] * curve
        of_knee -= gradient[t] * (ratio - ratio * ratio)
        change = gradient[t] * slope * ratio
        of_threshold += change
        gradient[t] = -in_db * change / (energy[t] + floor)
    return of_threshold, of_knee, of_slope


@inlined
def _smoother_gradient(moved, before, wanted, poles, gradient, carry):
    """Replace the gradient of y by that of c; `before` is y a sample earlier.

    Returns a l at the block's beginning, and the gradients of both poles.
    """
    number = moved.dtype.type
    zero, one = number(0.0), number(1.0)
    attack, release = poles
    own = np.empty(BLOCK, moved.dtype)
    for t in range(len(gradient)):
        own[t] = attack if moved[t] > before[t] else release
    carry = one_pole_gradient(gradient, own, carry)
    of_attack, of_release = zero, zero
    for t in range(len(gradient)):
        step = gradient[t] * (before[t] - wanted[t])
        rises = moved[t] > before[t]
        of_attack += step if rises else zero
        of_release += zero if rises else step
        gradient[t] *= one - own[t]
    return carry, (of_attack, of_release)


@inlined
def _amplitude_gradient(energy, gradient):
    """Replace the gradient of the square root by that of the energy."""
    number = energy.dtype.type
    zero, half, softest = number(0.0), number(0.5), number(_SOFTEST_ENERGY)
    for t in range(len(gradient)):
        slope = half / math.sqrt(max(energy[t], softest))
        gradient[t] *= slope if energy[t] > softest else zero


@compiled
def backward_kernel(
    begin,
    end,
    audio,
    key,
    packed,
    early,
    peak,
    smooths_level,
    state,
    energy,
    smooth,
    gradient,
    grad_audio,
    grad_key,
    grad_packed,
):
    """Fill the gradients of audio and packed scalars and add that of the key, likewise.

    The recursions run backwards: l[n] = dy[n] + a[n+1] l[n+1], dc[n] = (1 - a[n]) l[n] and
    da = sum l[n] (y[n-1] - c[n]) over the samples of this pole.
    """
    time = gradient.shape[2]
    number = audio.dtype.type
    zero, two, in_db = number(0.0), number(2.0), number(LEVEL_DB)
    gains, givens = np.empty(BLOCK, audio.dtype), np.empty(BLOCK, audio.dtype)
    befores, excesses = np.empty(BLOCK, audio.dtype), np.empty(BLOCK, audio.dtype)
    louds, drops = np.empty(BLOCK, audio.dtype), np.empty(BLOCK, audio.dtype)
    wishes = np.empty(BLOCK, audio.dtype)
    for row in range(begin, end):
        average, threshold, knee, slope, attack, release, make_up, wet = packed[row]
        knee = max(knee, number(_HARD_DB))
        pole = number(pole_of(average))
        attack_pole, release_pole = number(pole_of(attack)), number(pole_of(release))
        totals = np.zeros(8)
        heard = time + early[row]
        of_y, of_s = zero, zero
        for block in range((heard - 1) // BLOCK, -1, -1):
            first, last = block * BLOCK, min(heard, (block + 1) * BLOCK)
            count = last - first
            level, moved = energy[row, first:last], smooth[row, first:last]
            gain, given, before = gains[:count], givens[:count], befores[:count]
            excess, loud = excesses[:count], louds[:count]
            drop, wanted = drops[:count], wishes[:count]
            if smooths_level:
                _amplitudes(level, wanted)
                _squares(moved, loud)
                levels(loud, in_db, threshold, excess)
                drop[:] = excess
                _wanted(drop, knee, slope)
            else:
                loud[:] = level
                levels(loud, in_db, threshold, excess)
                wanted[:] = excess
                _wanted(wanted, knee, slope)
                drop[:] = moved
            start = max(first, early[row])
            skipped = min(count, max(0, start - first))
            given[:skipped] = zero
            gains_of(drop, make_up, gain)
            if start < last:
                left, right = start - early[row], last - early[row]
                gain_gradient(audio[row], gradient[row], left, right, given[skipped:])
                gained_gradient(gradient[row], gain[skipped:], wet, left, right, grad_audio[row])
            of_wet, of_drop = decibel_gradient(gain, wet, given)
            before[0] = smooth[row, first - 1] if first > 0 else state[row, 1]
            before[1:] = moved[: count - 1]
            poles = (attack_pole, release_pole)
            if smooths_level:
                of_curve = _curve_gradient(excess, loud, knee, slope, given)
                for t in range(count):
                    given[t] *= two * moved[t]
                of_y, of_poles = _smoother_gradient(moved, before, wanted, poles, given, of_y)
                _amplitude_gradient(level, given)
            else:
                of_y, of_poles = _smoother_gradient(moved, before, wanted, poles, given, of_y)
                of_curve = _curve_gradient(excess, loud, knee, slope, given)
            if not peak:
                earlier = energy[row, first - 1] if first > 0 else state[row, 0]
                of_s, of_average = mean_gradient(level, earlier, pole, given, of_s)
                totals[0] += of_average
            energy_gradient(key[row], first, last, peak, given, grad_key[row])
            totals[1] += of_curve[0]
            totals[2] += of_curve[1] * slope
            totals[3] += of_curve[2]
            totals[4] += of_poles[0]
            totals[5] += of_poles[1]
            totals[6] -= of_drop
            totals[7] += of_wet
        grad_packed[row] = totals
        grad_packed[row, 0] *= slope_of_pole(average)
        grad_packed[row, 4] *= slope_of_pole(attack)
        grad_packed[row, 5] *= slope_of_pole(release)
