"""The largest of the latest samples, at each sample, and its gradient; for loops that are compiled.

Source: van Herk, Pattern Recognition Letters 13, 1992: the samples are cut into runs as long as the
window. A window reaches over two of them, and its maximum is the larger of the one's from there to
its end and of the other's from its beginning to here.
"""

from mixtrace.loops import ORDERED, inlined, inlined_with

__all__ = ["running_maximum", "running_maximum_gradient"]


@inlined_with(ORDERED)
def running_maximum(values, hold, ends, result):
    """Fill result[p] with the largest of values[p] to values[p + hold], none of them negative.

    `ends` is room for hold + 2 numbers.
    """
    length, run = len(values), hold + 1
    if hold == 0:
        result[:] = values
        return
    zero = values.dtype.type(0.0)
    for first in range(0, length, run):
        last = min(length, first + run)
        largest = zero
        if first > 0:
            for t in range(last - first):
                largest = max(largest, values[first + t])
                result[first + t - hold] = max(largest, ends[t + 1])
        largest = zero
        ends[run] = zero
        for t in range(last - first - 1, -1, -1):
            largest = max(largest, values[first + t])
            ends[t] = largest
        if first == 0:
            result[0] = largest


@inlined
def running_maximum_gradient(values, hold, result, of_result, of_values):
    """Add the gradient of each maximum to that of the sample that it is.

    From the end, windows that share a maximum come one after the other. It is looked for where it
    was, at the window's two ends, and only then between them, which is rare: all in all each sample
    is looked at a few times.
    """
    zero = values.dtype.type(0.0)
    at = -1
    for p in range(len(result) - 1, -1, -1):
        given, largest = of_result[p], result[p]
        if given == zero:
            continue
        if at < p or at > p + hold or values[at] != largest:
            at = p + hold
            if values[at] != largest:
                at = p
            if values[at] != largest:
                at = p + hold
                while at > p and values[at] != largest:
                    at -= 1
        of_values[at] += given
