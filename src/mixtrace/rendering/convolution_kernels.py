"""The compiled loop of partitioned convolution; what it computes is in `convolution`."""

import numpy as np

from mixtrace.loops import compiled

__all__ = ["SLICE", "add_products"]

SLICE = 1024
"""Bins that are handled in a row: those of all signals fit into the cache together."""


@compiled
def add_products(begin, end, spectra, responses, totals, table):
    """Add products to totals [row, bin] as the table says; begin and end count slices of bins.

    Real and imaginary parts, and an index of 32 bits, are what the compiler vectorises.
    """
    bins = totals.shape[1]
    for place in range(begin, end):
        first, last = place * SLICE, min((place + 1) * SLICE, bins)
        for line in range(len(table)):
            one = spectra[table[line, 0], first:last]
            two = responses[table[line, 1], first:last]
            total = totals[table[line, 2], first:last]
            for b in range(np.int32(last - first)):
                x, y = one[b].real, one[b].imag
                u, v = two[b].real, two[b].imag
                total[b] = complex(total[b].real + x * u - y * v, total[b].imag + x * v + y * u)
