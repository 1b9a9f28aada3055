"""Compiled loops of the saturation; equations and names in `dsp/saturation.py`."""

import numpy as np

from mixtrace.dsp.elementary_kernels import fast_tanh
from mixtrace.loops import compiled, inlined

__all__ = ["curve_backward", "curve_forward", "double_rate", "halve_rate"]

_BLOCK = 1024
"""Samples that are worked on together: a few blocks of them lie in the nearest cache."""


@inlined
def _between(padded, first, taps, result):
    """Fill result[t] with sum over k of c_k (padded[n - k] + padded[n + 1 + k]), n = first + t.

    `padded` starts as many samples early as there are taps, an even number.
    """
    count = len(taps)
    result[:] = padded.dtype.type(0.0)
    for k in range(0, count, 2):
        near, far = taps[k], taps[k + 1]
        left = padded[first + count - k - 1 : first + count - k + len(result)]
        right = padded[first + count + k + 1 : first + count + k + 2 + len(result)]
        for t in range(len(result)):
            result[t] += near * (left[t + 1] + right[t]) + far * (left[t] + right[t + 1])


@compiled
def double_rate(begin, end, signal, taps, gain, output):
    """Fill the rows of `output` with a signal of twice the rate, times a gain."""
    time, count = signal.shape[1], len(taps)
    padded = np.zeros(time + 2 * count + 1, signal.dtype)
    between = np.empty(_BLOCK, signal.dtype)
    gain = signal.dtype.type(gain)
    for row in range(begin, end):
        padded[count : count + time] = signal[row]
        for first in range(0, time, _BLOCK):
            size = min(_BLOCK, time - first)
            _between(padded, first, taps, between[:size])
            here, out = signal[row, first : first + size], output[row, 2 * first :]
            for t in range(size):
                out[2 * t], out[2 * t + 1] = gain * here[t], gain * between[t]


@compiled
def halve_rate(begin, end, signal, taps, gain, output):
    """Fill the rows of `output` with a signal of half the rate, times a gain.

    It is the transpose of `double_rate`, with half its gain.
    """
    time, count = output.shape[1], len(taps)
    # One sample later than in `double_rate`: sample n lies between the odd ones n - 1 and n.
    padded = np.zeros(time + 2 * count + 2, signal.dtype)
    between = np.empty(_BLOCK, signal.dtype)
    half = signal.dtype.type(0.5 * gain)
    for row in range(begin, end):
        for t in range(time):
            padded[count + 1 + t] = signal[row, 2 * t + 1]
        for first in range(0, time, _BLOCK):
            size = min(_BLOCK, time - first)
            _between(padded, first, taps, between[:size])
            for t in range(size):
                output[row, first + t] = half * (signal[row, 2 * (first + t)] + between[t])


@compiled
def curve_forward(begin, end, signal, gain, tilt, output):
    """Fill the rows of `output` with T / (g (1 + t T)), T = tanh(g x)."""
    number = signal.dtype.type
    one = number(1.0)
    for row in range(begin, end):
        g, t = gain[row], tilt[row]
        across = one / g
        for n in range(signal.shape[1]):
            bent = fast_tanh(g * signal[row, n])
            output[row, n] = across * bent / (one + t * bent)


@compiled
def curve_backward(begin, end, signal, gain, tilt, output, gradient, of_signal, of_gain, of_tilt):
    """Fill the gradients of the signal, of log g and of t, given that of the output.

    With y the output and c = 1 - t g y: dy/dx = c² - (g y)², dy/d log g = x dy/dx - y,
    dy/dt = -g y².
    """
    one, time = signal.dtype.type(1.0), signal.shape[1]
    for row in range(begin, end):
        g, t = gain[row], tilt[row]
        total_gain, total_tilt = 0.0, 0.0
        for first in range(0, time, _BLOCK):
            here = slice(first, min(time, first + _BLOCK))
            dry, bent, given = signal[row, here], output[row, here], gradient[row, here]
            slopes = of_signal[row, here]
            for n in range(len(slopes)):
                y = g * bent[n]
                rest = one - t * y
                slopes[n] = given[n] * (rest * rest - y * y)
            of_block = _curve_sums(dry, bent, given, g, t)
            total_gain += of_block[0]
            total_tilt += of_block[1]
        of_gain[row] = total_gain
        of_tilt[row] = total_tilt


@inlined
def _curve_sums(signal, output, gradient, g, t):
    """Return the gradients of log g and t over a block.

    Apart from the loop that fills: a loop that fills an array and sums is compiled in two ways, one
    for arrays that lie so near each other in memory that they might overlap, and these round apart.
    """
    number = signal.dtype.type
    zero, one = number(0.0), number(1.0)
    of_gain, of_tilt = zero, zero
    for n in range(len(signal)):
        y = g * output[n]
        rest = one - t * y
        of_gain += gradient[n] * (signal[n] * (rest * rest - y * y) - output[n])
        of_tilt -= gradient[n] * output[n] * y
    return of_gain, of_tilt
