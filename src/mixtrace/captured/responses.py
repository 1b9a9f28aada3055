"""Impulse responses of all tracks at once: least squares with a ridge that the song asks for.

The ridge is empirical Bayes: a first solve under a plain prior tells, for every track and lag, how
much energy stands out of the noise; tap energy v under white noise s2 asks for the ridge s2 / v.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mixtrace.captured.channels import Signals, channels_of
from mixtrace.captured.correlations import add_products, no_products
from mixtrace.captured.equations import HeldOut, Toeplitz, solve
from mixtrace.captured.filtering import Filters

__all__ = ["Solution", "Turns", "apply_responses", "read_responses", "solution_of"]

_PLAIN_RIDGE = 1e-3
_FALL_S = 2.5  # a first guess of a reverb: 60 dB in this time
_DIRECT_S = 0.01
_NOISE_FACTOR = 2.0  # energy below twice the expected noise is none
_LEAST = 0.3  # of the noise: what a tap without energy may have all the same
_EXACT_TURNS = 6  # from what is nearly right: only seams have to be mended
_BETWEEN = 10.0  # times the plain ridge: between it and what songs ask for
_SILENT = 1e-9  # of the strongest input's energy: an input with less gets no response


@dataclass(frozen=True)
class Turns:
    """The most turns of conjugate gradients.

    Attributes:
        plain: under the plain prior.
        sure: under the ridge that the song asks for.
        eased_alike: whether all have one preconditioner, that of the first solve: to make it costs
            as many turns as it then has.
    """

    plain: int = 25
    sure: int = 20
    eased_alike: bool = False


@dataclass(frozen=True, eq=False)
class Solution:
    """Responses and what they were found with.

    Attributes:
        plain: the responses under the plain prior.
        found: those under the ridge that the song asks for.
        ridge: that ridge.
        easing: the preconditioner for it.
    """

    plain: Float[Tensor, "output input taps"]
    found: Float[Tensor, "output input taps"]
    ridge: Float[Tensor, "output input taps"]
    easing: Callable[[Tensor], Tensor]

    @classmethod
    def near(
        cls, plain: Float[Tensor, "output input taps"], found: Float[Tensor, "output input taps"]
    ) -> "Solution":
        """Return responses to start another solve from, without what they were found with."""
        return cls(plain, found, torch.zeros_like(found), torch.clone)

    def mended(
        self, dry: Signals, wet: Signals, heard: Bool[Tensor, " time"], lead: int
    ) -> "Solution":
        """Return the solution with the seams of what is held out counted exactly."""
        exact = HeldOut.of(dry, wet, heard, self.found.shape[-1], lead)
        return replace(self, found=solve(exact, self.ridge, self.easing, _EXACT_TURNS, self.found))


def solution_of(
    equations: Toeplitz,
    samples: int,
    lead: int,
    sample_rate_hz: int,
    turns: Turns,
    start: Solution | None = None,
) -> Solution:
    """Return the responses that solve equations.

    Args:
        equations: of tracks and mix.
        samples: how many of each output count.
        lead: taps before time zero.
        sample_rate_hz: the rate.
        turns: how many at most.
        start: a solution near the one looked for; None for none.
    """
    outputs, _, taps = equations.wanted.shape
    power = equations.power.clamp(min=_SILENT * float(equations.power.max()))[None, :, None]
    ridge = _plain_ridge(power, outputs, taps, lead, sample_rate_hz)
    near = None if start is None else _at_length(start.plain, taps)
    if turns.eased_alike:
        easing = equations.easing(_BETWEEN * ridge) if start is None else start.easing
    else:
        easing = equations.easing(ridge)
    plain = solve(equations, ridge, easing, turns.plain, near)
    noise = equations.left(plain) / (outputs * samples) / power
    energy = _smoothed(plain.square(), lead, sample_rate_hz)
    signal = (energy - _NOISE_FACTOR * noise).clamp(min=0) + _LEAST * noise
    ridge = noise * power / signal
    if not turns.eased_alike:
        easing = equations.easing(ridge)
    near = plain if start is None else _at_length(start.found, taps, plain)
    found = solve(equations, ridge, easing, turns.sure, near)
    return Solution(plain, found, ridge, easing)


def read_responses(
    dry: Signals,
    wet: Signals,
    taps: int,
    lead: int,
    sample_rate_hz: int,
    *,
    heard: Bool[Tensor, " time"] | None = None,
) -> Float[Tensor, "output input taps"]:
    """Return the responses from whitened tracks to the whitened mix.

    Args:
        dry: whitened channels of tracks, none of them silent where it is heard.
        wet: the mix, whitened alike.
        taps: length of the responses, even.
        lead: how many of them lie before time zero.
        sample_rate_hz: the rate.
        heard: which samples count; None for all.
    """
    products = no_products(len(dry) + len(wet), taps)
    add_products(products, dry, wet, heard, heard)
    equations = Toeplitz.of(products, len(dry), lead, taps)
    samples = channels_of(dry).time if heard is None else int(heard.sum())
    solution = solution_of(equations, samples, lead, sample_rate_hz, Turns())
    return (solution if heard is None else solution.mended(dry, wet, heard, lead)).found


def apply_responses(
    responses: Float[Tensor, "output input taps"], dry: Signals, lead: int
) -> Float[Tensor, "output time"]:
    """Return the sum of what all inputs give to each output, as long as the inputs."""
    dry = channels_of(dry)
    return Filters.of(responses, lead).summed(dry, 0, dry.time)


def _at_length(
    responses: Float[Tensor, "output input _taps"],
    taps: int,
    longer: Float[Tensor, "output input taps"] | None = None,
) -> Float[Tensor, "output input taps"]:
    """Return responses cut, or followed by silence or by what longer ones have there."""
    known = min(taps, responses.shape[-1])
    found = torch.zeros((*responses.shape[:2], taps)) if longer is None else longer.clone()
    found[..., :known] = responses[..., :known]
    return found


def _plain_ridge(
    power: Float[Tensor, "1 input 1"], outputs: int, taps: int, lead: int, sample_rate_hz: int
) -> Float[Tensor, "output input taps"]:
    """Return a ridge that rises as a reverb falls, and steeply before time zero."""
    time_s = (torch.arange(taps) - lead) / sample_rate_hz
    shape = 10 ** (6 * time_s.clamp(min=0) / _FALL_S)
    shape = torch.where((time_s >= 0) & (time_s < _DIRECT_S), 0.1 * shape, shape)
    shape = torch.where(time_s < 0, 10 ** (-2 * time_s * sample_rate_hz / max(lead, 1)), shape)
    return _PLAIN_RIDGE * (power * shape).expand(outputs, -1, -1)


def _smoothed(energy: Tensor, lead: int, sample_rate_hz: int) -> Tensor:
    """Return the mean of energy around each tap, over a tenth of its distance from time zero."""
    taps = energy.shape[-1]
    total = torch.nn.functional.pad(energy.double().cumsum(-1), (1, 0))
    place = torch.arange(taps)
    reach = (0.1 * (place - lead).abs()).clamp(5e-4 * sample_rate_hz, 0.03 * sample_rate_hz).long()
    first, last = (place - reach).clamp(min=0), (place + reach + 1).clamp(max=taps)
    return ((total[..., last] - total[..., first]) / (last - first)).float()
