"""Compiled loops of noise that decays in bands; names in `dsp/reverberation.py`.

Within a block the envelope is a table of powers times its value at the block's start. A band is
left when it has fallen below what float32 can hold.
"""

import numpy as np

from mixtrace.loops import compiled

__all__ = ["decay_backward", "decay_forward"]

_BLOCK = 512
"""Samples that are worked on together: a few blocks of them lie in the nearest cache."""

_LOWEST_NEPERS = 80.0


@compiled
def decay_forward(begin, end, noise, decay, output):
    """Fill output[node, channel, time] with the sum over bands of noise exp(-decay time).

    `noise` is [channel, band, time], `decay` [node, band] in nepers a sample, `output` zero.
    """
    channels, bands, _ = noise.shape
    time = output.shape[2]
    envelope = np.empty(_BLOCK, noise.dtype)
    for node in range(begin, end):
        for band in range(bands):
            fall = decay[node, band]
            powers = np.exp(-fall * np.arange(_BLOCK))
            for first in range(0, time, _BLOCK):
                if fall * first > _LOWEST_NEPERS:
                    break
                size = min(_BLOCK, time - first)
                start = np.exp(-fall * first)
                for t in range(size):
                    envelope[t] = start * powers[t]
                for c in range(channels):
                    source = noise[c, band, first : first + size]
                    result = output[node, c, first : first + size]
                    for t in range(size):
                        result[t] += source[t] * envelope[t]


@compiled
def decay_backward(begin, end, noise, decay, gradient, of_decay):
    """Fill the gradient of `decay` given that of the output: - sum of noise exp(..) time g."""
    channels, bands, _ = noise.shape
    time = gradient.shape[2]
    zero = noise.dtype.type(0.0)
    powers, later = np.empty(_BLOCK, noise.dtype), np.empty(_BLOCK, noise.dtype)
    for node in range(begin, end):
        for band in range(bands):
            fall = decay[node, band]
            for t in range(_BLOCK):
                powers[t] = np.exp(-fall * t)
                later[t] = t * powers[t]
            total = 0.0
            for first in range(0, time, _BLOCK):
                if fall * first > _LOWEST_NEPERS:
                    break
                size = min(_BLOCK, time - first)
                plain, timed = zero, zero
                for c in range(channels):
                    source = noise[c, band, first : first + size]
                    given = gradient[node, c, first : first + size]
                    for t in range(size):
                        product = source[t] * given[t]
                        plain += product * powers[t]
                        timed += product * later[t]
                total -= np.exp(-fall * first) * (first * plain + timed)
            of_decay[node, band] = total
