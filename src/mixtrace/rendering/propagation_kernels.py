"""Compiled loops that carry spectra through linear nodes; what they compute is in `propagation`.

A program is a table with a row for each node, `op, total channels, channels, operator, first feed,
feeds`, and a list of the slots that feed the nodes: the sources come first, then the nodes. Spectra
are read and written where they lie, given by their addresses, in slices of a few bins that fit
into the cache; slabs of slices run in parallel. What a slot or a total holds is known by the
addresses of its two channels: those of mono are one, and what is merely handed on is not copied.
"""

from typing import Any

import numpy as np
from numba import carray  # pyright: ignore[reportPrivateImportUsage]
from numba.core import types
from numba.extending import intrinsic

from mixtrace.loops import compiled, inlined

__all__ = ["FILTER", "MATRIX", "POWER_STRIDE", "SLAB", "SUM", "backward_kernel", "forward_kernel"]

SUM, FILTER, MATRIX = 0, 1, 2
SLAB = 1024
"""Bins that are handled by one core in a row."""
POWER_STRIDE = 16
"""Every sixteenth bin counts in the power of what passes a filter."""

_SLICE = 512


def _typed_pointer(typingctx, address, like):
    """Return an integer address as a pointer to elements of an array's type."""
    pointer = types.CPointer(like.dtype)

    def generate(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], context.get_value_type(pointer))

    return pointer(address, like), generate


_pointer: Any = intrinsic(_typed_pointer)


@inlined
def _at(address, shape, like):
    """Return the array of a shape and of an array's type that lies at an address."""
    return carray(_pointer(address, like), shape)


@inlined
def _sum(slots, places, side, width, like, target):
    """Write the sum of one channel of the slots to an address."""
    total, one = _at(target, width, like), _at(places[slots[0], side], width, like)
    if len(slots) == 1:
        for b in range(width):
            total[b] = one[b]
        return
    two = _at(places[slots[1], side], width, like)
    for b in range(width):
        total[b] = one[b] + two[b]
    for place in range(2, len(slots)):
        more = _at(places[slots[place], side], width, like)
        for b in range(width):
            total[b] += more[b]


@inlined
def _multiply(x, factor, width, like, target):
    spectrum, response = _at(x, width, like), _at(factor, width, like)
    result = _at(target, width, like)
    for b in range(width):
        result[b] = spectrum[b] * response[b]


@inlined
def _multiply_both(x, factors, width, like, target):
    """Write the sum of two channels, or of mono taken as both, each filtered, to an address."""
    one, two = _at(x[0], width, like), _at(x[1], width, like)
    left, right = _at(factors[0], width, like), _at(factors[1], width, like)
    result = _at(target, width, like)
    for b in range(width):
        result[b] = one[b] * left[b] + two[b] * right[b]


@inlined
def _mix(x, weights, width, like, target):
    """Write a weighted sum of two channels, or of mono taken as both, to an address."""
    result, one = _at(target, width, like), _at(x[0], width, like)
    left, right = weights
    if x[0] == x[1]:
        gain = left + right
        for b in range(width):
            result[b] = gain * one[b]
    else:
        two = _at(x[1], width, like)
        for b in range(width):
            result[b] = left * one[b] + right * two[b]


@inlined
def _flow(program, feeds, channels, sources, operators, matrices, at, like, room, totals, places):
    """Find or compute, for one slice of bins, the totals that enter the nodes and what slots hold.

    `room` [node, total or result, channel, bin] is for what has to be computed; the addresses of
    what enters each node go to `totals` and of what flows in each slot to `places`, [.., channel].
    """
    window, first, width, bins = at
    inputs, item = len(sources), like.itemsize
    for source in range(inputs):
        count = channels[source]
        for c in range(2):
            row = window * count + min(c, count - 1)
            places[source, c] = sources[source] + (row * bins + first) * item
    for node in range(len(program)):
        op, count, leaving, number, start, fed = program[node]
        slots, total, place = feeds[start : start + fed], totals[node], places[inputs + node]
        own = room.ctypes.data + node * room[0].size * item
        for c in range(2):
            if fed == 1:
                total[c] = places[slots[0], c]
            elif c < count:
                total[c] = own + c * _SLICE * item
                _sum(slots, places, c, width, like, total[c])
            else:
                total[c] = total[0]
        for c in range(2):
            if op == SUM:
                place[c] = total[c]
                continue
            place[c] = own + (2 + min(c, leaving - 1)) * _SLICE * item
            if c >= leaving:
                continue
            if op == FILTER:
                address, rows = operators[number]
                if rows == 4:
                    left = address + (2 * c * bins + first) * item
                    _multiply_both(total, (left, left + bins * item), width, like, place[c])
                else:
                    factor = address + (min(c, rows - 1) * bins + first) * item
                    _multiply(total[c], factor, width, like, place[c])
            else:
                _mix(total, matrices[number, c], width, like, place[c])


@inlined
def _power(places, count, first, width, like):
    total = 0.0
    skipped = (-first) % POWER_STRIDE
    for c in range(count):
        spectrum = _at(places[c], width, like)
        for b in range(skipped, width, POWER_STRIDE):
            total += spectrum[b].real ** 2 + spectrum[b].imag ** 2
    return total / count


@compiled
def forward_kernel(
    begin, end, program, feeds, channels, sources, operators, matrices, ends, end_feeds, shape,
    like, powers,
):  # fmt: skip
    """Fill the spectra of the ends, and the powers entering and leaving filters, a row a slab.

    `ends` has a row for each end: address, channels, first feed, feeds. Empty `powers` stay so.
    """
    windows, bins = shape
    inputs = len(sources)
    room = np.empty((len(program), 4, _SLICE), like.dtype)
    totals = np.empty((len(program), 2), np.int64)
    places = np.empty((len(channels), 2), np.int64)
    for slab in range(begin, end):
        for window in range(windows):
            for first in range(slab * SLAB, min(bins, (slab + 1) * SLAB), _SLICE):
                width = min(_SLICE, bins - first)
                at = (window, first, width, bins)
                _flow(
                    program, feeds, channels, sources, operators, matrices, at, like, room, totals,
                    places,
                )  # fmt: skip
                for node in range(len(program) if powers.size else 0):
                    op, count, leaving, number = program[node, :4]
                    if op == FILTER:
                        into, out = totals[node], places[inputs + node]
                        powers[slab, 0, number] += _power(into, count, first, width, like)
                        powers[slab, 1, number] += _power(out, leaving, first, width, like)
                for end in range(len(ends)):
                    address, count, start, fed = ends[end]
                    slots = end_feeds[start : start + fed]
                    for c in range(count):
                        target = address + ((window * count + c) * bins + first) * like.itemsize
                        _sum(slots, places, c, width, like, target)


@inlined
def _pass_back(slots, adjoint, channels, count, width, gradient):
    """Add a gradient to those of the slots that were summed; mono takes both channels'."""
    for place in range(len(slots)):
        slot = slots[place]
        for c in range(count):
            side = c if channels[slot] == 2 else 0
            for b in range(width):
                adjoint[slot, side, b] += gradient[c, b]


@inlined
def _filter_back(at, response, totals, results, gradient, entering_gradient, powers, out):
    """Turn the gradient of a filter's result into those of its input and its response."""
    window, first, width, _ = at
    count, leaving, rows = entering_gradient.shape[0], gradient.shape[0], response.shape[0]
    ways = 2 if rows == 4 else 1
    one = response.real.dtype.type(1.0)
    skipped = (-first) % POWER_STRIDE
    of_input, of_output = one * powers[0] / count, one * powers[1] / leaving
    for c in range(leaving):
        result = _at(results[c], width, response)
        for b in range(skipped, width, POWER_STRIDE):
            gradient[c, b] += of_output * result[b]
    for c in range(leaving):
        for d in range(ways):
            row, entering = min(c, rows - 1), min(c, count - 1)
            if ways == 2:
                row, entering = 2 * c + d, min(d, count - 1)
            of_response, factor = (
                out[row, first : first + width],
                response[row, first : first + width],
            )
            if window == 0 and (ways == 2 or c == row):
                of_response[:] = 0.0
            total = _at(totals[entering], width, response)
            for b in range(width):
                of_response[b] += np.conj(total[b]) * gradient[c, b]
            for b in range(width):
                entering_gradient[entering, b] += np.conj(factor[b]) * gradient[c, b]
    for c in range(count):
        total = _at(totals[c], width, response)
        for b in range(skipped, width, POWER_STRIDE):
            entering_gradient[c, b] += of_input * total[b]


@inlined
def _matrix_back(matrix, totals, count, width, gradient, entering_gradient, out):
    """Turn the gradient of mixed channels into those of the channels and of the matrix."""
    zero = matrix[0, 0] - matrix[0, 0]
    for c in range(2):
        for source in range(2):
            side = min(source, count - 1)
            weight, correlation = matrix[c, source], zero
            total = _at(totals[side], width, gradient)
            for b in range(width):
                entering_gradient[side, b] += weight * gradient[c, b]
                correlation += (
                    total[b].real * gradient[c, b].real + total[b].imag * gradient[c, b].imag
                )
            out[c, source] += correlation


@compiled
def backward_kernel(
    begin,
    end,
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
    inputs = len(sources)
    room = np.empty((len(program), 4, _SLICE), like.dtype)
    totals = np.empty((len(program), 2), np.int64)
    places = np.empty((len(channels), 2), np.int64)
    adjoint = np.empty((len(channels), 2, _SLICE), like.dtype)
    gradient = np.empty((2, _SLICE), like.dtype)
    for slab in range(begin, end):
        for window in range(windows):
            for first in range(slab * SLAB, min(bins, (slab + 1) * SLAB), _SLICE):
                width = min(_SLICE, bins - first)
                at = (window, first, width, bins)
                _flow(
                    program, feeds, channels, sources, operators, matrices, at, like, room, totals,
                    places,
                )  # fmt: skip
                adjoint[:] = 0.0
                for end in range(len(ends)):
                    address, count, start, fed = ends[end]
                    of_end = _at(address, (windows, count, bins), like)[window]
                    _pass_back(
                        end_feeds[start : start + fed], adjoint, channels, count, width,
                        of_end[:, first : first + width],
                    )  # fmt: skip
                for node in range(len(program) - 1, -1, -1):
                    op, count, leaving, number, start, fed = program[node]
                    slot = inputs + node
                    if op == SUM:
                        gradient[:] = adjoint[slot]
                    else:
                        gradient[:] = 0.0
                    if op == FILTER:
                        address, rows = operators[number]
                        response = _at(address, (rows, bins), like)
                        out = _at(operator_gradients[number], (rows, bins), like)
                        _filter_back(
                            at, response, totals[node], places[slot], adjoint[slot, :leaving],
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
