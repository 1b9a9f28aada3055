"""Compiled loops of the gain computers; equations and names in `dsp/dynamics.py`.

Both loops run over the nodes in parallel and over time in order. The compiled code is cached on
disk, so only the first run on a machine waits for it.
"""

import math

import numba
import numpy as np

__all__ = ["backward_kernel", "forward_kernel"]

_FLOOR = 1e-5


@numba.njit(parallel=True, fastmath=True, cache=True)
def forward_kernel(audio, packed, state, direction, output, smooth, gain):
    """Fill `output`, `smooth` (s) and `gain`; `packed` holds a, T, W, slope, w of each node."""
    nodes, channels, time = audio.shape
    one = audio.dtype.type(1.0)
    floor = audio.dtype.type(_FLOOR)
    for node in numba.prange(nodes):
        pole, threshold, knee, slope, wet = packed[node]
        s = state[node]
        share = (one - pole) / audio.dtype.type(channels)
        four_knee = audio.dtype.type(4.0) * knee
        for t in range(time):
            energy = audio.dtype.type(0.0)
            for c in range(channels):
                energy += audio[node, c, t] * audio[node, c, t]
            s = pole * s + share * energy
            smooth[node, t] = s
        for t in range(time):
            x = direction * (math.log(smooth[node, t] + floor) - threshold)
            if x < -knee:
                gain[node, t] = one
            else:
                q = x if x > knee else (x + knee) * (x + knee) / four_knee
                gain[node, t] = math.exp(slope * q)
        for c in range(channels):
            for t in range(time):
                output[node, c, t] = audio[node, c, t] * (one - wet + wet * gain[node, t])


@numba.njit(parallel=True, fastmath=True, cache=True)
def backward_kernel(
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
    """Fill the gradients of audio and packed scalars given that of the output.

    The recursion runs backwards: l[n] = ds[n] + a l[n+1], de[n] = (1 - a) l[n],
    da = sum l[n] (s[n-1] - e[n]).
    """
    nodes, channels, time = audio.shape
    one = audio.dtype.type(1.0)
    two = audio.dtype.type(2.0)
    floor = audio.dtype.type(_FLOOR)
    for node in numba.prange(nodes):
        pole, threshold, knee, slope, wet = packed[node]
        ds = np.zeros(time, dtype=audio.dtype)
        d_threshold, d_knee, d_slope, d_wet, d_pole = 0.0, 0.0, 0.0, 0.0, 0.0
        for t in range(time):
            correlation = audio.dtype.type(0.0)
            for c in range(channels):
                correlation += gradient[node, c, t] * audio[node, c, t]
            d_wet += correlation * (gain[node, t] - one)
            d_exponent = correlation * wet * gain[node, t]
            energy = smooth[node, t] + floor
            x = direction * (math.log(energy) - threshold)
            if x >= -knee:
                if x > knee:
                    q, dq = x, one
                else:
                    ratio = (x + knee) / (two * knee)
                    q, dq = ratio * ratio * knee, ratio
                    d_knee += d_exponent * slope * (ratio - ratio * ratio)
                d_slope += d_exponent * q
                d_x = d_exponent * slope * dq * direction
                d_threshold -= d_x
                ds[t] = d_x / energy
        adjoint = audio.dtype.type(0.0)
        scale = two * (one - pole) / audio.dtype.type(channels)
        for t in range(time - 1, -1, -1):
            adjoint = ds[t] + pole * adjoint
            previous = smooth[node, t - 1] if t > 0 else state[node]
            # e[n] - s[n-1] = (s[n] - s[n-1]) / (1 - a)
            d_pole += adjoint * (previous - smooth[node, t])
            ds[t] = adjoint * scale
        for c in range(channels):
            for t in range(time):
                direct = gradient[node, c, t] * (one - wet + wet * gain[node, t])
                grad_audio[node, c, t] = direct + ds[t] * audio[node, c, t]
        grad_packed[node, 0] = d_pole / (one - pole)
        grad_packed[node, 1] = d_threshold
        grad_packed[node, 2] = d_knee
        grad_packed[node, 3] = d_slope
        grad_packed[node, 4] = d_wet
