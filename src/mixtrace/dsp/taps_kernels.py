"""Compiled loops of the gradient of delay taps; equations and names in `dsp/taps.py`."""

import cmath
import math

import numpy as np

from mixtrace.loops import compiled, compiled_with

__all__ = ["correlate", "soft_gradient"]

_INAUDIBLE = 1e-30
"""Where |z|^k falls below this the rest of the pulse's spectrum is left out."""


@compiled
def correlate(begin, end, gradient, taps, result):
    """Fill result[row, t] = sum_j taps[row, j] gradient[row, t + j - half]."""
    slot = gradient.shape[1]
    count = taps.shape[1]
    for row in range(begin, end):
        source, target = gradient[row], result[row]
        target[:] = 0.0
        for j in range(count):
            shift, weight = j - count // 2, taps[row, j]
            first, last = max(0, -shift), min(slot, slot - shift)
            heard, sum_so_far = source[first + shift : last + shift], target[first:last]
            for t in range(len(sum_so_far)):
                sum_so_far[t] += weight * heard[t]


@compiled_with(fastmath=False)
def soft_gradient(begin, end, transform, slot, turn, sharpness, of_turn, of_sharpness):
    """Fill the gradients of angle and radius from the transform of the pulse's gradient."""
    bins = transform.shape[1]
    for row in range(begin, end):
        radius = max(float(sharpness[row]), 1e-7)
        step = cmath.rect(radius, -2.0 * math.pi * float(turn[row]))
        power = step / radius
        total = 0.0j
        for k in range(1, bins):
            weight = 1.0 if 2 * k == slot else 2.0
            total += np.conj(transform[row, k]) * (weight * k) * power
            power *= step
            if abs(power.real) + abs(power.imag) < _INAUDIBLE:
                break
        of_sharpness[row] = total.real / slot
        of_turn[row] = 2.0 * math.pi * float(sharpness[row]) * total.imag / slot
