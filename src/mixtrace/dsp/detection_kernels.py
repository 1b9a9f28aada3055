"""Loops that compressors, gates and limiters have in common; equations in `dsp/detection.py`.

They are compiled into the loops of each, and work in place. What a sample becomes does not depend
on where in a block it lies: blocks joined are the whole to the last bit.
"""

import math

from mixtrace.dsp.elementary_kernels import fast_exp, fast_log
from mixtrace.loops import ORDERED, inlined, inlined_with
from mixtrace.units import DB_PER_NEPER, DB_PER_NEPER_OF_ENERGY

__all__ = [
    "BLOCK",
    "ENERGY_FLOOR",
    "LEVEL_DB",
    "NEPERS_PER_DB",
    "apply_gain",
    "branching",
    "decibel_gradient",
    "energies",
    "energy_gradient",
    "gain_gradient",
    "gained_gradient",
    "gains_of",
    "levels",
    "mean_gradient",
    "one_pole",
    "one_pole_gradient",
    "pole_of",
    "slope_of_pole",
]

BLOCK = 512
"""Samples that are worked on together: a few blocks of them lie in the nearest cache."""

ENERGY_FLOOR = 1e-12
"""Added to an energy before its logarithm: silence is -120 dB, and has a gradient."""

LEVEL_DB = DB_PER_NEPER_OF_ENERGY
"""Decibels in one neper of energy."""

NEPERS_PER_DB = 1.0 / DB_PER_NEPER
"""Nepers of amplitude in one decibel of gain."""


@inlined_with(ORDERED)
def pole_of(samples):
    """Return exp(-1 / samples), the pole of a smoother with this time constant; 0 for none."""
    return math.exp(-1.0 / samples) if samples > 0.0 else 0.0


@inlined
def slope_of_pole(samples):
    """Return the derivative of `pole_of`."""
    return math.exp(-1.0 / samples) / (samples * samples) if samples > 0.0 else 0.0


@inlined_with(ORDERED)
def energies(key, first, last, peak, energy):
    """Fill e[t]: the largest square of the channels, or their mean."""
    channels = len(key)
    count = last - first
    side = key[0, first:last]
    for t in range(count):
        energy[t] = side[t] * side[t]
    for c in range(1, channels):
        side = key[c, first:last]
        if peak:
            for t in range(count):
                energy[t] = max(energy[t], side[t] * side[t])
        else:
            for t in range(count):
                energy[t] += side[t] * side[t]
    if channels > 1 and not peak:
        share = energy.dtype.type(1.0 / channels)
        for t in range(count):
            energy[t] *= share


@inlined_with(ORDERED)
def levels(energy, scale, offset, level):
    """Fill the logarithm of energies, times a scale and less an offset."""
    floor = energy.dtype.type(ENERGY_FLOOR)
    for t in range(len(energy)):
        level[t] = fast_log(energy[t] + floor)
    for t in range(len(energy)):
        level[t] = scale * level[t] - offset


@inlined_with(ORDERED)
def one_pole(signal, pole, s):
    """Replace x[t] by s[t] = a s[t-1] + (1 - a) x[t] and return the last one."""
    share = signal.dtype.type(1.0) - pole
    for t in range(len(signal)):
        s = pole * s + share * signal[t]
        signal[t] = s
    return s


@inlined_with(ORDERED)
def branching(signal, attack, release, y):
    """Replace c[t] by y[t] = a y[t-1] + (1 - a) c[t] and return the last one.

    The pole is `attack` where c[t] exceeds y[t-1], else `release`: both are worked out at once, and
    the larger is the one to take where the attack is the faster.
    """
    one = signal.dtype.type(1.0)
    up, down = one - attack, one - release
    if attack <= release:
        for t in range(len(signal)):
            y = max(attack * y + up * signal[t], release * y + down * signal[t])
            signal[t] = y
    else:
        for t in range(len(signal)):
            y = min(attack * y + up * signal[t], release * y + down * signal[t])
            signal[t] = y
    return y


@inlined_with(ORDERED)
def gains_of(reduction, make_up, gain):
    """Fill the gain as a factor, of a reduction and a gain in dB."""
    per_db = reduction.dtype.type(-NEPERS_PER_DB)
    for t in range(len(reduction)):
        gain[t] = fast_exp(per_db * (reduction[t] - make_up))


@inlined_with(ORDERED)
def apply_gain(audio, gain, wet, first, last, output):
    """Fill the output from `first` to `last` of its time: u (1 - w + w g)."""
    one = gain.dtype.type(1.0)
    for c in range(len(audio)):
        side, out = audio[c, first:last], output[c, first:last]
        for t in range(last - first):
            out[t] = side[t] * (one - wet + wet * gain[t])


@inlined
def gain_gradient(audio, gradient, first, last, of_gain):
    """Fill the gradient of the gain, before the weight: the sum of u dy over the channels."""
    side, given = audio[0, first:last], gradient[0, first:last]
    for t in range(last - first):
        of_gain[t] = given[t] * side[t]
    for c in range(1, len(audio)):
        side, given = audio[c, first:last], gradient[c, first:last]
        for t in range(last - first):
            of_gain[t] += given[t] * side[t]


@inlined
def gained_gradient(gradient, gain, wet, first, last, grad_audio):
    """Fill the gradient of the audio that the gain is applied to."""
    one = gain.dtype.type(1.0)
    for c in range(len(gradient)):
        given, out = gradient[c, first:last], grad_audio[c, first:last]
        for t in range(last - first):
            out[t] = given[t] * (one - wet + wet * gain[t])


@inlined
def decibel_gradient(gain, wet, gradient):
    """Replace the gradient of the gain, before the weight, by that of the reduction in dB.

    Returns those of the weight and of a reduction of all samples alike.
    """
    number = gain.dtype.type
    one, per_db = number(1.0), number(-NEPERS_PER_DB)
    of_wet, of_all = number(0.0), number(0.0)
    for t in range(len(gradient)):
        of_wet += gradient[t] * (gain[t] - one)
        gradient[t] *= wet * gain[t] * per_db
        of_all += gradient[t]
    return of_wet, of_all


@inlined
def one_pole_gradient(gradient, poles, carry):
    """Replace dy[t] by l[t] = dy[t] + a[t+1] l[t+1] from the end; `carry` is a[t+1] l[t+1]."""
    for t in range(len(gradient) - 1, -1, -1):
        adjoint = gradient[t] + carry
        gradient[t] = adjoint
        carry = poles[t] * adjoint
    return carry


@inlined
def mean_gradient(signal, earlier, pole, gradient, carry):
    """Replace the gradient of s[t] by that of x[t], through `one_pole`.

    Returns a[t] l[t] at the block's beginning, as above, and the pole's gradient: the sum of
    l[t] (s[t-1] - x[t]), where s[t-1] - x[t] = (s[t-1] - s[t]) / (1 - a). `earlier` is s[-1].
    """
    share = gradient.dtype.type(1.0) - pole
    for t in range(len(gradient) - 1, -1, -1):
        adjoint = gradient[t] + carry
        gradient[t] = adjoint
        carry = pole * adjoint
    of_pole = gradient[0] * (earlier - signal[0])
    gradient[0] *= share
    for t in range(1, len(gradient)):
        of_pole += gradient[t] * (signal[t - 1] - signal[t])
        gradient[t] *= share
    return carry, of_pole / share


@inlined
def energy_gradient(key, first, last, peak, of_energy, grad_key):
    """Add the gradient of the key given that of e[t]; equal channels share what a maximum gets."""
    number = of_energy.dtype.type
    two, one, zero = number(2.0), number(1.0), number(0.0)
    channels = len(key)
    most = zero
    for t in range(last - first):
        most = max(most, abs(of_energy[t]))
    if most == zero:
        return
    if channels == 2 and peak:
        left, right = key[0, first:last], key[1, first:last]
        of_left, of_right = grad_key[0, first:last], grad_key[1, first:last]
        for t in range(last - first):
            a, b = left[t] * left[t], right[t] * right[t]
            share = two if a > b else (one if a == b else zero)
            of_left[t] += share * of_energy[t] * left[t]
            of_right[t] += (two - share) * of_energy[t] * right[t]
    else:
        scale = two if peak else two / number(channels)
        for c in range(channels):
            side, out = key[c, first:last], grad_key[c, first:last]
            for t in range(last - first):
                out[t] += scale * of_energy[t] * side[t]
