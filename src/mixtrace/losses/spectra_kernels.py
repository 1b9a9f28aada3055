"""Compiled loops from spectra to mel spectra and back; what they compute is in `losses/spectra.py`.

A row, one frame with its four channels, never leaves the cache between its spectrum and its bands.
The bands of a bank come as `first bin, bins, first weight` each, without a sign (a signed index
is checked at every access, and short loops are not unrolled), and all weights in one array.
"""

import numpy as np

from mixtrace.loops import compiled, inlined

__all__ = ["backward_kernel", "forward_kernel"]


@inlined
def _magnitudes(left, right, floor, out):
    """Fill [4, bin]: the magnitudes of left, right, mid and side, none below the floor's root."""
    for b in range(len(left)):
        mid, side = left[b] + right[b], left[b] - right[b]
        out[0, b] = np.sqrt(max(left[b].real ** 2 + left[b].imag ** 2, floor))
        out[1, b] = np.sqrt(max(right[b].real ** 2 + right[b].imag ** 2, floor))
        out[2, b] = np.sqrt(max(mid.real**2 + mid.imag**2, floor))
        out[3, b] = np.sqrt(max(side.real**2 + side.imag**2, floor))


@compiled
def forward_kernel(begin, end, spectrum, bands, weights, floor, mel):
    """Fill `mel` [batch, 4, frame, band] from the spectra [batch, 2, frame, bin]."""
    _, _, frames, bins = spectrum.shape
    magnitudes = np.empty((4, bins), weights.dtype)
    for row in range(begin, end):
        item, frame = row // frames, row % frames
        _magnitudes(spectrum[item, 0, frame], spectrum[item, 1, frame], floor, magnitudes)
        left, right, mid, side = magnitudes[0], magnitudes[1], magnitudes[2], magnitudes[3]
        for band in range(len(bands)):
            first, count, start = bands[band, 0], bands[band, 1], bands[band, 2]
            of_left = of_right = of_mid = of_side = floor - floor
            for b in range(count):
                weight = weights[start + b]
                of_left += left[first + b] * weight
                of_right += right[first + b] * weight
                of_mid += mid[first + b] * weight
                of_side += side[first + b] * weight
            mel[item, 0, frame, band], mel[item, 1, frame, band] = of_left, of_right
            mel[item, 2, frame, band], mel[item, 3, frame, band] = of_mid, of_side


@compiled
def backward_kernel(begin, end, spectrum, bands, weights, floor, gradient, out):
    """Fill the gradient of the spectra from that of the mel spectra."""
    _, _, frames, bins = spectrum.shape
    magnitudes = np.empty((4, bins), weights.dtype)
    slopes = np.empty((4, bins), weights.dtype)
    least, zero = np.sqrt(floor), floor - floor
    for row in range(begin, end):
        item, frame = row // frames, row % frames
        _magnitudes(spectrum[item, 0, frame], spectrum[item, 1, frame], floor, magnitudes)
        slopes[:] = zero
        left, right, mid, side = slopes[0], slopes[1], slopes[2], slopes[3]
        for band in range(len(bands)):
            first, count, start = bands[band, 0], bands[band, 1], bands[band, 2]
            of_left, of_right = gradient[item, 0, frame, band], gradient[item, 1, frame, band]
            of_mid, of_side = gradient[item, 2, frame, band], gradient[item, 3, frame, band]
            for b in range(count):
                weight = weights[start + b]
                left[first + b] += of_left * weight
                right[first + b] += of_right * weight
                mid[first + b] += of_mid * weight
                side[first + b] += of_side * weight
        for channel in range(4):
            # d|X| = Re(conj(X) dX) / |X|, and zero where the power was below the floor.
            for b in range(bins):
                at = magnitudes[channel, b]
                slopes[channel, b] = slopes[channel, b] / at if at > least else zero
        one, other = spectrum[item, 0, frame], spectrum[item, 1, frame]
        to_left, to_right = out[item, 0, frame], out[item, 1, frame]
        for b in range(bins):
            both, cross = mid[b] + side[b], mid[b] - side[b]
            to_left[b] = (left[b] + both) * one[b] + cross * other[b]
            to_right[b] = (right[b] + both) * other[b] + cross * one[b]
