"""Loops of a one-pole smoother with a pole for rising and one for falling; see `dsp.smoothing`."""

from mixtrace.loops import ORDERED, compiled, compiled_with

__all__ = ["backward_kernel", "forward_kernel"]


@compiled_with(ORDERED)
def forward_kernel(begin, end, signal, up, down, before, result):
    """Fill y[n] = a y[n-1] + (1 - a) c[n], a of `up` where c[n] > y[n-1], else of `down`."""
    for row in range(begin, end):
        wanted, out, y = signal[row], result[row], before[row]
        rising, falling = up[row], down[row]
        for n in range(len(wanted)):
            c = wanted[n]
            pole = rising if c > y else falling
            y = pole * y + (wanted.dtype.type(1.0) - pole) * c
            out[n] = y


@compiled
def backward_kernel(begin, end, signal, up, down, before, result, given, of_signal, of_poles):
    """Fill the gradients of the signal, and of both poles and y[-1] of each row."""
    for row in range(begin, end):
        wanted, y, gradient, out = signal[row], result[row], given[row], of_signal[row]
        one, zero = wanted.dtype.type(1.0), wanted.dtype.type(0.0)
        carry, of_up, of_down = zero, zero, zero
        for n in range(len(wanted) - 1, -1, -1):
            earlier = y[n - 1] if n > 0 else before[row]
            adjoint = gradient[n] + carry
            step = earlier - wanted[n]
            if step < zero:
                pole = up[row]
                of_up += adjoint * step
            else:
                pole = down[row]
                of_down += adjoint * step
            out[n] = (one - pole) * adjoint
            carry = pole * adjoint
        of_poles[row, 0], of_poles[row, 1], of_poles[row, 2] = of_up, of_down, carry
