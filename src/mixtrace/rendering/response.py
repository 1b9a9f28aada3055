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
    Stack,
    processor,
)
from mixtrace.rendering.plan import RenderPlan

__all__ = ["KeptOperators", "Operators", "linear_operators", "stack_operators"]


@dataclass(frozen=True)
class Operators:
    """What linear nodes do to spectra of one transform length; sums stand in neither.

    Attributes:
        responses: 1 - w + w H of each filter, [row, bin], rows as those of its impulse response.
            The dry part 1 - w stands in the rows that lead from a channel to itself.
        matrices: (1 - w) I + w M of each memoryless node, output channel by input channel, of those
            that change what they get.
        places: for responses that are rows of a stack, the stack and the row.
    """

    responses: Mapping[int, Complex[Tensor, "row bin"]]
    matrices: Mapping[int, Float[Tensor, "2 2"]]
    places: Mapping[int, tuple[Complex[Tensor, "node row bin"], int]] = field(
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


def _own_sides(rows: int) -> slice:
    """Return which rows of a response lead from a channel to itself: of four, the outer two.

    >>> list(range(4))[_own_sides(4)], list(range(2))[_own_sides(2)]
    ([0, 3], [0, 1])
    """
    return slice(None, None, 3 if rows == 4 else 1)


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
    requests = _requests(plan, settings, nodes, fft_length)
    scales = _scales(plan, nodes, settings)
    return scales | _operators([(r, _stack(plan, r)) for r in requests])


def stack_operators(plan: RenderPlan, stack: Stack, fft_length: int) -> Tensor:
    """Return what linear settings do, a row each: as the responses or matrices of `Operators`."""
    return _stack(plan, _Request(stack.kind, stack, fft_length))


class KeptOperators:
    """What the linear nodes of one graph do under some settings, computed when first asked for.

    An instance is an operator source of `render_compiled`; many windows, also such as are rendered
    side by side, then share one computation. Gradients stop at what is kept, so that each window
    finds its own: they are to be added up at `leaves` and taken on from `computed`.

    Attributes:
        settings: those of the graph.
        computed: stacks of responses and of matrices as they follow from the settings.
        leaves: the same numbers, as the windows see them.
    """

    def __init__(self, settings: Settings) -> None:
        """Take the settings of the whole graph."""
        self.computed: list[Tensor] = []
        self.leaves: list[Tensor] = []
        self.settings = settings
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
                new = [i for i in nodes if i not in known]
                missing += _requests(plan, self.settings, new, length)
                self._known[length] |= _scales(plan, new, self.settings)
            stacks = side_by_side(lambda r: _stack(plan, r), missing, at_once)
            for request, stack in zip(missing, stacks, strict=True):
                fresh = _operators([(request, self._cut(stack))])
                self._known[request.fft_length] |= fresh

    def _cut(self, stack: Tensor) -> Tensor:
        if not stack.requires_grad:
            return stack
        self.computed.append(stack)
        self.leaves.append(stack.detach().requires_grad_())
        return self.leaves[-1]


@dataclass(frozen=True)
class _Request:
    """Nodes of one kind, whose responses or matrices are computed in one go."""

    kind: str
    stack: Stack
    fft_length: int

    @property
    def nodes(self) -> list[int]:
        return list(self.stack.nodes)

    @property
    def filters(self) -> bool:
        return isinstance(processor(self.kind), FilterProcessor)


def _requests(
    plan: RenderPlan, settings: Settings, nodes: Sequence[int], fft_length: int
) -> list[_Request]:
    """Return the linear processors among some nodes, stack by stack."""
    own = [i for i in nodes if i in plan.graph.nodes and plan.graph.nodes[i].is_processor]
    linear = [i for i in own if _is_operator(plan, i)]
    return [_Request(stack.kind, stack, fft_length) for stack in settings.groups(linear)]


def _is_operator(plan: RenderPlan, i: int) -> bool:
    """Return whether a node is a filter, or a matrix that changes what it gets."""
    entry = processor(plan.wiring.kinds[i])
    if isinstance(entry, MatrixProcessor):
        return entry.changes_mono or plan.channels[i] == 2
    return isinstance(entry, FilterProcessor)


def _scales(plan: RenderPlan, nodes: Sequence[int], settings: Settings) -> Operators:
    """Return what the edges with a level do that are among some nodes."""
    gains = {i: plan.wiring.gains[i] for i in nodes if i in plan.wiring.gains}
    like = settings.stacks[0].wet if settings.stacks else torch.zeros(())
    eye = torch.eye(2, dtype=like.dtype, device=like.device)
    return Operators({}, {i: gain * eye for i, gain in gains.items()})


def _stack(plan: RenderPlan, request: _Request) -> Tensor:
    """Return responses [node, row, bin], or matrices [node, 2, 2], as `Operators` has them."""
    entry = processor(request.kind)
    values, wet = request.stack.values, request.stack.wet
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
    """The spectrum of w h + (1 - w) delta on a circle, time zero first.

    The delta stands in the rows that lead from a channel to itself.
    """

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
        circle[:, _own_sides(taps.shape[1]), 0] += (1.0 - wet)[:, None]
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
        of_dry = circle[:, _own_sides(taps.shape[1]), 0].sum(1)
        of_wet = (unrolled * taps).sum((1, 2)) - of_dry
        return unrolled * wet[:, None, None], of_wet, None, None
