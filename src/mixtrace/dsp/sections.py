"""Second-order sections of equalizers: passes, shelves and bells without cramping near Nyquist.

A section is a row (b0, b1, b2, 1, a1, a2) as in scipy.signal's "sos", always in float64: at 20 Hz
the denominator's coefficients sum to a millionth of each. `dsp/matching.py` tells how it is matched
to its analogue curve.

A cut is the inverse of the boost, so a curve and its mirror cancel. At 0 dB a shelf or bell is the
identity, and differentiable through it. A pass has no such point: taking it out is a discrete
choice, see `switched`.

Largest error against the analogue curve, up to .9 of the Nyquist frequency, at 30, 44.1, 48 and
96 kHz, dialled to 20 Hz to 18 kHz (low-passes from 100 Hz):

    bells, up to 18 dB, Q .3 to 10          .25 dB
    shelves, up to 18 dB, Q .5 to 1         .3 dB
    low-pass 6, 12 and 24 dB per octave     .15, .2 and .4 dB
    high-pass 6, 12 and 24 dB per octave    .05 (up to 2 kHz), .2 and .5 dB

Above .9 of the Nyquist frequency nothing is promised.
"""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mixtrace.dsp.matching import Quadratic, matched_section

__all__ = [
    "bell_sections",
    "high_pass_sections",
    "high_shelf_sections",
    "low_pass_sections",
    "low_shelf_sections",
    "switched",
]

BUTTERWORTH_QS = {
    12: (math.sqrt(0.5),),
    24: (0.5 / math.cos(math.pi / 8.0), 0.5 / math.sin(math.pi / 8.0)),
}
"""Slope in dB per octave -> the Q of each section."""


def bell_sections(
    frequency_hz: Float[Tensor, "*batch"],
    gain_db: Float[Tensor, "*batch"],
    q: Float[Tensor, "*batch"],
    sample_rate_hz: float,
) -> Float[Tensor, "*batch 6"]:
    """Return a peaking section for each centre frequency, gain there, and Q.

    H(s) = (s² + s A / Q + 1) / (s² + s / (A Q) + 1), A = 10^(gain / 40): the bell of the "Audio EQ
    Cookbook" (Bristow-Johnson), whose Q is that of the half gain in dB.
    """
    frequency_hz, boost, q = frequency_hz.double(), _boost(gain_db), q.double()
    one = torch.ones_like(q)
    section = matched_section(
        Quadratic(one, boost / q, one),
        Quadratic(one, 1.0 / (boost * q), one),
        2.0 * math.pi / sample_rate_hz * frequency_hz,
    )
    return _turned_down(section, gain_db)


def high_shelf_sections(
    frequency_hz: Float[Tensor, "*batch"],
    gain_db: Float[Tensor, "*batch"],
    q: Float[Tensor, "*batch"],
    sample_rate_hz: float,
) -> Float[Tensor, "*batch 6"]:
    """Return a high shelf for each frequency of half the gain in dB, gain far above, and Q.

    H(s) = A (A s² + s √A / Q + 1) / (s² + s √A / Q + A), A = 10^(gain / 40), as in the cookbook.
    """
    frequency_hz, boost, q = frequency_hz.double(), _boost(gain_db), q.double()
    one, root = torch.ones_like(q), boost.sqrt()
    section = matched_section(
        Quadratic(one, root / q, boost),
        Quadratic(one, 1.0 / (root * q), 1.0 / boost),
        2.0 * math.pi / sample_rate_hz * frequency_hz,
    )
    return _turned_down(section, gain_db)


def low_shelf_sections(
    frequency_hz: Float[Tensor, "*batch"],
    gain_db: Float[Tensor, "*batch"],
    q: Float[Tensor, "*batch"],
    sample_rate_hz: float,
) -> Float[Tensor, "*batch 6"]:
    """Return a low shelf for each frequency of half the gain in dB, gain at 0 Hz, and Q.

    H(s) = A (s² + s √A / Q + A) / (A s² + s √A / Q + 1), A = 10^(gain / 40), as in the cookbook.
    """
    frequency_hz, boost, q = frequency_hz.double(), _boost(gain_db), q.double()
    one, root = torch.ones_like(q), boost.sqrt()
    section = matched_section(
        Quadratic(one, 1.0 / (root * q), 1.0 / boost),
        Quadratic(one, root / q, boost),
        2.0 * math.pi / sample_rate_hz * frequency_hz,
    )
    level = boost.square()[..., None]
    section = torch.cat([section[..., :3] * level, section[..., 3:]], -1)
    return _turned_down(section, gain_db)


def low_pass_sections(
    frequency_hz: Float[Tensor, "*batch"], slope_db_per_octave: int, sample_rate_hz: float
) -> Float[Tensor, "*batch section 6"]:
    """Return the one or two sections of Butterworth low-passes.

    1 / (s + 1) of 6 dB per octave is matched as (t s + 1) / ((s + 1) (t s + 1)): a pole and a zero
    at the Nyquist frequency leave it as it is, and give the match something to move.

    Args:
        frequency_hz: where the gain is -3 dB.
        slope_db_per_octave: 6, 12 or 24.
        sample_rate_hz: rate of the audio.
    """
    if slope_db_per_octave == 6:
        radians = 2.0 * math.pi / sample_rate_hz * frequency_hz.double()[..., None]
        one, nyquist = torch.ones_like(radians), radians / math.pi
        numerator = Quadratic(one, nyquist, torch.zeros_like(one))
        return matched_section(numerator, Quadratic(one, one + nyquist, nyquist), radians)
    radians, one, inverse_q = _butterworth(frequency_hz, slope_db_per_octave, sample_rate_hz)
    zero = torch.zeros_like(one)
    return matched_section(Quadratic(one, zero, zero), Quadratic(one, inverse_q, one), radians)


def high_pass_sections(
    frequency_hz: Float[Tensor, "*batch"], slope_db_per_octave: int, sample_rate_hz: float
) -> Float[Tensor, "*batch section 6"]:
    """Return the one or two sections of Butterworth high-passes; arguments as for low-passes.

    s / (s + 1) of 6 dB per octave has its zero at 0 Hz, its pole at exp(-w), w in radians a sample,
    and its analogue gain at the Nyquist frequency.
    """
    if slope_db_per_octave == 6:
        radians = 2.0 * math.pi / sample_rate_hz * frequency_hz.double()[..., None]
        pole, zero = torch.exp(-radians), torch.zeros_like(radians)
        gain = 0.5 * (1.0 + pole) / (1.0 + (radians / math.pi).square()).sqrt()
        return torch.stack([gain, -gain, zero, zero + 1.0, -pole, zero], -1)
    radians, one, inverse_q = _butterworth(frequency_hz, slope_db_per_octave, sample_rate_hz)
    numerator = Quadratic(torch.zeros_like(one), torch.zeros_like(one), one)
    return matched_section(numerator, Quadratic(one, inverse_q, one), radians, blocks=True)


def switched(
    sections: Float[Tensor, "*batch 6"], active: Bool[Tensor, "*batch"]
) -> Float[Tensor, "*batch 6"]:
    """Return the sections with those that are not active replaced by the identity."""
    identity = sections.new_tensor([1.0, 0.0, 0.0, 1.0, 0.0, 0.0])
    return torch.where(active[..., None], sections, identity)


def _butterworth(
    frequency_hz: Tensor, slope_db_per_octave: int, sample_rate_hz: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Return radians a sample, ones, and 1 / Q of every section, each [*batch, section]."""
    qs = torch.tensor(BUTTERWORTH_QS[slope_db_per_octave], dtype=torch.float64)
    inverse_q = (1.0 / qs).to(frequency_hz.device).expand(*frequency_hz.shape, -1)
    radians = 2.0 * math.pi / sample_rate_hz * frequency_hz.double()[..., None]
    return radians.expand_as(inverse_q), torch.ones_like(inverse_q), inverse_q


def _boost(gain_db: Tensor) -> Tensor:
    """Return 10^(|gain| / 40); at 0 dB the slope is that of a boost, not zero."""
    gain_db = gain_db.double()
    return 10.0 ** (torch.where(gain_db < 0.0, -gain_db, gain_db) / 40.0)


def _turned_down(section: Tensor, gain_db: Tensor) -> Tensor:
    """Return the section, or its inverse where the gain is negative."""
    upper, lower = section[..., :3], section[..., 3:]
    inverse = torch.cat([lower, upper], -1) / upper[..., :1]
    return torch.where(gain_db[..., None] < 0.0, inverse, section)
