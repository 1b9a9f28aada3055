"""The compiled product of a Hermitian matrix a bin with a vector a bin; see `responses`."""

import numpy as np

from mixtrace.loops import compiled

__all__ = ["TILE", "hermitian_product_kernel"]

TILE = 512
"""Bins that are worked on together: their vectors stay in the nearest cache."""


@compiled
def hermitian_product_kernel(begin, end, lower, vectors, products):
    """Fill products[o, k] = sum over l of A[k, l] vectors[o, l] for the tiles begin to end.

    `lower` holds A[k, l], l <= k, row after row; the upper half is its conjugate. All arrays end
    in the bins.
    """
    outputs, inputs, bins = vectors.shape
    for tile in range(begin, end):
        first, last = tile * TILE, min((tile + 1) * TILE, bins)
        for o in range(outputs):
            for k in range(inputs):
                products[o, k, first:last] = np.complex64(0.0)
        row = 0
        for k in range(inputs):
            for other in range(k):
                entry = lower[row + other, first:last]
                for o in range(outputs):
                    to_k, to_other = products[o, k, first:last], products[o, other, first:last]
                    from_k, from_other = vectors[o, k, first:last], vectors[o, other, first:last]
                    for b in range(last - first):
                        to_k[b] += entry[b] * from_other[b]
                        to_other[b] += np.conj(entry[b]) * from_k[b]
            entry = lower[row + k, first:last]
            for o in range(outputs):
                to_k, from_k = products[o, k, first:last], vectors[o, k, first:last]
                for b in range(last - first):
                    to_k[b] += entry[b] * from_k[b]
            row += k + 1
