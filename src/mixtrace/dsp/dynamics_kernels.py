"""Compiled loops of the gain computers; equations and names in `dsp/dynamics.py`.

Both loops run over a share of the nodes and over time in order, a block at a time: only the
recursion itself goes sample by sample, all else are vector instructions on blocks that lie in the
cache. Logarithms and exponentials have loops of their own: of a short loop the processor works on
several turns at once. The compiled code is cached on disk, so only the first run on a machine waits
for it.
"""

import numpy as np

from mixtrace.dsp.elementary_kernels import fast_exp, fast_log
from mixtrace.loops import compiled, inlined

__all__ = ["BLOCK", "backward_kernel", "forward_kernel"]

BLOCK = 512
"""Samples that are worked on together: a few blocks of them lie in the nearest cache."""

_FLOOR = 1e-5


@inlined
def _smooth(signal, pole, share, s):
    """Replace x[n] by s[n] = a s[n-1] + share x[n] and return the last one.

    Four samples a turn: what a sample has to wait for is one product instead of four.
    """
    second, third, fourth = pole * pole, pole * pole * pole, (pole * pole) * (pole * pole)
    whole = len(signal) - len(signal) % 4
    for t in range(0, whole, 4):
        w = share * signal[t]
        x = share * signal[t + 1] + pole * w
        y = share * signal[t + 2] + pole * x
        z = share * signal[t + 3] + pole * y
        signal[t], signal[t + 1], signal[t + 2] = w + pole * s, x + second * s, y + third * s
        s = z + fourth * s
        signal[t + 3] = s
    for t in range(whole, len(signal)):
        s = pole * s + share * signal[t]
        signal[t] = s
    return s


@compiled
def forward_kernel(begin, end, audio, packed, state, direction, output, smooth, gain, final):
    """Fill `output`, `smooth` (s), `gain` and the `final` s of the nodes from `begin` to `end`.

    `packed` holds a, T, W, slope, w of each node. Of `smooth` and `gain` only the latest block is
    kept where they have no room for more.
    """
    _, channels, time = audio.shape
    number = audio.dtype.type
    zero, one, floor = number(0.0), number(1.0), number(_FLOOR)
    sign = number(direction)
    kept = smooth.shape[1] >= time
    for node in range(begin, end):
        pole, threshold, knee, slope, wet = packed[node]
        s = state[node]
        share = (one - pole) / number(channels)
        double_knee, per_four_knee = knee + knee, one / (number(4.0) * knee)
        for first in range(0, time, BLOCK):
            last = min(time, first + BLOCK)
            place = first if kept else 0
            level = smooth[node, place : place + last - first]
            factor = gain[node, place : place + last - first]
            level[:] = zero
            for c in range(channels):
                side = audio[node, c, first:last]
                for t in range(last - first):
                    level[t] += side[t] * side[t]
            s = _smooth(level, pole, share, s)
            for t in range(last - first):
                factor[t] = fast_log(level[t] + floor)
            for t in range(last - first):
                x = sign * (factor[t] - threshold)
                bend = min(max(x + knee, zero), double_knee)
                factor[t] = slope * (bend * bend * per_four_knee + max(x - knee, zero))
            for t in range(last - first):
                factor[t] = fast_exp(factor[t])
            for c in range(channels):
                side, out = audio[node, c, first:last], output[node, c, first:last]
                for t in range(last - first):
                    out[t] = side[t] * (one - wet + wet * factor[t])
        final[node] = s


@compiled
def backward_kernel(
    begin,
    end,
    audio,
    packed,
    state,
    direction,
    smooth,
    gain,
    gradient,
    grad_audio,
    grad_packed,
):
    """Fill the gradients of audio and packed scalars given that of the output, likewise.

    The recursion runs backwards: l[n] = ds[n] + a l[n+1], de[n] = (1 - a) l[n],
    da = sum l[n] (s[n-1] - e[n]).
    """
    _, channels, time = audio.shape
    number = audio.dtype.type
    zero, one, floor = number(0.0), number(1.0), number(_FLOOR)
    sign = number(direction)
    blocks = (time + BLOCK - 1) // BLOCK
    ds, logs = np.empty(BLOCK, audio.dtype), np.empty(BLOCK, audio.dtype)
    for node in range(begin, end):
        pole, threshold, knee, slope, wet = packed[node]
        double_knee, per_double_knee = knee + knee, one / (number(2.0) * knee)
        d_threshold, d_knee, d_slope, d_wet, d_pole = 0.0, 0.0, 0.0, 0.0, 0.0
        adjoint = zero
        scale = number(2.0) * (one - pole) / number(channels)
        for block in range(blocks - 1, -1, -1):
            first, last = block * BLOCK, min(time, (block + 1) * BLOCK)
            level, factor = smooth[node, first:last], gain[node, first:last]
            ds[:] = zero
            for c in range(channels):
                side, given = audio[node, c, first:last], gradient[node, c, first:last]
                for t in range(last - first):
                    ds[t] += given[t] * side[t]
            of_threshold, of_knee, of_slope, of_wet, of_pole = zero, zero, zero, zero, zero
            for t in range(last - first):
                logs[t] = fast_log(level[t] + floor)
            for t in range(last - first):
                correlation = ds[t]
                of_wet += correlation * (factor[t] - one)
                exponent = correlation * wet * factor[t]
                x = sign * (logs[t] - threshold)
                bend = min(max(x + knee, zero), double_knee)
                # The curve's slope: 0 below the knee, 1 above it.
                ratio = bend * per_double_knee
                above = max(x - knee, zero)
                of_slope += exponent * (ratio * ratio * knee + above)
                of_knee += exponent * (ratio - ratio * ratio)
                change = exponent * slope * ratio * sign
                of_threshold -= change
                ds[t] = change / (level[t] + floor)
            adjoint = _smooth(ds[: last - first][::-1], pole, one, adjoint)
            before = smooth[node, first - 1] if first > 0 else state[node]
            # e[n] - s[n-1] = (s[n] - s[n-1]) / (1 - a)
            of_pole += ds[0] * (before - level[0])
            for t in range(1, last - first):
                of_pole += ds[t] * (level[t - 1] - level[t])
            for c in range(channels):
                side, given = audio[node, c, first:last], gradient[node, c, first:last]
                out = grad_audio[node, c, first:last]
                for t in range(last - first):
                    direct = given[t] * (one - wet + wet * factor[t])
                    out[t] = direct + scale * ds[t] * side[t]
            d_threshold += of_threshold
            d_knee += of_knee * slope
            d_slope += of_slope
            d_wet += of_wet
            d_pole += of_pole
        grad_packed[node, 0] = d_pole / (one - pole)
        grad_packed[node, 1] = d_threshold
        grad_packed[node, 2] = d_knee
        grad_packed[node, 3] = d_slope
        grad_packed[node, 4] = d_wet
