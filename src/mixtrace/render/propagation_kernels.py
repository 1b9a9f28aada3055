"""Compiled loops that carry spectra through linear nodes; what they compute is in `propagation`.

A program is a table with a row for each node, `op, total channels, channels, operator, first feed,
feeds`, and a list of the slots that feed the nodes: the sources come first, then the nodes. Spectra
are read and written where they lie, given by their addresses, in slices of a few bins that fit
into the cache; slabs of slices run in parallel.
"""

from typing import Any

import numba
import numpy as np
from numba import carray  # pyright: ignore[reportPrivateImportUsage]
from numba.core import types
from numba.extending import intrinsic

__all__ = ["FILTER", "MATRIX", "POWER_STRIDE", "SLAB", "SUM", "backward_kernel", "forward_kernel"]

SUM, FILTER, MATRIX = 0, 1, 2
SLAB = 1024
"""Bins that are handled by one core in a row."""
POWER_STRIDE = 16
"""Every sixteenth bin counts in the power of what passes a filter."""

_SLICE = 256


def _typed_pointer(typingctx, address, like):
    """Return an integer address as a pointer to elements of an array's type."""
    pointer = types.CPointer(like.dtype)

    def generate(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], context.get_value_type(pointer))

    return pointer(address, like), generate


_pointer: Any = intrinsic(_typed_pointer)


@numba.njit(cache=True)
def _at(address, shape, like):
    """Return the array of a shape and of an array's type that lies at an address."""
    return carray(_pointer(address, like), shape)


@numba.njit(cache=True, fastmath=True)
def _load(address, channels, window, bins, first, width, like, out):
    spectrum = _at(address, (window + 1, channels, bins), like)
    for c in range(channels):
        source = spectrum[window, c, first : first + width]
        for b in range(width):
            out[c, b] = source[b]


@numba.njit(cache=True, fastmath=True)
def _add_up(slots, flowing, channels, count, width, out):
    """Sum the slots into `count` channels; mono counts on both."""
    for c in range(count):
        for place in range(len(slots)):
            slot = slots[place]
            side = c if channels[slot] == 2 else 0
            if place == 0:
                for b in range(width):
                    out[c, b] = flowing[slot, side, b]
            else:
                for b in range(width):
                    out[c, b] += flowing[slot, side, b]


@numba.njit(cache=True, fastmath=True)
def _flow(program, feeds, channels, sources, operators, matrices, at, like, totals, flowing):
    """Fill the totals that enter the nodes and what flows in all slots, for one slice of bins."""
    window, first, width, bins = at
    for source in range(len(sources)):
        _load(sources[source], channels[source], window, bins, first, width, like, flowing[source])
    for node in range(len(program)):
        op, count, leaving, number, start, fed = program[node]
        slot = len(sources) + node
        total, result = totals[node], flowing[slot]
        _add_up(feeds[start : start + fed], flowing, channels, count, width, total)
        if op == FILTER:
            address, sides = operators[number]
            response = _at(address, (sides, bins), like)
            for c in range(leaving):
                side, entering = min(c, sides - 1), min(c, count - 1)
                factor = response[side, first : first + width]
                for b in range(width):
                    result[c, b] = total[entering, b] * factor[b]
        elif op == MATRIX and count == 2:
            for c in range(2):
                left, right = matrices[number, c, 0], matrices[number, c, 1]
                for b in range(width):
                    result[c, b] = left * total[0, b] + right * total[1, b]
        elif op == MATRIX:
            for c in range(2):
                gain = matrices[number, c, 0] + matrices[number, c, 1]
                for b in range(width):
                    result[c, b] = gain * total[0, b]
        else:
            for c in range(leaving):
                for b in range(width):
                    result[c, b] = total[c, b]


@numba.njit(cache=True, fastmath=True)
def _power(spectrum, count, first, width):
    total = 0.0
    skipped = (-first) % POWER_STRIDE
    for c in range(count):
        for b in range(skipped, width, POWER_STRIDE):
            total += spectrum[c, b].real ** 2 + spectrum[c, b].imag ** 2
    return total / count


@numba.njit(parallel=True, cache=True, fastmath=True, nogil=True)
def forward_kernel(
    program, feeds, channels, sources, operators, matrices, ends, end_feeds, shape, like, powers
):
    """Fill the spectra of the ends, and the powers entering and leaving filters, a row a slab.

    `ends` has a row for each end: address, channels, first feed, feeds.
    """
    windows, bins = shape
    slabs = (bins + SLAB - 1) // SLAB
    for slab in numba.prange(slabs):
        totals = np.empty((len(program), 2, _SLICE), like.dtype)
        flowing = np.empty((len(channels), 2, _SLICE), like.dtype)
        summed = np.empty((2, _SLICE), like.dtype)
        for window in range(windows):
            for first in range(slab * SLAB, min(bins, (slab + 1) * SLAB), _SLICE):
                width = min(_SLICE, bins - first)
                at = (window, first, width, bins)
                _flow(
                    program, feeds, channels, sources, operators, matrices, at, like, totals,
                    flowing,
                )  # fmt: skip
                for node in range(len(program)):
                    op, count, leaving, number = program[node, :4]
                    if op == FILTER:
                        result = flowing[len(sources) + node]
                        powers[slab, 0, number] += _power(totals[node], count, first, width)
                        powers[slab, 1, number] += _power(result, leaving, first, width)
                for end in range(len(ends)):
                    address, count, start, fed = ends[end]
                    _add_up(end_feeds[start : start + fed], flowing, channels, count, width, summed)
                    target = _at(address, (windows, count, bins), like)
                    for c in range(count):
                        target[window, c, first : first + width] = summed[c, :width]


@numba.njit(cache=True, fastmath=True)
def _pass_back(slots, adjoint, channels, count, width, gradient):
    """Add a gradient to those of the slots that were summed; mono takes both channels'."""
    for place in range(len(slots)):
        slot = slots[place]
        for c in range(count):
            side = c if channels[slot] == 2 else 0
            for b in range(width):
                adjoint[slot, side, b] += gradient[c, b]


@numba.njit(cache=True, fastmath=True)
def _filter_back(at, response, total, result, gradient, entering_gradient, powers, out):
    """Turn the gradient of a filter's result into those of its input and its response."""
    window, first, width, _ = at
    count, leaving, sides = entering_gradient.shape[0], gradient.shape[0], response.shape[0]
    one = total.real.dtype.type(1.0)
    skipped = (-first) % POWER_STRIDE
    of_input, of_output = one * powers[0] / count, one * powers[1] / leaving
    for c in range(leaving):
        for b in range(skipped, width, POWER_STRIDE):
            gradient[c, b] += of_output * result[c, b]
    for c in range(leaving):
        side, entering = min(c, sides - 1), min(c, count - 1)
        of_response, factor = (
            out[side, first : first + width],
            response[side, first : first + width],
        )
        if window == 0 and c == side:
            of_response[:] = 0.0
        for b in range(width):
            of_response[b] += np.conj(total[entering, b]) * gradient[c, b]
        for b in range(width):
            entering_gradient[entering, b] += np.conj(factor[b]) * gradient[c, b]
    for c in range(count):
        for b in range(skipped, width, POWER_STRIDE):
            entering_gradient[c, b] += of_input * total[c, b]


@numba.njit(cache=True, fastmath=True)
def _matrix_back(matrix, total, count, width, gradient, entering_gradient, out):
    """Turn the gradient of mixed channels into those of the channels and of the matrix."""
    zero = matrix[0, 0] - matrix[0, 0]
    for c in range(2):
        for source in range(2):
            side = min(source, count - 1)
            weight, correlation = matrix[c, source], zero
            for b in range(width):
                entering_gradient[side, b] += weight * gradient[c, b]
                correlation += (
                    total[side, b].real * gradient[c, b].real
                    + total[side, b].imag * gradient[c, b].imag
                )
            out[c, source] += correlation


@numba.njit(parallel=True, cache=True, fastmath=True, nogil=True)
def backward_kernel(
    program,
    feeds,
    channels,
    sources,
    operators,
    matrices,
    ends,
    end_feeds,
    shape,
    like,
    power_gradients,
    source_gradients,
    operator_gradients,
    matrix_gradients,
):
    """Fill the gradients of sources, responses (by address) and matrices (a row a slab).

    `ends` holds the addresses of the ends' gradients; a source of address 0 wants none. What flowed
    is computed again: that is cheaper than keeping it.
    """
    windows, bins = shape
    slabs = (bins + SLAB - 1) // SLAB
    inputs = len(sources)
    for slab in numba.prange(slabs):
        totals = np.empty((len(program), 2, _SLICE), like.dtype)
        flowing = np.empty((len(channels), 2, _SLICE), like.dtype)
        adjoint = np.empty((len(channels), 2, _SLICE), like.dtype)
        gradient = np.empty((2, _SLICE), like.dtype)
        for window in range(windows):
            for first in range(slab * SLAB, min(bins, (slab + 1) * SLAB), _SLICE):
                width = min(_SLICE, bins - first)
                at = (window, first, width, bins)
                _flow(
                    program, feeds, channels, sources, operators, matrices, at, like, totals,
                    flowing,
                )  # fmt: skip
                adjoint[:] = 0.0
                for end in range(len(ends)):
                    address, count, start, fed = ends[end]
                    _load(address, count, window, bins, first, width, like, gradient)
                    _pass_back(
                        end_feeds[start : start + fed], adjoint, channels, count, width, gradient
                    )
                for node in range(len(program) - 1, -1, -1):
                    op, count, leaving, number, start, fed = program[node]
                    slot = inputs + node
                    if op == SUM:
                        gradient[:] = adjoint[slot]
                    else:
                        gradient[:] = 0.0
                    if op == FILTER:
                        address, sides = operators[number]
                        response = _at(address, (sides, bins), like)
                        out = _at(operator_gradients[number], (sides, bins), like)
                        _filter_back(
                            at, response, totals[node], flowing[slot], adjoint[slot, :leaving],
                            gradient[:count], power_gradients[:, number], out,
                        )  # fmt: skip
                    elif op == MATRIX:
                        _matrix_back(
                            matrices[number], totals[node], count, width, adjoint[slot], gradient,
                            matrix_gradients[slab, number],
                        )  # fmt: skip
                    _pass_back(
                        feeds[start : start + fed], adjoint, channels, count, width, gradient
                    )
                for source in range(inputs):
                    if source_gradients[source] != 0:
                        count = channels[source]
                        target = _at(source_gradients[source], (windows, count, bins), like)
                        for c in range(count):
                            target[window, c, first : first + width] = adjoint[source, c, :width]
