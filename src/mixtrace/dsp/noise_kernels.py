"""Compiled loops of decaying noise; equations and names in `dsp/noise.py`."""

from mixtrace.dsp.elementary_kernels import fast_exp
from mixtrace.loops import compiled

__all__ = ["decay_backward", "decay_forward", "overlap_backward", "overlap_forward"]


@compiled
def decay_forward(begin, end, noise, initial, decay, spectra):
    """Fill `spectra` [node, channel, frame, bin] with noise [channel, frame, bin] that decays."""
    _, channels, frames, bins = spectra.shape
    number = initial.dtype.type
    for row in range(begin, end):
        node, c = row // channels, row % channels
        start, fall = initial[node, c], decay[node, c]
        for frame in range(frames):
            at = number(frame)
            source, target = noise[c, frame], spectra[node, c, frame]
            for b in range(bins):
                target[b] = source[b] * fast_exp(start[b] + at * fall[b])


@compiled
def decay_backward(begin, end, noise, initial, decay, gradient, of_initial, of_decay):
    """Add to the gradients of the initial level and the decay; they begin at zero."""
    _, channels, frames, bins = gradient.shape
    number = initial.dtype.type
    for row in range(begin, end):
        node, c = row // channels, row % channels
        start, fall = initial[node, c], decay[node, c]
        to_start, to_fall = of_initial[node, c], of_decay[node, c]
        for frame in range(frames):
            at = number(frame)
            source, given = noise[c, frame], gradient[node, c, frame]
            for b in range(bins):
                product = source[b].real * given[b].real + source[b].imag * given[b].imag
                change = number(product) * fast_exp(start[b] + at * fall[b])
                to_start[b] += change
                to_fall[b] += at * change


@compiled
def overlap_forward(begin, end, frames, early, late, last, signal):
    """Add the second half of each frame under `late` to the first half of the next under `early`.

    Behind the last frame its own second half stands alone, under `last`.
    """
    _, count, length = frames.shape
    hop, time = length // 2, signal.shape[1]
    for row in range(begin, end):
        for frame in range(count - 1):
            before, after = frames[row, frame, hop:], frames[row, frame + 1, :hop]
            first = frame * hop
            target = signal[row, first : min(first + hop, time)]
            for t in range(len(target)):
                target[t] = before[t] * late[t] + after[t] * early[t]
        first = (count - 1) * hop
        for t in range(min(time - first, hop)):
            signal[row, first + t] = frames[row, count - 1, hop + t] * last[t]


@compiled
def overlap_backward(begin, end, gradient, early, late, last, frames):
    """Fill the gradient of the frames from that of the signal."""
    _, count, length = frames.shape
    hop, time = length // 2, gradient.shape[1]
    zero = gradient.dtype.type(0.0)
    for row in range(begin, end):
        for t in range(hop):
            frames[row, 0, t] = zero
        for frame in range(count):
            first = frame * hop
            given = gradient[row, first : min(first + hop, time)]
            window = late if frame < count - 1 else last
            before = frames[row, frame, hop:]
            for t in range(len(given)):
                before[t] = given[t] * window[t]
            before[len(given) :] = zero
            if frame < count - 1:
                after = frames[row, frame + 1, :hop]
                for t in range(len(given)):
                    after[t] = given[t] * early[t]
                after[len(given) :] = zero
