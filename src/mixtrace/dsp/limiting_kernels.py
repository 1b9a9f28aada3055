"""Compiled loops of the limiter; equations and names in `dsp/limiting.py`.

Both loops run over a share of the rows. The gain found at position p acts on the audio `early`
samples before it. Energies and reductions lie in lines that begin with those of the block before.
"""

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
    one_pole_gradient,
    pole_of,
    slope_of_pole,
)
from mixtrace.dsp.running_kernels import running_maximum, running_maximum_gradient
from mixtrace.loops import ORDERED, compiled, compiled_with, inlined, inlined_with

__all__ = ["backward_kernel", "forward_kernel"]

_STEPS_PER_DB = 2.0**36
"""Reductions are added up as whole numbers: what enters a sum leaves it again without a trace."""


@inlined_with(ORDERED)
def _needed(energy, ceiling, needed):
    """Fill the reduction that brings a peak down to the ceiling, in dB."""
    number = energy.dtype.type
    levels(energy, number(LEVEL_DB), ceiling, needed)
    for t in range(len(energy)):
        needed[t] = max(needed[t], number(0.0))


@inlined_with(ORDERED)
def _sum_of(values):
    total = np.int64(0)
    for value in values:
        total += np.int64(np.float64(value) * _STEPS_PER_DB)
    return total


@inlined_with(ORDERED)
def _averages(line, count, total, means):
    """Fill means[t] of line[t] to line[t + count - 1]; return the sum of the last count - 1.

    `total` is the sum of the first count - 1.
    """
    share = 1.0 / (count * _STEPS_PER_DB)
    for t in range(len(means)):
        total += np.int64(np.float64(line[t + count - 1]) * _STEPS_PER_DB)
        means[t] = np.float64(total) * share
        total -= np.int64(np.float64(line[t]) * _STEPS_PER_DB)
    return total


@compiled_with(ORDERED)
def forward_kernel(
    begin, end, audio, packed, early, state, output, energy, held, released, reduction, final
):
    """Fill output, `energy` (e), `held` (h), `released` (y), `reduction` (r) and `final` state.

    `packed` holds ceiling, release, make-up and weight of each row, `early` the look-ahead. Of
    what is filled on the way only the latest row or block is kept where there is no room for more.
    """
    time, past = output.shape[2], state.shape[1] // 2
    number = audio.dtype.type
    zero, kept = number(0.0), len(energy) == len(audio)
    gain = np.empty(BLOCK, audio.dtype)
    ends = np.empty(past + 2, audio.dtype)
    room = 0 if kept else audio.shape[2]
    spare_line = np.empty(past + room, audio.dtype)
    spare_held = np.empty(room, audio.dtype)
    spare_released = np.empty(past + 1 + room, audio.dtype)
    for row in range(begin, end):
        ceiling, release, make_up, wet = packed[row]
        release_pole = number(pole_of(release))
        window = early[row]
        heard = time + window
        line = energy[row] if kept else spare_line
        top = held[row] if kept else spare_held
        falls = released[row] if kept else spare_released
        line[:past], falls[: past + 1] = state[row, :past], state[row, past:]
        for first in range(0, heard, BLOCK):
            last = min(heard, first + BLOCK)
            energies(audio[row], first, last, True, line[past + first : past + last])
        running_maximum(line[past - window : past + heard], window, ends, top[:heard])
        y = falls[past]
        total = _sum_of(falls[past + 1 - window : past + 1])
        for first in range(0, heard, BLOCK):
            last = min(heard, first + BLOCK)
            place = first if kept else 0
            fall = falls[past + 1 + first : past + 1 + last]
            _needed(top[first:last], ceiling, fall)
            y = branching(fall, zero, release_pole, y)
            drop = reduction[row, place : place + last - first]
            total = _averages(
                falls[past + 1 + first - window : past + 1 + last], window + 1, total, drop
            )
            start = max(first, window)
            if start < last:
                gains_of(drop[start - first :], make_up, gain)
                apply_gain(audio[row], gain, wet, start - window, last - window, output[row])
        final[row, :past] = line[time : time + past]
        final[row, past:] = falls[time : time + past + 1]


@inlined
def _averages_gradient(of_mean, count, of_line):
    """Fill the gradient of a line given those of the means that end at each of its places."""
    total, share = 0.0, 1.0 / count
    for p in range(len(of_line) - 1, -1, -1):
        total += of_mean[p]
        of_line[p] = total * share
        if p + count - 1 < len(of_line):
            total -= of_mean[p + count - 1]


@compiled
def backward_kernel(
    begin, end, audio, packed, early, state, energy, held, released, reduction, gradient,
    grad_audio, grad_packed,
):  # fmt: skip
    """Fill the gradients of audio and packed scalars given that of the output, likewise.

    The mean passes a share of its gradient to each of its reductions, l[p] = dy[p] + a[p+1] l[p+1]
    is then that of y[p], (1 - a[p]) l[p] that of what was needed, where a is 0 while y rises.
    """
    time, past = gradient.shape[2], state.shape[1] // 2
    number = audio.dtype.type
    zero, one = number(0.0), number(1.0)
    floor, in_db = number(ENERGY_FLOOR), number(LEVEL_DB)
    gain, poles = np.empty(BLOCK, audio.dtype), np.empty(BLOCK, audio.dtype)
    needed = np.empty(BLOCK, audio.dtype)
    of_line = np.empty(past + audio.shape[2], audio.dtype)
    of_mean, of_held = np.empty(audio.shape[2], audio.dtype), np.empty(audio.shape[2], audio.dtype)
    for row in range(begin, end):
        ceiling, release, make_up, wet = packed[row]
        release_pole = number(pole_of(release))
        window = early[row]
        heard = time + window
        grad_packed[row] = zero
        of_wet_in_all, of_make_up_in_all = 0.0, 0.0
        of_ceiling_in_all, of_release_in_all = 0.0, 0.0
        of_mean[:window] = zero
        for first in range(0, time, BLOCK):
            last = min(time, first + BLOCK)
            given = of_mean[window + first : window + last]
            drop = reduction[row, window + first : window + last]
            gains_of(drop, make_up, gain)
            gain_gradient(audio[row], gradient[row], first, last, given)
            gained_gradient(gradient[row], gain, wet, first, last, grad_audio[row])
            of_wet, of_drop = decibel_gradient(gain, wet, given)
            of_wet_in_all += of_wet
            of_make_up_in_all -= of_drop
        _averages_gradient(of_mean[:heard], window + 1, of_held[:heard])
        of_y = zero
        for block in range((heard - 1) // BLOCK, -1, -1):
            first, last = block * BLOCK, min(heard, (block + 1) * BLOCK)
            count = last - first
            fall = released[row, past + 1 + first : past + 1 + last]
            before = released[row, past + first : past + last]
            given, top = of_held[first:last], held[row, first:last]
            for t in range(count):
                poles[t] = zero if fall[t] > before[t] else release_pole
            of_y = one_pole_gradient(given, poles, of_y)
            _needed(top, ceiling, needed)
            of_ceiling, of_release = zero, zero
            for t in range(count):
                of_release += zero if fall[t] > before[t] else given[t] * (before[t] - needed[t])
                change = given[t] * (one - poles[t]) if needed[t] > zero else zero
                of_ceiling -= change
                given[t] = in_db * change / (top[t] + floor)
            of_ceiling_in_all += of_ceiling
            of_release_in_all += of_release
        of_line[:] = zero
        running_maximum_gradient(
            energy[row, past - window : past + heard],
            window,
            held[row, :heard],
            of_held,
            of_line[past - window : past + heard],
        )
        for first in range(0, heard, BLOCK):
            last = min(heard, first + BLOCK)
            given = of_line[past + first : past + last]
            energy_gradient(audio[row], first, last, True, given, grad_audio[row])
        grad_packed[row, 0] = of_ceiling_in_all
        grad_packed[row, 1] = of_release_in_all * slope_of_pole(release)
        grad_packed[row, 2] = of_make_up_in_all
        grad_packed[row, 3] = of_wet_in_all
