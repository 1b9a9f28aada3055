"""The settings of a whole graph: physical values and dry/wet weights of every processor.

Settings stand by node. Those of one kind and shape lie together in a stack, for what works on many
nodes at once takes it as it is.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.errors import GraphError
from mixtrace.params import ParamSpec
from mixtrace.processors.registry import processor
from mixtrace.processors.told import NodeSettings
from mixtrace.wording import listed

__all__ = ["WET", "Settings", "Stack", "stack_key"]

WET = "wet"
"""The name under which dry/wet weights stand beside parameters."""


def stack_key(kind: str, lengths: Mapping[str, int]) -> str:
    """Return what nodes have in common that can lie in one stack: kind, and lengths that vary.

    >>> stack_key("noise_reverb", {}), stack_key("fader", {"knots": 3})
    ('noise_reverb', 'fader:knots=3')
    """
    return ":".join([kind, *(f"{name}={length}" for name, length in sorted(lengths.items()))])


@dataclass(frozen=True, eq=False)
class Stack:
    """The settings of nodes of one kind and shape, a row a node.

    Attributes:
        kind: their kind.
        nodes: their numbers.
        values: parameter name -> physical values [node, *shape].
        wet: dry/wet weights [node] in [0, 1].
    """

    kind: str
    nodes: tuple[int, ...]
    values: Mapping[str, Tensor]
    wet: Float[Tensor, " node"]

    @property
    def key(self) -> str:
        """What tells it from other stacks of the same settings."""
        varying = [spec.name for spec in processor(self.kind).params if spec.varies]
        return stack_key(self.kind, {name: self.values[name].shape[1] for name in varying})

    def tensor(self, name: str) -> Tensor:
        """Return the values of a parameter, or the weights under `WET`."""
        return self.wet if name == WET else self.values[name]

    def rows(self, nodes: Sequence[int]) -> "Stack":
        """Return the rows of some of its nodes, in their order; itself where these are all."""
        if tuple(nodes) == self.nodes:
            return self
        index = torch.as_tensor([self.nodes.index(i) for i in nodes], device=self.wet.device)
        values = {name: value[index] for name, value in self.values.items()}
        return Stack(self.kind, tuple(nodes), values, self.wet[index])

    def map(self, function: Callable[[Tensor], Tensor]) -> "Stack":
        """Return it with a function applied to every tensor."""
        values = {name: function(value) for name, value in self.values.items()}
        return Stack(self.kind, self.nodes, values, function(self.wet))


@dataclass(frozen=True, eq=False)
class Settings:
    """The stacks; no node is in two of them."""

    stacks: tuple[Stack, ...] = ()

    @classmethod
    def of(cls, settings: Mapping[int, NodeSettings]) -> "Settings":
        """Return the settings of nodes, stacked in their order."""
        groups: dict[tuple[object, ...], list[int]] = {}
        for i, node in settings.items():
            shapes = tuple((name, value.shape) for name, value in node.values.items())
            groups.setdefault((node.kind, shapes), []).append(i)
        stacks = []
        for members in groups.values():
            first = settings[members[0]]
            values = {
                name: torch.stack([settings[i].values[name] for i in members])
                for name in first.values
            }
            wet = torch.tensor([settings[i].wet for i in members])
            stacks.append(Stack(first.kind, tuple(members), values, wet))
        return cls(tuple(stacks))

    @classmethod
    def by_kind(
        cls,
        nodes: Mapping[str, Sequence[int]],
        values: Mapping[str, Mapping[str, Tensor]],
        wet: Mapping[str, Tensor],
    ) -> "Settings":
        """Return the settings of nodes whose values are stacked by kind, a row a node."""
        return cls(tuple(Stack(k, tuple(nodes[k]), values[k], wet[k]) for k in values))

    @cached_property
    def _places(self) -> dict[int, tuple[Stack, int]]:
        return {i: (stack, row) for stack in self.stacks for row, i in enumerate(stack.nodes)}

    def __contains__(self, node: int) -> bool:
        """Say whether there are settings for a node."""
        return node in self._places

    def __getitem__(self, node: int) -> NodeSettings:
        """Return the settings of one node, detached and on the CPU."""
        stack, row = self._places[node]
        values = {name: value[row].detach().cpu() for name, value in stack.values.items()}
        return NodeSettings(stack.kind, values, float(stack.wet[row]))

    def value(self, node: int, name: str) -> Tensor:
        """Return a parameter of one node, or its weight under `WET`: a view of its stack."""
        stack, row = self._places[node]
        return stack.tensor(name)[row]

    def of_kind(self, kind: str) -> list[Stack]:
        """Return the stacks of one kind."""
        return [stack for stack in self.stacks if stack.kind == kind]

    def stack(self, kind: str) -> Stack:
        """Return the stack of a kind whose nodes all have one shape."""
        (stack,) = self.of_kind(kind)
        return stack

    @cached_property
    def lengths(self) -> tuple[tuple[int, tuple[tuple[str, float], ...]], ...]:
        """What plans depend on, of the nodes that have such; see `Lengths`. Hashable."""
        found: list[tuple[int, tuple[tuple[str, float], ...]]] = []
        for stack in self.stacks:
            columns: dict[str, list[float]] = {}
            for spec in processor(stack.kind).params:
                value = stack.values[spec.name]
                if spec.varies:
                    columns[spec.name] = [value.shape[1]] * len(stack.nodes)
                elif spec.fixed:
                    columns[spec.name] = value.tolist()
            if columns:
                rows = zip(*columns.values(), strict=True)
                named = (tuple(zip(columns, row, strict=True)) for row in rows)
                found += zip(stack.nodes, named, strict=True)
        return tuple(sorted(found))

    def groups(self, nodes: Iterable[int]) -> list[Stack]:
        """Return the settings of some nodes, those that lie in one stack together.

        Raises:
            GraphError: a node that has none.
        """
        found: dict[int, tuple[Stack, list[int]]] = {}
        for i in nodes:
            if i not in self._places:
                raise GraphError(
                    f"Expected settings for node {i}; there are none. Use settings that belong to "
                    "this graph."
                )
            stack, _ = self._places[i]
            found.setdefault(id(stack), (stack, []))[1].append(i)
        return [stack.rows(members) for stack, members in found.values()]

    def only(self, nodes: Iterable[int]) -> "Settings":
        """Return the settings of some nodes; the order within a stack stays."""
        wanted = set(nodes)
        kept = [(stack, [i for i in stack.nodes if i in wanted]) for stack in self.stacks]
        return Settings(tuple(stack.rows(members) for stack, members in kept if members))

    def map(self, function: Callable[[Tensor], Tensor]) -> "Settings":
        """Return the settings with a function applied to every tensor."""
        return Settings(tuple(stack.map(function) for stack in self.stacks))

    def tensors(self) -> list[Tensor]:
        """Return every tensor: the values of all stacks, then the weights."""
        values = [value for stack in self.stacks for value in stack.values.values()]
        return [*values, *(stack.wet for stack in self.stacks)]

    def check(self, kinds: Mapping[int, str]) -> None:
        """Check that the settings fit the processors of a graph.

        Args:
            kinds: number -> kind of each processor.

        Raises:
            GraphError: on a missing node or parameter, a wrong shape, a value that is not finite,
                out of its range or no choice, or values that do not fit one another.
        """
        found = {i: stack.kind for stack in self.stacks for i in stack.nodes}
        if found != dict(kinds):
            wrong = min(set(found.items()) ^ set(kinds.items()))
            raise GraphError(
                f"Expected settings for each processor of the graph and no other; node {wrong[0]} "
                f"({wrong[1]}) is too much or missing. Use settings that belong to this graph."
            )
        for stack in self.stacks:
            count = len(stack.nodes)
            for spec in processor(stack.kind).params:
                value = _checked_tensor(stack.kind, spec, stack.values.get(spec.name), count)
                _check_range(stack.kind, spec.name, value, spec.clip(value), spec.choices)
            if problem := processor(stack.kind).misfit(stack.values):
                raise GraphError(f"{problem} Correct the settings of {stack.kind}.")
            wet = _checked(stack.kind, WET, stack.wet, (count,))
            _check_range(stack.kind, WET, wet, wet.clamp(0.0, 1.0))


def _checked_tensor(kind: str, spec: ParamSpec, value: Tensor | None, count: int) -> Tensor:
    shape = (count, *spec.shape)
    if spec.varies and value is not None and value.ndim == len(shape) and value.shape[1]:
        shape = (count, value.shape[1], *spec.shape[1:])
    return _checked(kind, spec.name, value, shape)


def _checked(kind: str, name: str, value: Tensor | None, shape: tuple[int, ...]) -> Tensor:
    if value is None or tuple(value.shape) != shape:
        came = "nothing" if value is None else f"shape {tuple(value.shape)}"
        raise GraphError(
            f"Expected {name} of {kind} with shape {shape}; got {came}. "
            "Use settings that belong to this graph."
        )
    if not bool(torch.isfinite(value).all()):
        raise GraphError(
            f"Expected finite numbers in {name} of {kind}; got NaN or infinity. "
            "Use settings from a finished fit."
        )
    return value


def _check_range(
    kind: str, name: str, value: Tensor, clipped: Tensor, choices: tuple[float, ...] = ()
) -> None:
    """Check that clipping changed nothing but the rounding of another precision."""
    outside = ~torch.isclose(value, clipped, rtol=1e-6, atol=0.0)
    if bool(outside.any()):
        allowed = f"as {listed([f'{c:g}' for c in choices])}" if choices else "within its range"
        raise GraphError(
            f"Expected {name} of {kind} {allowed}; got {float(value[outside][0]):g}, the "
            f"nearest allowed is {float(clipped[outside][0]):g}. Correct the settings."
        )
