"""The compiled loop of lines between knots; see `lines`."""

from mixtrace.loops import compiled

__all__ = ["forms_kernel"]


@compiled
def forms_kernel(begin, end, places, power, own, block_frames, matrix, vector):
    """Add up the quadratic form of each block, for the lines from `begin` to `end`."""
    last = matrix.shape[-1] - 1
    for line in range(begin, end):
        for frame in range(len(power)):
            below = int(places[line, frame])
            above = min(below + 1, last)
            rest = places[line, frame] - below
            share = 1 - rest
            p, o = power[frame], own[frame]
            m = matrix[line, frame // block_frames]
            v = vector[line, frame // block_frames]
            m[below, below] += share * share * p
            m[below, above] += share * rest * p
            m[above, below] += share * rest * p
            m[above, above] += rest * rest * p
            v[below] += share * o
            v[above] += rest * o
