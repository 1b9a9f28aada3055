"""The compiled loop of level detectors; see `ballistics`."""

import numpy as np

from mixtrace.loops import compiled

__all__ = ["follow_kernel"]


@compiled
def follow_kernel(begin, end, envelope, attack, release, frame, means):
    """Fill the mean of each detector in each frame, for the detectors from `begin` to `end`.

    s[n] = u[n] + a (s[n-1] - u[n]), a the attack's pole where u[n] is above s[n-1], else the
    release's.
    """
    frames = means.shape[1]
    for detector in range(begin, end):
        rising, falling = attack[detector], release[detector]
        s = envelope.dtype.type(0.0)
        for f in range(frames):
            total = 0.0
            first, last = f * frame, min((f + 1) * frame, len(envelope))
            for t in range(first, last):
                u = envelope[t]
                s = u + (rising if u > s else falling) * (s - u)
                total += s
            means[detector, f] = total / np.float64(max(last - first, 1))
