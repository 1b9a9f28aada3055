"""Compiled loops of the distances between mel spectra; equations in `losses/distances.py`."""

import numpy as np

from mixtrace.dsp.elementary_kernels import fast_log
from mixtrace.loops import compiled, compiled_with

__all__ = ["backward_kernel", "forward_kernel"]

_EXACT_QUOTIENTS = {"reassoc", "contract", "nnan", "ninf", "nsz"}  # E / T is 1 where both are equal


@compiled_with(fastmath=_EXACT_QUOTIENTS)
def forward_kernel(begin, end, estimate, target, sums):
    """Fill `sums` [spectrum, 3] with those of |log(E / T)|, |E - T|² and E² of each spectrum."""
    _, frames, bands = estimate.shape
    zero = estimate.dtype.type(0.0)
    for s in range(begin, end):
        logs = errors = powers = 0.0
        for frame in range(frames):
            one, other = estimate[s, frame], target[s, frame]
            of_logs, of_errors, of_powers = zero, zero, zero
            for b in range(bands):
                of_logs += abs(fast_log(one[b] / other[b]))
                of_errors += (one[b] - other[b]) ** 2
                of_powers += one[b] ** 2
            logs += of_logs
            errors += of_errors
            powers += of_powers
        sums[s, 0], sums[s, 1], sums[s, 2] = logs, errors, powers


@compiled
def backward_kernel(begin, end, estimate, target, factors, out):
    """Fill the gradient of the estimate; `factors` [spectrum, 3] weigh sign / E, E - T and E."""
    _, frames, bands = estimate.shape
    for s in range(begin, end):
        of_logs, of_errors, of_powers = factors[s, 0], factors[s, 1], factors[s, 2]
        for frame in range(frames):
            one, other = estimate[s, frame], target[s, frame]
            slope = out[s, frame]
            for b in range(bands):
                error = one[b] - other[b]
                slope[b] = of_logs * np.sign(error) / one[b] + of_errors * error
                slope[b] += of_powers * one[b]
