"""Compiled loops of the gate; equations and names in `dsp/gating.py`.

Both loops run over a share of the rows. Positions are those of the key: the gain found at position
p acts on the audio `early` samples before it. Energies lie in lines that begin with those of the
block before.
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
    levels,
    mean_gradient,
    one_pole,
    one_pole_gradient,
    pole_of,
    slope_of_pole,
)
from mixtrace.dsp.elementary_kernels import fast_exp
from mixtrace.dsp.running_kernels import running_maximum, running_maximum_gradient
from mixtrace.loops import ORDERED, compiled, compiled_with, inlined, inlined_with

__all__ = ["HYSTERESIS_DB", "TRANSITION_DB", "backward_kernel", "forward_kernel"]

TRANSITION_DB = 1.0
"""From closed to open: wide enough for a gradient, and finer than a threshold is set by ear."""

HYSTERESIS_DB = 3.0
"""An open gate closes this far below its threshold, at half the energy: a level that lingers at the
threshold wavers by less, and does not make the gate chatter."""


@inlined_with(ORDERED)
def _excess(energy, threshold, excess):
    """Fill the level over the threshold, in widths of the transition; a half is where it begins."""
    number = energy.dtype.type
    offset = threshold / number(TRANSITION_DB) - number(0.5)
    levels(energy, number(LEVEL_DB / TRANSITION_DB), offset, excess)


@inlined_with(ORDERED)
def _follow(excess, opening, s):
    """Fill o[t] = min(stay[t], max(open[t], o[t-1])) and return the last one."""
    number = excess.dtype.type
    zero, one, two, three = number(0.0), number(1.0), number(2.0), number(3.0)
    shift = number(HYSTERESIS_DB / TRANSITION_DB)
    for t in range(len(excess)):
        x = min(max(excess[t], zero), one)
        opening[t] = x * x * (three - two * x)
    for t in range(len(excess)):
        x = min(max(excess[t] + shift, zero), one)
        excess[t] = x * x * (three - two * x)
    for t in range(len(excess)):
        s = min(excess[t], max(opening[t], s))
        opening[t] = s
    return s


@compiled_with(ORDERED)
def forward_kernel(
    begin, end, audio, key, packed, early, holds, peak, state, output, energy, held, opening,
    openness, final,
):  # fmt: skip
    """Fill output, `energy` (e, s), `held` (h), `opening` (o), `openness` (p) and `final` state.

    `packed` holds averaging time, threshold, range, attack, release and weight of each row, `early`
    the look-ahead and `holds` the hold. Of what is filled on the way only the latest row or block
    is kept where there is no room for more.
    """
    time, past = output.shape[2], state.shape[1] - 3
    number = audio.dtype.type
    one, per_db = number(1.0), number(-NEPERS_PER_DB)
    kept = len(energy) == len(audio)
    gain, excess = np.empty(BLOCK, audio.dtype), np.empty(BLOCK, audio.dtype)
    ends = np.empty(past + 2, audio.dtype)
    spare_line = np.empty(0 if kept else past + audio.shape[2], audio.dtype)
    spare_held = np.empty(0 if kept else audio.shape[2], audio.dtype)
    for row in range(begin, end):
        average, threshold, depth, attack, release, wet = packed[row]
        pole = number(pole_of(average))
        attack_pole, release_pole = number(pole_of(attack)), number(pole_of(release))
        heard, hold = time + early[row], holds[row]
        line = energy[row] if kept else spare_line
        top = held[row] if kept else spare_held
        s, o, p = state[row, 0], state[row, 1], state[row, 2]
        line[:past] = state[row, 3:]
        for first in range(0, heard, BLOCK):
            last = min(heard, first + BLOCK)
            level = line[past + first : past + last]
            energies(key[row], first, last, peak, level)
            if not peak:
                s = one_pole(level, pole, s)
        running_maximum(line[past - hold : past + heard], hold, ends, top[:heard])
        for first in range(0, heard, BLOCK):
            last = min(heard, first + BLOCK)
            place = first if kept else 0
            flag = opening[row, place : place + last - first]
            smooth = openness[row, place : place + last - first]
            _excess(top[first:last], threshold, excess)
            o = _follow(excess[: last - first], flag, o)
            smooth[:] = flag
            p = branching(smooth, attack_pole, release_pole, p)
            if first < time <= last:
                final[row, 0] = line[past + time - 1]
                final[row, 1] = flag[time - 1 - first]
                final[row, 2] = smooth[time - 1 - first]
            start = max(first, early[row])
            if start < last:
                for t in range(last - start):
                    gain[t] = fast_exp(per_db * (depth * (one - smooth[start - first + t])))
                apply_gain(
                    audio[row], gain, wet, start - early[row], last - early[row], output[row]
                )
        final[row, 3:] = line[time : time + past]


@inlined
def _opening_gradient(excess, flag, before, given):
    """Replace the gradient of o[t] by that of the excess, through the curve that was followed."""
    number = excess.dtype.type
    zero, one, six = number(0.0), number(1.0), number(6.0)
    shift = number(HYSTERESIS_DB / TRANSITION_DB)
    for t in range(len(flag)):
        x = excess[t] if flag[t] > before[t] else excess[t] + shift
        x = min(max(x, zero), one)
        followed = zero if flag[t] == before[t] else six * x * (one - x)
        given[t] *= followed


@compiled
def backward_kernel(
    begin, end, audio, key, packed, early, holds, peak, state, energy, held, opening, openness,
    gradient, grad_audio, grad_key, grad_packed,
):  # fmt: skip
    """Fill the gradients of audio and packed scalars and add that of the key, likewise.

    l[n] = dp[n] + a[n+1] l[n+1] is the gradient of p[n], m[n] = (1 - a[n]) l[n] + m[n+1] that of
    o[n], where the second term is there only if o[n+1] is o[n].
    """
    time, past = gradient.shape[2], state.shape[1] - 3
    number = audio.dtype.type
    zero, one, per_db = number(0.0), number(1.0), number(-NEPERS_PER_DB)
    floor, scale = number(ENERGY_FLOOR), number(LEVEL_DB / TRANSITION_DB)
    per_transition = number(1.0 / TRANSITION_DB)
    gain, given = np.empty(BLOCK, audio.dtype), np.empty(BLOCK, audio.dtype)
    poles, before = np.empty(BLOCK, audio.dtype), np.empty(BLOCK, audio.dtype)
    excess = np.empty(BLOCK, audio.dtype)
    of_line = np.empty(past + audio.shape[2], audio.dtype)
    of_held = np.empty(audio.shape[2], audio.dtype)
    for row in range(begin, end):
        average, threshold, depth, attack, release, wet = packed[row]
        pole = number(pole_of(average))
        attack_pole, release_pole = number(pole_of(attack)), number(pole_of(release))
        totals = np.zeros(6)
        heard, hold = time + early[row], holds[row]
        of_p, of_o, of_s = zero, zero, zero
        blocks = (heard + BLOCK - 1) // BLOCK
        for block in range(blocks - 1, -1, -1):
            first, last = block * BLOCK, min(heard, (block + 1) * BLOCK)
            count = last - first
            flag, smooth = opening[row, first:last], openness[row, first:last]
            start = max(first, early[row])
            skipped = min(count, start - first)
            given[:skipped] = zero
            for t in range(count):
                gain[t] = fast_exp(per_db * (depth * (one - smooth[t])))
            if start < last:
                left, right = start - early[row], last - early[row]
                gain_gradient(audio[row], gradient[row], left, right, given[skipped:])
                gained_gradient(gradient[row], gain[skipped:], wet, left, right, grad_audio[row])
            of_wet, of_depth = zero, zero
            for t in range(count):
                of_wet += given[t] * (gain[t] - one)
                given[t] *= wet * gain[t] * per_db
                of_depth += given[t] * (one - smooth[t])
                given[t] *= -depth
            before[0] = openness[row, first - 1] if first > 0 else state[row, 2]
            before[1:count] = smooth[: count - 1]
            for t in range(count):
                poles[t] = attack_pole if smooth[t] > before[t] else release_pole
            of_p = one_pole_gradient(given[:count], poles, of_p)
            of_attack, of_release = zero, zero
            for t in range(count):
                step = given[t] * (before[t] - flag[t])
                rises = smooth[t] > before[t]
                of_attack += step if rises else zero
                of_release += zero if rises else step
                given[t] *= one - poles[t]
            before[0] = opening[row, first - 1] if first > 0 else state[row, 1]
            before[1:count] = flag[: count - 1]
            moves = zero
            for t in range(count):
                poles[t] = one if flag[t] == before[t] else zero
                moves += one - poles[t]
            of_o = one_pole_gradient(given[:count], poles, of_o)
            of_threshold = zero
            if moves > zero:
                top = held[row, first:last]
                _excess(top, threshold, excess)
                _opening_gradient(excess, flag, before, given)
                for t in range(count):
                    of_threshold -= given[t]
                    of_held[first + t] = given[t] * scale / (top[t] + floor)
            else:
                of_held[first:last] = zero
            totals[1] += of_threshold * per_transition
            totals[2] += of_depth
            totals[3] += of_attack
            totals[4] += of_release
            totals[5] += of_wet
        of_line[:] = zero
        running_maximum_gradient(
            energy[row, past - hold : past + heard],
            hold,
            held[row, :heard],
            of_held,
            of_line[past - hold : past + heard],
        )
        for block in range(blocks - 1, -1, -1):
            first, last = block * BLOCK, min(heard, (block + 1) * BLOCK)
            of_energy = of_line[past + first : past + last]
            if not peak:
                level = energy[row, past + first : past + last]
                earlier = energy[row, past + first - 1] if first > 0 else state[row, 0]
                of_s, of_average = mean_gradient(level, earlier, pole, of_energy, of_s)
                totals[0] += of_average
            energy_gradient(key[row], first, last, peak, of_energy, grad_key[row])
        grad_packed[row] = totals
        grad_packed[row, 0] *= slope_of_pole(average)
        grad_packed[row, 3] *= slope_of_pole(attack)
        grad_packed[row, 4] *= slope_of_pole(release)
