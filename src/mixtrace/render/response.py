"""Frequency responses of the linear nodes, dry/wet weights included."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from mixtrace.dsp import adjoint_spectrum
from mixtrace.parallel import side_by_side
from mixtrace.processors import (
    FilterProcessor,
    ImpulseResponse,
    MatrixProcessor,
    Settings,
    processor,
)
from mixtrace.render.plan import RenderPlan

__all__ = ["KeptOperators", "Operators", "linear_operators"]

_LINEAR = FilterProcessor, MatrixProcessor


@dataclass(frozen=True)
class Operators:
    """What linear nodes do to spectra of one transform length; sums stand in neither.

    Attributes:
        responses: 1 - w + w H of each filter, [1 or 2 channels, bin].
        matrices: (1 - w) I + w M of each memoryless node, output channel by input channel.
        places: for responses that are rows of a stack, the stack and the row.
    """

    responses: Mapping[int, Complex[Tensor, "channel bin"]]
    matrices: Mapping[int, Float[Tensor, "2 2"]]
    places: Mapping[int, tuple[Complex[Tensor, "node channel bin"], int]] = field(
        default_factory=dict, repr=False
    )

    def __contains__(self, node: int) -> bool:
        """Say whether the node is a filter or mixes channels here."""
        return node in self.responses or node in self.matrices

    def __or__(self, other: "Operators") -> "Operators":
        """Return the operators of both sets of nodes."""
        return Operators(
            {**self.responses, **other.responses},
            {**self.matrices, **other.matrices},
            {**self.places, **other.places},
        )

    def renamed(self, names: Mapping[int, int]) -> "Operators":
        """Return the operators of some nodes under other numbers: `names` maps old to new."""
        return Operators(
            {names[i]: value for i, value in self.responses.items() if i in names},
            {names[i]: value for i, value in self.matrices.items() if i in names},
            {names[i]: value for i, value in self.places.items() if i in names},
        )

    def stacked(
        self, nodes: Sequence[int]
    ) -> tuple[tuple[Tensor, ...], tuple[tuple[int, int], ...]]:
        """Return the stacks that hold the responses of some nodes, and each one's stack and row."""
        stacks: dict[int, tuple[int, Tensor]] = {}
        rows = []
        for i in nodes:
            stack, row = self.places.get(i) or (self.responses[i][None], 0)
            number, _ = stacks.setdefault(id(stack), (len(stacks), stack))
            rows.append((number, row))
        return tuple(stack for _, stack in stacks.values()), tuple(rows)


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
    requests = _requests(plan, nodes, fft_length)
    return _operators([(r, _stack(plan, settings, r)) for r in requests])


class KeptOperators:
    """What the linear nodes of one graph do under some settings, computed when first asked for.

    An instance is an operator source of `render_compiled`; many windows, also such as are rendered
    side by side, then share one computation. Gradients stop at what is kept, so that each window
    finds its own: they are to be added up at `leaves` and taken on from `computed`.

    Attributes:
        computed: stacks of responses and of matrices as they follow from the settings.
        leaves: the same numbers, as the windows see them.
        nodes: for each stack, the nodes whose rows it has.
    """

    def __init__(self, settings: Settings) -> None:
        """Take the settings of the whole graph."""
        self.computed: list[Tensor] = []
        self.leaves: list[Tensor] = []
        self.nodes: list[list[int]] = []
        self._settings = settings
        self._known: dict[int, Operators] = {}
        self._lock = Lock()

    def __call__(self, plan: RenderPlan, nodes: Sequence[int], fft_length: int) -> Operators:
        """Return what nodes of a plan of the graph do; see `linear_operators`."""
        self.prepare(plan, [(nodes, fft_length)])
        return self._known[fft_length]

    def prepare(
        self, plan: RenderPlan, asked: Sequence[tuple[Sequence[int], int]], at_once: int = 1
    ) -> None:
        """Compute what will be asked for and is not known, some stacks of nodes side by side.

        Args:
            plan: a plan of the graph.
            asked: linear nodes and the transform length they are asked for at.
            at_once: how many stacks may be computed at the same time.
        """
        with self._lock:
            missing: list[_Request] = []
            for nodes, length in asked:
                known = self._known.setdefault(length, Operators({}, {}))
                missing += _requests(plan, [i for i in nodes if i not in known], length)
            stacks = side_by_side(lambda r: _stack(plan, self._settings, r), missing, at_once)
            for request, stack in zip(missing, stacks, strict=True):
                fresh = _operators([(request, self._cut(request.nodes, stack))])
                self._known[request.fft_length] |= fresh

    def _cut(self, nodes: list[int], stack: Tensor) -> Tensor:
        if not stack.requires_grad:
            return stack
        self.computed.append(stack)
        self.nodes.append(nodes)
        self.leaves.append(stack.detach().requires_grad_())
        return self.leaves[-1]


@dataclass(frozen=True)
class _Request:
    """Nodes of one kind, whose responses or matrices are computed in one go."""

    kind: str
    nodes: list[int]
    fft_length: int

    @property
    def filters(self) -> bool:
        return isinstance(processor(self.kind), FilterProcessor)


def _requests(plan: RenderPlan, nodes: Sequence[int], fft_length: int) -> list[_Request]:
    """Return the linear processors among some nodes, kind by kind."""
    groups: dict[str, list[int]] = {}
    for i in nodes:
        node = plan.graph.nodes[i]
        if node.is_processor and isinstance(processor(node.kind), _LINEAR):
            groups.setdefault(node.kind, []).append(i)
    return [_Request(kind, members, fft_length) for kind, members in groups.items()]


def _stack(plan: RenderPlan, settings: Settings, request: _Request) -> Tensor:
    """Return responses [node, channel, bin], or matrices [node, 2, 2], as `Operators` has them."""
    entry = processor(request.kind)
    values, wet = settings.rows(request.kind, [plan.rows[i] for i in request.nodes])
    if isinstance(entry, FilterProcessor):
        response = entry.impulse_response(values, plan.sample_rate_hz)
        taps, lead = _folded(response, request.fft_length)
        return _Response.apply(taps, wet, lead, request.fft_length)
    assert isinstance(entry, MatrixProcessor)
    weight = wet[:, None, None]
    identity = torch.eye(2, dtype=wet.dtype, device=wet.device)
    return (1.0 - weight) * identity + weight * entry.matrix(values)


def _operators(stacks: Sequence[tuple[_Request, Tensor]]) -> Operators:
    """Return what the nodes of some stacks do."""
    places: dict[int, tuple[Tensor, int]] = {}
    matrices: dict[int, Tensor] = {}
    for request, stack in stacks:
        if request.filters:
            places.update((i, (stack, row)) for row, i in enumerate(request.nodes))
        else:
            matrices.update(zip(request.nodes, stack.unbind(0), strict=True))
    responses = {i: stack[row] for i, (stack, row) in places.items()}
    return Operators(responses, matrices, places)


def _folded(response: ImpulseResponse, fft_length: int) -> tuple[Tensor, int]:
    """Return the taps and their lead, taps longer than the circle wound around it."""
    taps, lead = response.taps, response.lead_samples
    turns = -(-taps.shape[-1] // fft_length)
    if turns == 1:
        return taps, lead
    later = torch.nn.functional.pad(taps, (fft_length - lead, 0))
    rounded = -(-later.shape[-1] // fft_length) * fft_length
    padded = torch.nn.functional.pad(later, (0, rounded - later.shape[-1]))
    return padded.unflatten(-1, (-1, fft_length)).sum(-2), 0


class _Response(torch.autograd.Function):
    """The spectrum of w h + (1 - w) delta on a circle, time zero first."""

    @staticmethod
    def forward(ctx: Any, taps: Tensor, wet: Tensor, lead: int, fft_length: int) -> Tensor:
        ctx.save_for_backward(taps, wet)
        ctx.lead, ctx.fft_length = lead, fft_length
        weight = wet[:, None, None]
        later = taps.shape[-1] - lead
        circle = taps.new_empty((*taps.shape[:-1], fft_length))
        torch.mul(taps[..., lead:], weight, out=circle[..., :later])
        circle[..., later : fft_length - lead] = 0.0
        torch.mul(taps[..., :lead], weight, out=circle[..., fft_length - lead :])
        circle[..., 0] += (1.0 - wet)[:, None]
        return torch.fft.rfft(circle)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        taps, wet = ctx.saved_tensors
        circle = adjoint_spectrum(gradients[0], ctx.fft_length)
        early, later = (
            circle[..., ctx.fft_length - ctx.lead :],
            circle[..., : taps.shape[-1] - ctx.lead],
        )
        unrolled = torch.cat([early, later], -1) if ctx.lead else later
        of_wet = (unrolled * taps).sum((1, 2)) - circle[..., 0].sum(1)
        return unrolled * wet[:, None, None], of_wet, None, None
