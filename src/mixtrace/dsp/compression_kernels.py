"""Compiled loops of the compressor; equations and names in `dsp/compression.py`.

Both loops run over a share of the rows and over time in order, a block at a time. Positions are
those of the key: the gain found at position p acts on the audio `early` samples before it.
"""

import numpy as np

from mixtrace.dsp.detection_kernels import (
    BLOCK,
    ENERGY_FLOOR,
    LEVEL_DB,
    NEPERS_PER_DB,
    apply_gain,
    branching,
    energies,
    energy_gradient,
    gain_gradient,
    gained_gradient,
    mean_gradient,
    one_pole,
    one_pole_gradient,
    pole_of,
    slope_of_pole,
)
from mixtrace.dsp.elementary_kernels import fast_exp, fast_log
from mixtrace.loops import ORDERED, compiled, compiled_with, inlined_with

__all__ = ["backward_kernel", "forward_kernel"]

_HARD_DB = 1e-6
"""Narrowest half of a knee, so that a knee of nothing is no division by zero."""


@inlined_with(ORDERED)
def _excess(energy, threshold, excess):
    """Fill the level over the threshold in dB."""
    number = energy.dtype.type
    floor, in_db = number(ENERGY_FLOOR), number(LEVEL_DB)
    for t in range(len(energy)):
        excess[t] = fast_log(energy[t] + floor)
    for t in range(len(energy)):
        excess[t] = in_db * excess[t] - threshold


@inlined_with(ORDERED)
def _wanted(excess, knee, slope):
    """Replace the excess by the reduction that the static curve wants, in dB."""
    number = excess.dtype.type
    zero, double_knee, per_four_knee = number(0.0), knee + knee, number(0.25) / knee
    for t in range(len(excess)):
        bend = min(max(excess[t] + knee, zero), double_knee)
        excess[t] = -slope * (bend * bend * per_four_knee + max(excess[t] - knee, zero))


@compiled_with(ORDERED)
def forward_kernel(
    begin, end, audio, key, packed, early, peak, state, output, energy, reduction, final
):
    """Fill output, `energy` (s), `reduction` (y) and the `final` state of rows `begin` to `end`.

    `packed` holds averaging time, threshold, half knee, slope, attack, release, make-up and weight
    of each row, `early` the look-ahead. Of `energy` and `reduction` only the latest block is kept
    where they have no room for more.
    """
    time = output.shape[2]
    number = audio.dtype.type
    per_db = number(-NEPERS_PER_DB)
    kept = energy.shape[1] > BLOCK
    gain = np.empty(BLOCK, audio.dtype)
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
            drop = reduction[row, place : place + last - first]
            energies(key[row], first, last, peak, level)
            if not peak:
                s = one_pole(level, pole, s)
            _excess(level, threshold, drop)
            _wanted(drop, knee, slope)
            y = branching(drop, attack_pole, release_pole, y)
            if first < time <= last:
                final[row, 0] = level[time - 1 - first]
                final[row, 1] = drop[time - 1 - first]
            start = max(first, early[row])
            if start < last:
                for t in range(last - start):
                    gain[t] = fast_exp(per_db * (drop[start - first + t] - make_up))
                apply_gain(
                    audio[row], gain, wet, start - early[row], last - early[row], output[row]
                )


@compiled
def backward_kernel(
    begin,
    end,
    audio,
    key,
    packed,
    early,
    peak,
    state,
    energy,
    reduction,
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
    zero, one, per_db = number(0.0), number(1.0), number(-NEPERS_PER_DB)
    floor, in_db = number(ENERGY_FLOOR), number(LEVEL_DB)
    gain, given = np.empty(BLOCK, audio.dtype), np.empty(BLOCK, audio.dtype)
    poles, before = np.empty(BLOCK, audio.dtype), np.empty(BLOCK, audio.dtype)
    excess = np.empty(BLOCK, audio.dtype)
    for row in range(begin, end):
        average, threshold, knee, slope, attack, release, make_up, wet = packed[row]
        knee = max(knee, number(_HARD_DB))
        pole = number(pole_of(average))
        attack_pole, release_pole = number(pole_of(attack)), number(pole_of(release))
        double_knee, per_double_knee = knee + knee, number(0.5) / knee
        totals = np.zeros(8)
        heard = time + early[row]
        of_y, of_s = zero, zero
        for block in range((heard - 1) // BLOCK, -1, -1):
            first, last = block * BLOCK, min(heard, (block + 1) * BLOCK)
            count = last - first
            level, drop = energy[row, first:last], reduction[row, first:last]
            start = max(first, early[row])
            skipped = min(count, max(0, start - first))
            given[:skipped] = zero
            for t in range(count):
                gain[t] = fast_exp(per_db * (drop[t] - make_up))
            if start < last:
                left, right = start - early[row], last - early[row]
                gain_gradient(audio[row], gradient[row], left, right, given[skipped:])
                gained_gradient(gradient[row], gain[skipped:], wet, left, right, grad_audio[row])
            of_wet, of_make_up = zero, zero
            for t in range(count):
                of_wet += given[t] * (gain[t] - one)
                given[t] *= wet * gain[t] * per_db
                of_make_up -= given[t]
            before[0] = reduction[row, first - 1] if first > 0 else state[row, 1]
            before[1:count] = drop[: count - 1]
            for t in range(count):
                poles[t] = attack_pole if drop[t] > before[t] else release_pole
            of_y = one_pole_gradient(given[:count], poles, of_y)
            _excess(level, threshold, excess)
            of_attack, of_release, of_threshold = zero, zero, zero
            of_knee, of_slope = zero, zero
            for t in range(count):
                bend = min(max(excess[t] + knee, zero), double_knee)
                # The curve's slope: 0 below the knee, 1 above it.
                ratio = bend * per_double_knee
                curve = ratio * ratio * knee + max(excess[t] - knee, zero)
                step = given[t] * (before[t] + slope * curve)
                rises = drop[t] > before[t]
                of_attack += step if rises else zero
                of_release += zero if rises else step
                of_wanted = given[t] * (one - poles[t])
                of_slope -= of_wanted * curve
                of_knee -= of_wanted * (ratio - ratio * ratio)
                change = of_wanted * slope * ratio
                of_threshold += change
                given[t] = -in_db * change / (level[t] + floor)
            if not peak:
                earlier = energy[row, first - 1] if first > 0 else state[row, 0]
                of_s, of_average = mean_gradient(level, earlier, pole, given[:count], of_s)
                totals[0] += of_average
            energy_gradient(key[row], first, last, peak, given, grad_key[row])
            totals[1] += of_threshold
            totals[2] += of_knee * slope
            totals[3] += of_slope
            totals[4] += of_attack
            totals[5] += of_release
            totals[6] += of_make_up
            totals[7] += of_wet
        grad_packed[row] = totals
        grad_packed[row, 0] *= slope_of_pole(average)
        grad_packed[row, 4] *= slope_of_pole(attack)
        grad_packed[row, 5] *= slope_of_pole(release)
