"""Gradient descent on the variables of a graph, a few windows a step."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.descent.adam import Adam
from mixtrace.descent.objective import Objective, settings_loss, shared_operators, window_loss
from mixtrace.descent.recipe import Recipe
from mixtrace.descent.variables import Key, Variables
from mixtrace.descent.windows import SongWindows, Target
from mixtrace.graph import Graph
from mixtrace.parallel import side_by_side
from mixtrace.processors import Settings
from mixtrace.processors.equalizer import Equalizer
from mixtrace.rendering import DryAudio

__all__ = ["Descent"]

_CURVE = (Equalizer.kind, "magnitude_db")


class Descent:
    """The variables of a graph under Adam, which can be stored, restored and cut to fewer nodes.

    Attributes:
        graph: the graph.
        variables: leaf tensors.
    """

    def __init__(
        self,
        graph: Graph,
        variables: Variables,
        windows: SongWindows,
        recipe: Recipe,
    ) -> None:
        """Take copies of the variables.

        Args:
            graph: the graph.
            variables: where to start.
            windows: the song.
            recipe: its learning rates and second moments are taken.
        """
        self.graph = graph
        self.variables = variables.to(windows.device).requires_grad()
        self._windows = windows
        self._recipe = recipe
        self.forget()

    @property
    def settings(self) -> Settings:
        """The physical settings as they stand, without gradients."""
        with torch.no_grad():
            return self.variables.settings()

    def forget(self) -> None:
        """Start the optimiser anew: no moments."""
        self._adam = Adam(self.variables.values, self._recipe.second_moment)

    def step(
        self,
        batch: Sequence[tuple[DryAudio, Target]],
        objective: Objective,
        *,
        rate: float = 1.0,
        sparsity: float = 0.0,
    ) -> Float[Tensor, ""]:
        """Take one step on some windows and return their match before it, where it was computed.

        Args:
            batch: dry audio and targets of the windows, which are rendered side by side.
            objective: what to minimise, on the mean over the windows.
            rate: a factor on every learning rate.
            sparsity: how much of the objective's sparsity weight is in force, 0 to 1.
        """
        settings = self.variables.settings()
        dry_audio = [dry for dry, _ in batch]
        operators = shared_operators(self.graph, settings, self._windows, dry_audio, objective)
        apart = settings.map(lambda value: value.detach().requires_grad_())
        seen = [*apart.tensors(), *operators.leaves]

        def gradients(window: tuple[DryAudio, Target]) -> tuple[Tensor, Sequence[Any]]:
            total, match = window_loss(
                self.graph, apart, self._windows, *window, objective, operators=operators
            )
            if not total.requires_grad:
                return match.detach(), [None] * len(seen)
            return match.detach(), torch.autograd.grad(total / len(batch), seen, allow_unused=True)

        found = side_by_side(gradients, batch, self._windows.at_once)
        matches, slopes = zip(*found, strict=True)
        own = settings_loss(self.graph, settings, self._windows, objective, sparsity)
        given = [_sum(each) for each in zip(*slopes, strict=True)]
        small = settings.tensors()
        parts = [[(own, torch.ones_like(own)), *zip(small, given[: len(small)], strict=True)]]
        parts += [[pair] for pair in zip(operators.computed, given[len(small) :], strict=True)]
        self._pass_back(parts)
        rates = {key: rate * self._recipe.rate(*key) for key in self.variables.values}
        self._adam.step(rates)
        self.variables.project()
        if self._recipe.level_unheard:
            self._level_unheard()
        return torch.stack(matches).mean()

    def _pass_back(self, parts: Sequence[Sequence[tuple[Tensor, Tensor | None]]]) -> None:
        """Set the gradients of the variables.

        Args:
            parts: tensors with their gradients, those together that take little time.
        """
        leaves = list(self.variables.values.values())

        def passed(part: Sequence[tuple[Tensor, Tensor | None]]) -> Sequence[Tensor | None]:
            known = [(o, given) for o, given in part if o.requires_grad and given is not None]
            if not known:
                return [None] * len(leaves)
            outputs, given = zip(*known, strict=True)
            return torch.autograd.grad(outputs, leaves, given, retain_graph=True, allow_unused=True)

        found = side_by_side(passed, parts, self._windows.at_once)
        for leaf, each in zip(leaves, zip(*found, strict=True), strict=True):
            leaf.grad = _sum(each)

    @torch.no_grad()
    def _level_unheard(self) -> None:
        """Let each EQ curve go on level where what it stands on does not sound."""
        value = self.variables.values.get(_CURVE)
        if value is not None:
            nearest = self._windows.nearest_heard(self.graph)
            value.copy_(value.gather(-1, nearest))

    def keep(self, graph: Graph) -> "Descent":
        """Return the descent on a smaller graph, with the optimiser's memory of its nodes."""
        rows = self.variables.rows(graph.processors)
        kept = self.variables.keep(graph.processors)
        smaller = Descent(graph, kept, self._windows, self._recipe)
        for key in smaller.variables.values.keys() & self._adam.memory.keys():
            chosen = rows[key[0]]
            smaller._adam.memory[key] = {
                name: entry.clone() if entry.ndim == 0 else entry[chosen].clone()
                for name, entry in self._adam.memory[key].items()
            }
        return smaller

    def copy(self) -> "Descent":
        """Return the descent as it stands, which further steps on this one leave alone."""
        return Descent.from_memory(self.graph, self.memory(), self._windows, self._recipe)

    def memory(self) -> dict[str, Tensor]:
        """Return variables and optimiser state as named tensors."""
        flat: dict[str, Tensor] = {}
        for key, nodes in self.variables.nodes.items():
            flat[f"{key}/nodes"] = torch.tensor(nodes)
        for (key, name), value in self.variables.values.items():
            flat[f"{key}/{name}/value"] = value.detach().clone()
            for entry, tensor in self._adam.memory.get((key, name), {}).items():
                flat[f"{key}/{name}/{entry}"] = tensor.clone()
        return flat

    @classmethod
    def from_memory(
        cls,
        graph: Graph,
        memory: Mapping[str, Tensor],
        windows: SongWindows,
        recipe: Recipe,
    ) -> "Descent":
        """Return the descent whose `memory` this is."""
        values: dict[Key, Tensor] = {}
        states: dict[Key, dict[str, Tensor]] = {}
        nodes: dict[str, tuple[int, ...]] = {}
        for path, tensor in memory.items():
            key, *rest = path.split("/")
            if rest == ["nodes"]:
                nodes[key] = tuple(tensor.tolist())
            elif rest[1] == "value":
                values[key, rest[0]] = tensor
            else:
                states.setdefault((key, rest[0]), {})[rest[1]] = tensor
        descent = cls(graph, Variables(values, nodes), windows, recipe)
        for key, state in states.items():
            descent._adam.memory[key] = {
                name: tensor.to(windows.device).clone() for name, tensor in state.items()
            }
        return descent


def _sum(gradients: Sequence[Tensor | None]) -> Tensor | None:
    """Return the sum of gradients; None where there is none."""
    known = [gradient for gradient in gradients if gradient is not None]
    return sum(known[1:], known[0]) if known else None
