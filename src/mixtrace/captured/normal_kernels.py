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
    in the bins, before them real and imaginary part: loops over either alone are twice as fast.
    """
    outputs, inputs, _, bins = vectors.shape
    for tile in range(begin, end):
        first, last = tile * TILE, min((tile + 1) * TILE, bins)
        for o in range(outputs):
            for k in range(inputs):
                products[o, k, :, first:last] = np.float32(0.0)
        row = 0
        for k in range(inputs):
            for other in range(k):
                re, im = lower[row + other, 0, first:last], lower[row + other, 1, first:last]
                for o in range(outputs):
                    to_k, to_other = products[o, k], products[o, other]
                    from_k, from_other = vectors[o, k], vectors[o, other]
                    k_re, k_im = to_k[0, first:last], to_k[1, first:last]
                    other_re, other_im = to_other[0, first:last], to_other[1, first:last]
                    x_re, x_im = from_k[0, first:last], from_k[1, first:last]
                    y_re, y_im = from_other[0, first:last], from_other[1, first:last]
                    for b in range(last - first):
                        k_re[b] += re[b] * y_re[b] - im[b] * y_im[b]
                        k_im[b] += re[b] * y_im[b] + im[b] * y_re[b]
                        other_re[b] += re[b] * x_re[b] + im[b] * x_im[b]
                        other_im[b] += re[b] * x_im[b] - im[b] * x_re[b]
            diagonal = lower[row + k, 0, first:last]
            for o in range(outputs):
                for side in range(2):
                    to_k, from_k = products[o, k, side], vectors[o, k, side]
                    for b in range(first, last):
                        to_k[b] += diagonal[b - first] * from_k[b]
            row += k + 1
