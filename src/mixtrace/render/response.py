"""Frequency responses of the linear nodes, dry/wet weights included."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from mixtrace.processors import (
    FilterProcessor,
    ImpulseResponse,
    MatrixProcessor,
    Settings,
    processor,
)
from mixtrace.render.plan import RenderPlan

__all__ = ["Operators", "linear_operators"]


@dataclass(frozen=True)
class Operators:
    """What linear nodes do to spectra of one transform length; sums stand in neither.

    Attributes:
        responses: 1 - w + w H of each filter, [1 or 2 channels, bin].
        matrices: (1 - w) I + w M of each memoryless node, output channel by input channel.
    """

    responses: Mapping[int, Complex[Tensor, "channel bin"]]
    matrices: Mapping[int, Float[Tensor, "2 2"]]

    def __contains__(self, node: int) -> bool:
        """Say whether the node is a filter or mixes channels here."""
        return node in self.responses or node in self.matrices

    def __or__(self, other: "Operators") -> "Operators":
        """Return the operators of both sets of nodes."""
        return Operators({**self.responses, **other.responses}, {**self.matrices, **other.matrices})

    def renamed(self, names: Mapping[int, int]) -> "Operators":
        """Return the operators of some nodes under other numbers: `names` maps old to new."""
        return Operators(
            {names[i]: value for i, value in self.responses.items() if i in names},
            {names[i]: value for i, value in self.matrices.items() if i in names},
        )


def linear_operators(
    plan: RenderPlan, settings: Settings, nodes: Sequence[int], fft_length: int
) -> Operators:
    """Return what each of the nodes does.

    Args:
        plan: the plan the nodes belong to.
        settings: the settings of the whole graph.
        nodes: linear nodes.
        fft_length: the transform length of the spectra; a longer response wraps around.
    """
    return Operators(
        _filter_responses(plan, settings, nodes, fft_length),
        _mixing_matrices(plan, settings, nodes),
    )


def _filter_responses(
    plan: RenderPlan, settings: Settings, nodes: Sequence[int], fft_length: int
) -> dict[int, Complex[Tensor, "channel bin"]]:
    responses: dict[int, Tensor] = {}
    for kind, members in _by_kind(plan, nodes, FilterProcessor).items():
        entry = processor(kind)
        assert isinstance(entry, FilterProcessor)
        values, wet = settings.rows(kind, [plan.rows[i] for i in members])
        response = entry.impulse_response(values, plan.sample_rate_hz)
        spectrum = torch.fft.rfft(_centred(response, wet, fft_length))
        responses.update(zip(members, spectrum.unbind(0), strict=True))
    return responses


def _mixing_matrices(
    plan: RenderPlan, settings: Settings, nodes: Sequence[int]
) -> dict[int, Float[Tensor, "2 2"]]:
    matrices: dict[int, Tensor] = {}
    for kind, members in _by_kind(plan, nodes, MatrixProcessor).items():
        entry = processor(kind)
        assert isinstance(entry, MatrixProcessor)
        values, wet = settings.rows(kind, [plan.rows[i] for i in members])
        weight = wet[:, None, None]
        identity = torch.eye(2, dtype=wet.dtype, device=wet.device)
        mixed = (1.0 - weight) * identity + weight * entry.matrix(values)
        matrices.update(zip(members, mixed.unbind(0), strict=True))
    return matrices


def _by_kind(plan: RenderPlan, nodes: Sequence[int], family: type) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for i in nodes:
        node = plan.graph.nodes[i]
        if node.is_processor and isinstance(processor(node.kind), family):
            groups.setdefault(node.kind, []).append(i)
    return groups


def _centred(
    response: ImpulseResponse, wet: Float[Tensor, " node"], fft_length: int
) -> Float[Tensor, "node channel time"]:
    """Return w h + (1 - w) delta on a circle of `fft_length` samples, time zero first."""
    lead = response.lead_samples
    taps = response.taps * wet[:, None, None]
    zero, later = taps[..., lead : lead + 1] + (1.0 - wet)[:, None, None], taps[..., lead + 1 :]
    turns = -(-taps.shape[-1] // fft_length)
    gap = taps.new_zeros((*taps.shape[:-1], turns * fft_length - taps.shape[-1]))
    circle = torch.cat([zero, later, gap, taps[..., :lead]], -1)
    return circle if turns == 1 else circle.unflatten(-1, (turns, fft_length)).sum(-2)
