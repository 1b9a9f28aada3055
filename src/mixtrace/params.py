"""Parameter specifications and the one place where unconstrained values become physical ones.

Gradient descent moves unconstrained values; everything else (processors, files, reports) speaks
physical units. A `Warp` maps one to the other, a `ParamSpec` states a parameter once for all uses.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.units import DB_PER_NEPER

__all__ = [
    "Affine",
    "Between",
    "DecayTime",
    "Exponential",
    "Logistic",
    "ParamSpec",
    "PoleTime",
    "TapPosition",
    "Warp",
]

_INSIDE = 1e-6
"""How far inverse warps stay from the ends of a range, where unconstrained values are infinite."""

_OFF_CENTRE = 1e-12
"""Keeps a tap off the centre of its plane, where it has no angle and its gradient is not finite."""


class Warp(ABC):
    """A smooth map from an unconstrained value z to a physical value, and its inverse."""

    @abstractmethod
    def physical(self, z: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Return the physical values of unconstrained ones."""

    @abstractmethod
    def unconstrained(self, value: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Return the unconstrained values of physical ones."""


@dataclass(frozen=True)
class Affine(Warp):
    """physical = offset + scale z."""

    scale: float
    offset: float = 0.0

    def physical(self, z: Tensor) -> Tensor:
        """Return offset + scale z."""
        return self.offset + self.scale * z

    def unconstrained(self, value: Tensor) -> Tensor:
        """Return (value - offset) / scale."""
        return (value - self.offset) / self.scale


@dataclass(frozen=True)
class Exponential(Warp):
    """physical = offset + scale exp(z): never below the offset."""

    scale: float
    offset: float = 0.0

    def physical(self, z: Tensor) -> Tensor:
        """Return offset + scale exp(z)."""
        return self.offset + self.scale * torch.exp(z)

    def unconstrained(self, value: Tensor) -> Tensor:
        """Return log((value - offset) / scale), finite at the offset."""
        return torch.log(((value - self.offset) / self.scale).clamp_min(_INSIDE))


@dataclass(frozen=True)
class Logistic(Warp):
    """physical = scale sigmoid(z): between zero and the scale."""

    scale: float

    def physical(self, z: Tensor) -> Tensor:
        """Return scale sigmoid(z)."""
        return self.scale * torch.sigmoid(z)

    def unconstrained(self, value: Tensor) -> Tensor:
        """Return logit(value / scale), finite at both ends."""
        return torch.logit(value / self.scale, eps=_INSIDE)


@dataclass(frozen=True)
class Between(Warp):
    """physical = low (high / low)^sigmoid(z): between two positive ends, their geometric mean at 0.

    A step of z moves it by a ratio, as one turns frequencies and times. The sigmoid is stretched by
    a millionth at either end, so that the ends can be reached.
    """

    low: float
    high: float

    @property
    def _nepers(self) -> float:
        return math.log(self.high / self.low) / (1.0 - 2.0 * _INSIDE)

    @property
    def _middle(self) -> float:
        return math.sqrt(self.low * self.high)

    def physical(self, z: Tensor) -> Tensor:
        """Return the geometric mean times (high / low)^(sigmoid(z) - 1/2)."""
        return self._middle * torch.exp(self._nepers * (torch.sigmoid(z) - 0.5))

    def unconstrained(self, value: Tensor) -> Tensor:
        """Return the logit of the share of the way from low to high, in octaves."""
        return torch.logit(torch.log(value / self._middle) / self._nepers + 0.5, eps=_INSIDE)


@dataclass(frozen=True)
class PoleTime(Warp):
    """Time constant in ms of the pole sigmoid(z) at the rate of the published method."""

    sample_rate_hz: float

    def physical(self, z: Tensor) -> Tensor:
        """Return -1000 / (rate log sigmoid(z))."""
        return -1000.0 / (self.sample_rate_hz * torch.nn.functional.logsigmoid(z))

    def unconstrained(self, value: Tensor) -> Tensor:
        """Return the logit of exp(-1000 / (rate value))."""
        exponent = 1000.0 / (self.sample_rate_hz * value)
        return -exponent - torch.log(-torch.expm1(-exponent))


@dataclass(frozen=True)
class DecayTime(Warp):
    """Time in s to fall by 60 dB when every frame multiplies by exp(-softplus(z) / slowness)."""

    frame_s: float
    slowness: float

    @property
    def _scale_s(self) -> float:
        return 60.0 * self.slowness * self.frame_s / DB_PER_NEPER

    def physical(self, z: Tensor) -> Tensor:
        """Return 60 dB divided by the fall in dB per second."""
        return self._scale_s / torch.nn.functional.softplus(z)

    def unconstrained(self, value: Tensor) -> Tensor:
        """Return the inverse of softplus at the fall in nepers per frame."""
        fall = self._scale_s / value
        return fall + torch.log(-torch.expm1(-fall))


@dataclass(frozen=True)
class TapPosition(Warp):
    """Position of a delay tap in its slot from a point in the plane (last axis: real, imaginary).

    The angle of z turns once clockwise over a slot, tanh |z| is the tap's sharpness: a damped
    complex sinusoid whose inverse transform peaks at the tap. Physical values: seconds from the
    start of the slot in [0, slot), and sharpness in [0, 1). The gradient of each point is scaled
    to unit norm on its way back.

    Source: Lee et al. 2025, arXiv 2509.15948, multitap delay.
    """

    slot_s: float

    def physical(self, z: Tensor) -> Tensor:
        """Return (seconds into the slot, sharpness) for points in the plane."""
        re, im = _UnitGradient.apply(z).unbind(-1)  # type: ignore[union-attr]
        re = re + _OFF_CENTRE
        turn = torch.remainder(-torch.atan2(im, re) / (2.0 * math.pi), 1.0)
        return torch.stack([turn * self.slot_s, torch.tanh(torch.hypot(re, im))], -1)

    def unconstrained(self, value: Tensor) -> Tensor:
        """Return the points in the plane of (seconds into the slot, sharpness)."""
        offset_s, sharpness = value.unbind(-1)
        angle = -2.0 * math.pi * offset_s / self.slot_s
        radius = torch.atanh(sharpness.clamp(_INSIDE, 1.0 - _INSIDE))
        return torch.stack([radius * torch.cos(angle), radius * torch.sin(angle)], -1)


class _UnitGradient(torch.autograd.Function):
    """Identity whose gradient is divided by its norm over the last axis."""

    @staticmethod
    def forward(ctx: Any, z: Tensor) -> Tensor:
        return z.view_as(z)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (gradient,) = gradients
        return gradient / (1e-7 + torch.linalg.vector_norm(gradient, dim=-1, keepdim=True))


@dataclass(frozen=True, kw_only=True)
class ParamSpec:
    """One parameter of a processor.

    Attributes:
        name: what it is, with the unit as a suffix where it has one.
        unit: the unit as a person reads it; empty for a ratio.
        low, high: the range of the physical value; for a parameter with several kinds of values
            on its last axis, one bound for each.
        neutral: the value at which the processor does nothing, or None where there is none.
        init: the unconstrained value in the middle of the published random start.
        warp: how the unconstrained value becomes the physical one.
        shape: the shape of the value of one node.
        label: the name in words.
        meaning: what the values are, in whole sentences.
        start: the physical value at which our search starts, one for all or one for each along the
            last axis; None for one drawn around `init`.
        rate: the step of the unconstrained value in our search, at rate 1; 0 never moves.
        varies: whether the first axis may have another length in each node (bands, knots, taps);
            `shape` then gives the length that a search starts with.
        choices: the only values that it may take, rising, as of a switch; empty where it may take
            all between low and high. No gradient moves it, and its rate is 0.
        choice_words: what each of them is called, without commas; empty for the numbers themselves.
        one: what one of several values is called, with `{}` for its number; empty for the label and
            the number.
        fixed: whether it is a fact of the node, such as how long its response is kept: no gradient
            moves it, and what a renderer plans may depend on it. Its rate is 0.
    """

    name: str
    unit: str
    low: float | tuple[float, ...]
    high: float | tuple[float, ...]
    neutral: float | None
    init: float
    warp: Warp
    shape: tuple[int, ...]
    label: str
    meaning: str = ""
    start: float | tuple[float, ...] | None = None
    rate: float = 0.1
    varies: bool = False
    choices: tuple[float, ...] = ()
    choice_words: tuple[str, ...] = ()
    one: str = ""
    fixed: bool = False

    def physical(self, z: Float[Tensor, "node *shape"]) -> Float[Tensor, "node *shape"]:
        """Return physical values within [low, high] of unconstrained ones."""
        return self.clip(self.warp.physical(z))

    def unconstrained(self, value: Float[Tensor, "node *shape"]) -> Float[Tensor, "node *shape"]:
        """Return the unconstrained values of physical ones."""
        return self.warp.unconstrained(self.clip(value))

    def label_of(self, number: int) -> str:
        """Return what the value of a number is called, the first 1; the label of a single one."""
        if not self.shape:
            return self.label
        return self.one.format(number) if self.one else f"{self.label} {number}"

    def choice_word(self, value: float) -> str:
        """Return what the choice nearest to a value is called."""
        place = min(range(len(self.choices)), key=lambda i: abs(self.choices[i] - value))
        if self.choice_words:
            return self.choice_words[place]
        return f"{self.choices[place]:g} {self.unit}".rstrip()

    def clip(self, value: Tensor) -> Tensor:
        """Return the values limited to [low, high], or the nearest choices."""
        if self.choices:
            return _nearest(value, self.choices)
        low = torch.as_tensor(self.low, dtype=value.dtype, device=value.device)
        high = torch.as_tensor(self.high, dtype=value.dtype, device=value.device)
        return torch.clamp(value, low, high)

    def project(self, z: Tensor) -> Tensor:
        """Return unconstrained values moved to the nearest ones whose physical value is in range.

        The optimiser calls this after each step, so that `clip` never holds a gradient back.
        """
        return self.unconstrained(self.warp.physical(z))


def _nearest(value: Tensor, choices: tuple[float, ...]) -> Tensor:
    """Return the choice nearest to each value, with a gradient of zero; NaN stays NaN."""
    options = torch.as_tensor(choices, dtype=value.dtype, device=value.device)
    place = (value.detach()[..., None] - options).abs().argmin(-1)
    return options[place] + 0.0 * value
