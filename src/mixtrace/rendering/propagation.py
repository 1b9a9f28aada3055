"""Spectra carried through the linear nodes of a plan, with a gradient written by hand.

At a node the spectra of its feeds are added up to x and what leaves it is

    y = x (a sum),    y_c = H_c x_c (a filter),    y_c = sum_d M_cd x_d (a matrix),
    y_c = sum_d H_cd x_d (a true stereo filter),

where mono counts on both channels. On the way back, with g the gradient of y: that of H_c is
conj(x_c) g_c, that of H_cd conj(x_d) g_c, that of M_cd Re conj(x_d) g_c, and x gets conj(H_c) g_c,
sum_c conj(H_cd) g_c or sum_c M_cd g_c.

Compiled loops do this slice by slice, so that what flows between the nodes never leaves the cache;
`propagate_reference` does it with tensor operations, on any device.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Complex, Float
from torch import Tensor

from mixtrace.loops import over_rows
from mixtrace.rendering import propagation_kernels as kernels
from mixtrace.rendering.plan import RenderPlan
from mixtrace.rendering.response import Operators
from mixtrace.rendering.signals import Signals

__all__ = [
    "Monitor",
    "carry",
    "filter_channels",
    "mix_channels",
    "propagate",
    "propagate_reference",
]

Monitor = Callable[[Tensor, Tensor], None]
"""Called with the powers that enter and that leave filters, [filter] each: the mean of |x|² over
windows, channels and every sixteenth bin."""


def propagate(
    plan: RenderPlan,
    operators: Operators,
    nodes: Sequence[int],
    spectra: Mapping[int, Complex[Tensor, "window _channel bin"]],
    ends: Iterable[int],
    monitor: Monitor | None = None,
) -> dict[int, Complex[Tensor, "window _channel bin"]]:
    """Carry spectra through linear nodes and return what leaves at each end.

    Args:
        plan: the plan the nodes belong to.
        operators: what the nodes do.
        nodes: linear nodes in topological order, each behind a source.
        spectra: for each source [window, channel, bin].
        ends: where to collect: for one of the nodes its own spectrum, for a sink the sum of what
            the nodes feed it; ends that nothing reaches are left out.
        monitor: told what power passes the filters.
    """
    return dict(carry(plan, operators, nodes, Signals(spectra), ends, monitor))


def carry(
    plan: RenderPlan,
    operators: Operators,
    nodes: Sequence[int],
    spectra: Signals,
    ends: Iterable[int],
    monitor: Monitor | None = None,
) -> Signals:
    """Do what `propagate` does with signals that lie in stacks, without taking them apart."""
    like = next(iter(spectra.values()))
    if like.device.type != "cpu":
        return Signals(propagate_reference(plan, operators, nodes, spectra, ends, monitor))
    program = _program(plan, operators, nodes, spectra, ends)
    monitored = monitor is not None and bool(program.filters)
    rows, matrices = program.matrices(operators, like)
    results = _Carry.apply(program, monitored, matrices, *spectra.stacks, *rows)
    assert isinstance(results, tuple)
    if monitor is not None and monitored:
        monitor(*results[0].unbind(0))
    return Signals.of_stacks(zip(program.groups.values(), results[1:], strict=True))


def propagate_reference(
    plan: RenderPlan,
    operators: Operators,
    nodes: Sequence[int],
    spectra: Mapping[int, Tensor],
    ends: Iterable[int],
    monitor: Monitor | None = None,
) -> dict[int, Tensor]:
    """Compute what `propagate` computes with tensor operations alone, on any device."""
    known = dict(spectra)
    powers: list[Tensor] = []
    for i in nodes:
        total = _sum([known[p] for p in plan.feeds[i] if p in known])
        known[i] = total
        if i in operators.responses:
            known[i] = filter_channels(total, operators.responses[i])
            powers.append(torch.stack([_power(total), _power(known[i])]))
        elif i in operators.matrices:
            known[i] = mix_channels(total, operators.matrices[i], plan.channels[i])
    if monitor is not None and powers:
        monitor(*torch.stack(powers, 1).unbind(0))
    feeding = _feeding(plan, set(nodes), ends)
    return {e: _sum([known[p] for p in parts]) for e, parts in feeding.items()}


def _feeding(plan: RenderPlan, own: set[int], ends: Iterable[int]) -> dict[int, list[int]]:
    parts = {e: [e] if e in own else [p for p in plan.feeds[e] if p in own] for e in ends}
    return {e: feeding for e, feeding in parts.items() if feeding}


def _power(spectrum: Tensor) -> Tensor:
    return torch.view_as_real(spectrum[..., :: kernels.POWER_STRIDE]).square().sum(-1).mean()


def filter_channels(
    spectrum: Complex[Tensor, "window _channel bin"], response: Complex[Tensor, "row bin"]
) -> Complex[Tensor, "window _leaving bin"]:
    """Return a spectrum of 1 or 2 channels through a response of 1, 2 or 4 rows.

    Mono counts on both channels; see `ImpulseResponse` for the rows.
    """
    if len(response) < 4:
        return spectrum * response
    paths = response.unflatten(0, (2, 2))
    if spectrum.shape[1] == 1:
        return spectrum * paths.sum(1)
    return spectrum[:, :1] * paths[:, 0] + spectrum[:, 1:] * paths[:, 1]


def mix_channels(signal: Tensor, matrix: Float[Tensor, "2 2"], channels: int = 2) -> Tensor:
    """Return audio or a spectrum [window, 1 or 2 channels, ...] with its channels mixed.

    Args:
        signal: what enters; mono counts on both channels.
        matrix: output channel by input channel.
        channels: how many leave; one where both are equal.
    """
    if signal.shape[1] == 1:
        return signal * matrix.sum(1)[:channels, None]
    left, right = signal[:, :1], signal[:, 1:]
    return left * matrix[:, :1] + right * matrix[:, 1:]


def _sum(parts: Sequence[Tensor]) -> Tensor:
    """Return the sum of mono and stereo signals; mono counts on both channels."""
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


@dataclass(frozen=True)
class _Program:
    """What the kernels are told of some nodes; see `propagation_kernels`."""

    table: np.ndarray
    feeds: np.ndarray
    channels: np.ndarray
    filters: tuple[int, ...]
    mixers: tuple[int, ...]
    sources: tuple[tuple[int, int], ...]
    groups: dict[int, tuple[int, ...]]
    end_feeds: dict[int, list[int]]
    operator_rows: tuple[tuple[int, int], ...]
    operator_stacks: tuple[Tensor, ...]

    def matrices(self, operators: Operators, like: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        """Return the stacks of responses, and the matrices in one tensor."""
        found = [operators.matrices[i] for i in self.mixers]
        stacked = torch.stack(found) if found else like.real.new_zeros((0, 2, 2))
        return self.operator_stacks, stacked.contiguous()


def _program(
    plan: RenderPlan,
    operators: Operators,
    nodes: Sequence[int],
    spectra: Signals,
    ends: Iterable[int],
) -> _Program:
    slots = {source: number for number, source in enumerate(spectra)}
    channels = [spectra.channels(source) for source in spectra]
    filters, mixers = [], []
    table, feeds = [], []
    for i in nodes:
        entering = [slots[p] for p in plan.feeds[i] if p in slots]
        count = leaving = max(channels[slot] for slot in entering)
        op, number = kernels.SUM, 0
        if i in operators.responses:
            op, number = kernels.FILTER, len(filters)
            filters.append(i)
            leaving = max(count, min(2, len(operators.responses[i])))
        elif i in operators.matrices:
            op, number, leaving = kernels.MATRIX, len(mixers), plan.channels[i]
            mixers.append(i)
        table.append((op, count, leaving, number, len(feeds), len(entering)))
        feeds += entering
        slots[i] = len(channels)
        channels.append(leaving)
    feeding = _feeding(plan, set(nodes), ends)
    end_feeds = {e: [slots[p] for p in parts] for e, parts in feeding.items()}
    groups: dict[int, tuple[int, ...]] = {}
    for e, parts in end_feeds.items():
        count = max(channels[slot] for slot in parts)
        groups[count] = (*groups.get(count, ()), e)
    stacks, operator_rows = operators.stacked(filters)
    return _Program(
        np.array(table, np.int64),
        np.array(feeds, np.int64),
        np.array(channels, np.int64),
        tuple(filters),
        tuple(mixers),
        tuple(spectra.rows()),
        groups,
        end_feeds,
        operator_rows,
        stacks,
    )


class _Carry(torch.autograd.Function):
    """The compiled loops; returns powers [2, filter], then a stack of ends a channel count."""

    @staticmethod
    def forward(
        ctx: Any, program: _Program, monitored: bool, matrices: Tensor, *stacks: Tensor
    ) -> tuple[Tensor, ...]:
        count = len(stacks) - len(program.operator_stacks)
        stacks = tuple(stack.contiguous() for stack in stacks)
        windows, _, bins = stacks[0].shape[1:]
        ends = tuple(
            stacks[0].new_empty((len(members), windows, channels, bins))
            for channels, members in program.groups.items()
        )
        slabs = -(-bins // kernels.SLAB)
        powers = np.zeros((slabs if monitored else 0, 2, len(program.filters)))
        over_rows(
            kernels.forward_kernel,
            slabs,
            *_described(program, stacks[:count], stacks[count:], matrices),
            *_end_table(program, ends),
            (windows, bins),
            _like(stacks[0]),
            powers,
        )
        ctx.save_for_backward(matrices, *stacks)
        ctx.program, ctx.count = program, count
        ctx.shape = windows, bins
        scale = windows * -(-bins // kernels.POWER_STRIDE)
        return (torch.from_numpy(powers.sum(0) / scale).to(matrices.dtype), *ends)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        program, (windows, bins) = ctx.program, ctx.shape
        matrices, *stacks = ctx.saved_tensors
        sources, responses = stacks[: ctx.count], stacks[ctx.count :]
        wanted = ctx.needs_input_grad[3 : 3 + ctx.count]
        of_sources = [
            _room(stack, program.sources, number) if want else None
            for number, (stack, want) in enumerate(zip(sources, wanted, strict=True))
        ]
        of_responses = [
            _room(stack, program.operator_rows, number) for number, stack in enumerate(responses)
        ]
        of_matrices = np.zeros((-(-bins // kernels.SLAB), *matrices.shape), _real(matrices))
        scale = 2.0 / (windows * -(-bins // kernels.POWER_STRIDE))
        over_rows(
            kernels.backward_kernel,
            len(of_matrices),
            *_described(program, sources, responses, matrices),
            *_end_table(program, [g.contiguous() for g in gradients[1:]]),
            (windows, bins),
            _like(stacks[0]),
            gradients[0].detach().numpy().astype(np.float64) * scale,
            np.array([_address(of_sources, at) for at in program.sources], np.int64),
            np.array([_address(of_responses, at) for at in program.operator_rows], np.int64),
            of_matrices,
        )
        return None, None, torch.from_numpy(of_matrices.sum(0)), *of_sources, *of_responses


def _room(stack: Tensor, rows: Sequence[tuple[int, int]], number: int) -> Tensor:
    """Return room for a stack's gradient: the kernel fills the rows in use, others are zero."""
    all_used = sum(used == number for used, _ in rows) == len(stack)
    return torch.empty_like(stack) if all_used else torch.zeros_like(stack)


def _like(stack: Tensor) -> np.ndarray:
    return np.empty(0, np.complex64 if stack.dtype == torch.complex64 else np.complex128)


def _real(matrices: Tensor) -> Any:
    return np.float32 if matrices.dtype == torch.float32 else np.float64


def _address(stacks: Sequence[Tensor | None], at: tuple[int, int]) -> int:
    """Return where row `at[1]` of stack `at[0]` begins, 0 where there is no such stack."""
    stack = stacks[at[0]]
    if stack is None:
        return 0
    return stack.data_ptr() + at[1] * stack.stride(0) * stack.element_size()


def _described(
    program: _Program,
    sources: Sequence[Tensor],
    responses: Sequence[Tensor],
    matrices: Float[Tensor, "mixer 2 2"],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    operators = [
        (_address(responses, at), responses[at[0]].shape[1]) for at in program.operator_rows
    ]
    return (
        program.table,
        program.feeds,
        program.channels,
        np.array([_address(sources, at) for at in program.sources], np.int64),
        np.array(operators, np.int64).reshape(-1, 2),
        matrices.detach().numpy(),
    )


def _end_table(program: _Program, stacks: Sequence[Tensor]) -> tuple[np.ndarray, np.ndarray]:
    table, feeds = [], []
    for number, (channels, members) in enumerate(program.groups.items()):
        for row, end in enumerate(members):
            slots = program.end_feeds[end]
            table.append((_address(stacks, (number, row)), channels, len(feeds), len(slots)))
            feeds += slots
    return np.array(table, np.int64), np.array(feeds, np.int64)
