"""Compiled loops of cascades of second-order sections; see `dsp/cascade.py`."""

import numpy as np

from mixtrace.loops import compiled_with

__all__ = ["ring_backward", "ring_forward"]

_SILENCE = 1e-60
"""What is smaller counts as zero: the processor handles the smallest numbers a hundred times slower
than others, and a low-pass leaves nothing else after some thousand samples."""

_strictly = compiled_with(False)
"""Nothing is reordered: a section whose two halves are equal passes an impulse as it is."""


@_strictly
def _section(row, x, y):
    """Fill y with x under a section, after silence; y may be x itself.

    y[n] = b0 x[n] + b1 x[n-1] + b2 x[n-2] - a1 y[n-1] - a2 y[n-2]
    """
    b0, b1, b2, a1, a2 = row[0], row[1], row[2], row[4], row[5]
    x1, x2, y1, y2 = 0.0, 0.0, 0.0, 0.0
    for n in range(len(x)):
        x0 = x[n]
        y0 = (b0 * x0 + b1 * x1 + b2 * x2 - a2 * y2) - a1 * y1
        if abs(y0) < _SILENCE:
            y0 = 0.0
        y[n] = y0
        x1, x2, y1, y2 = x0, x1, y0, y1


@_strictly
def ring_forward(begin, end, sections, taps):
    """Fill rows of taps with the impulse responses of rows of sections in series."""
    for row in range(begin, end):
        signal = taps[row]
        signal[:] = 0.0
        signal[0] = 1.0
        for s in range(sections.shape[1]):
            _section(sections[row, s], signal, signal)


@_strictly
def _section_backward(row, x, y, given, result):
    """Fill the gradient of a section, and turn `given`, that of y, into that of x.

    With l[n] = g[n] - a1 l[n+1] - a2 l[n+2], the gradient of b_k is the sum of l[n] x[n-k], that of
    a_k minus the sum of l[n] y[n-k], and that of x[n] is b0 l[n] + b1 l[n+1] + b2 l[n+2]. That of
    the constant a0 is zero.
    """
    b0, b1, b2, a1, a2 = row[0], row[1], row[2], row[4], row[5]
    l1, l2 = 0.0, 0.0
    of_b0, of_b1, of_b2, of_a1, of_a2 = 0.0, 0.0, 0.0, 0.0, 0.0
    for n in range(len(x) - 1, -1, -1):
        l0 = (given[n] - a2 * l2) - a1 * l1
        if abs(l0) < _SILENCE:
            l0 = 0.0
        given[n] = b0 * l0 + b1 * l1 + b2 * l2
        of_b0 += l0 * x[n]
        of_b1 += l1 * x[n]
        of_b2 += l2 * x[n]
        of_a1 -= l1 * y[n]
        of_a2 -= l2 * y[n]
        l1, l2 = l0, l1
    result[0], result[1], result[2], result[3] = of_b0, of_b1, of_b2, 0.0
    result[4], result[5] = of_a1, of_a2


@_strictly
def ring_backward(begin, end, sections, gradient, result):
    """Fill the gradients of sections given those of taps."""
    count, time = sections.shape[1], gradient.shape[1]
    signals, given = np.empty((count + 1, time)), np.empty(time)
    signals[0] = 0.0
    signals[0, 0] = 1.0
    for row in range(begin, end):
        for s in range(count):
            _section(sections[row, s], signals[s], signals[s + 1])
        given[:] = gradient[row]
        for s in range(count - 1, -1, -1):
            _section_backward(sections[row, s], signals[s], signals[s + 1], given, result[row, s])
