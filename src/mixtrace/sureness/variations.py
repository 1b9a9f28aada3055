"""How the mix changes with every setting: derivatives by finite differences, window by window."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from mixtrace.descent import Variables, kind_of
from mixtrace.graph import Graph
from mixtrace.params import ParamSpec
from mixtrace.processors import WET, Settings, Stack, processor
from mixtrace.rendering import Varied
from mixtrace.store import Setting
from mixtrace.sureness.scales import NINE_TENTHS, scale_of

__all__ = ["Moved", "derivatives", "moved_settings"]

_STEP = 0.3
"""A difference is taken over this share of a step of the descent at full rate: some hundredths of
the setting's range, or a fifth of a sample of a delay."""

_ROUNDING = 3e-6
"""A change of the mix by less than this share (-110 dB) is what single precision rounds."""

_WET_STEP = 0.05
_WET_PRIOR = 3.0
"""Of a weight's logit: 90 % between .7 and 99.3 %."""

_MOST_ROWS = 64
"""A parameter of more numbers than this is a drawn curve or a response, not a setting."""

_INSIDE = 0.02
"""Of a range, left out at either end, where logits are infinite, when it is taken as a spread."""

_MOST_AT_ONCE = 12


@dataclass(frozen=True)
class Moved:
    """A setting that a search moves, in unconstrained values.

    Attributes:
        setting: which.
        spec: its parameter; None for a dry/wet weight.
        value: unconstrained.
        step: the difference to take, towards the middle of the range.
        spread: standard deviation, of which 90 % cover the range of the parameter.
    """

    setting: Setting
    spec: ParamSpec | None
    value: float
    step: float
    spread: float

    def physical(self, z: float) -> float:
        """Return the physical value of an unconstrained one."""
        if self.spec is None:
            return 1.0 / (1.0 + math.exp(-max(-700.0, min(700.0, z))))
        return float(self.spec.physical(_one(z)))


def moved_settings(graph: Graph, settings: Settings) -> list[Moved]:
    """Return the settings that a search moves, node by node; not switches, curves or taps."""
    variables = Variables.from_settings(settings.map(lambda value: value.detach().cpu().double()))
    found: list[Moved] = []
    for key, nodes in variables.nodes.items():
        entry = processor(kind_of(key))
        specs: list[ParamSpec | None] = [spec for spec in entry.params if _moves(spec)]
        if entry.start_wet < 1.0:
            specs.append(None)
        for spec in specs:
            name = WET if spec is None else spec.name
            rows = variables.values[key, name].reshape(len(nodes), -1)
            if rows.shape[1] <= _MOST_ROWS:
                found += [
                    _moved(Setting(node, name, row), spec, value)
                    for node, values in zip(nodes, rows.tolist(), strict=True)
                    for row, value in enumerate(values)
                ]
    place = {i: number for number, i in enumerate(graph.processors)}
    return sorted(found, key=lambda moved: place[moved.setting.node])


def _one(value: float) -> Float64[Tensor, " 1"]:
    return torch.tensor([value], dtype=torch.float64)


def _moves(spec: ParamSpec) -> bool:
    whole = isinstance(spec.low, float | int) and isinstance(spec.high, float | int)
    return whole and spec.rate > 0.0 and not spec.fixed and not spec.choices


def _moved(setting: Setting, spec: ParamSpec | None, value: float) -> Moved:
    if spec is None:
        return Moved(setting, None, value, _WET_STEP if value < 0.0 else -_WET_STEP, _WET_PRIOR)
    low, high = (
        float(spec.unconstrained(_one(scale_of(spec).between(share))))
        for share in (_INSIDE, 1.0 - _INSIDE)
    )
    step = math.copysign(_STEP * spec.rate, 0.5 * (low + high) - value)
    return Moved(setting, spec, value, step, (high - low) / (2.0 * NINE_TENTHS))


def derivatives(
    rendering: Varied, settings: Settings, moved: Sequence[Moved]
) -> Iterator[tuple[slice, Float[Tensor, "setting 2 time"]]]:
    """Yield how the mix of a window changes with settings, of one node at a time.

    Args:
        rendering: the window.
        settings: those it is rendered with.
        moved: the settings, those of a node together.

    Returns:
        Which of the settings, and the change of the mix by a unit of each unconstrained value.
    """
    mix = rendering.mix()
    if mix is None:
        return
    first = 0
    while first < len(moved):
        node = moved[first].setting.node
        end = first + 1
        while end < len(moved) and end - first < _MOST_AT_ONCE and moved[end].setting.node == node:
            end += 1
        some = moved[first:end]
        varied = rendering.under(node, _varied(settings, some))
        if varied is not None:
            steps = mix.new_tensor([one.step for one in some])
            change = varied - mix
            heard = change.square().mean((1, 2)) > _ROUNDING**2 * mix.square().mean()
            yield slice(first, end), change * (heard / steps)[:, None, None]
        first = end


def _varied(settings: Settings, moved: Sequence[Moved]) -> Stack:
    """Return the settings of one node, each row with another one moved by its step."""
    node = moved[0].setting.node
    (stack,) = settings.groups([node])
    count = len(moved)
    rows = Stack(
        stack.kind,
        (node,) * count,
        {
            name: value.repeat(count, *[1] * (value.ndim - 1))
            for name, value in stack.values.items()
        },
        stack.wet.repeat(count),
    )
    for number, one in enumerate(moved):
        values = rows.tensor(one.setting.name)[number : number + 1].reshape(-1)
        values[one.setting.row] = one.physical(one.value + one.step)
    return rows
