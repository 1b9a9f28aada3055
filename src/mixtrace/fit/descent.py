"""Gradient descent on the variables of a graph, one window a step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from mixtrace.fit.objective import GainStaging, window_parts
from mixtrace.fit.variables import WET, Variables
from mixtrace.fit.windows import SongWindows
from mixtrace.graph import Graph
from mixtrace.losses import Convention, combine

__all__ = ["LEARNING_RATES", "Descent", "Objective"]

LEARNING_RATES: dict[str, float] = {
    "magnitude_db": 0.03,
    "gain_db": 0.01,
    "side_gain_db": 0.01,
    "threshold_db": 0.05,
    "knee_db": 0.05,
    "time_ms": 0.05,
    "slope": 0.05,
    "taps": 0.01,
    "color_db": 0.02,
    "initial_db": 0.1,
    "rt60_s": 0.05,
    "ride_db": 0.02,
    "duration_s": 0.0,
    WET: 0.03,
}
"""Steps of the unconstrained values at full rate, by parameter name."""


@dataclass(frozen=True)
class Objective:
    """What a step minimises.

    Attributes:
        convention: the norm in the spectral convergence.
        gain_staging: weight of the gain-staging regulariser.
        sparsity: weight of the sum of the dry/wet weights.
        sharpness: weight of the sum of (1 - sharpness)^2 / 2 over the delay taps.
        fft_limit: see `render_compiled`.
    """

    convention: Convention = "eq4"
    gain_staging: float = 1e-3
    sparsity: float = 0.0
    sharpness: float = 1.0
    fft_limit: int | None = None


@dataclass
class Descent:
    """Variables of a graph under Adam.

    Attributes:
        graph: the graph.
        windows: the song.
        variables: leaf tensors.
        learning_rates: by parameter name.
    """

    graph: Graph
    windows: SongWindows
    variables: Variables
    learning_rates: Mapping[str, float] = field(default_factory=lambda: dict(LEARNING_RATES))

    def __post_init__(self) -> None:
        """Build the optimiser."""
        self.variables = self.variables.requires_grad()
        self._optimizer = torch.optim.Adam(
            [
                {"params": [value], "lr": self.learning_rates[name], "name": name}
                for (_, name), value in self.variables.values.items()
            ],
            fused=True,
        )

    def step(self, number: int, objective: Objective, rate: float = 1.0) -> float:
        """Take one step on one evaluation window and return its loss before the step.

        Args:
            number: the window.
            objective: what to minimise.
            rate: a factor on every learning rate.
        """
        for group in self._optimizer.param_groups:
            group["lr"] = rate * self.learning_rates[group["name"]]
        self._optimizer.zero_grad(set_to_none=False)
        settings = self.variables.settings()
        staging = GainStaging() if objective.gain_staging else None
        parts = window_parts(
            self.graph,
            settings,
            self.windows,
            *self.windows.window(number),
            fft_limit=objective.fft_limit,
            monitor=staging,
        )
        loss = combine(parts, objective.convention).mean()
        total = loss
        if staging is not None:
            total = total + objective.gain_staging * staging.total
        if objective.sparsity:
            total = total + objective.sparsity * sum(w.sum() for w in settings.wet.values())
        if "multitap_delay" in settings.values:
            sharpness = settings.values["multitap_delay"]["taps"][..., 1]
            total = total + 0.5 * objective.sharpness * (1.0 - sharpness).square().sum()
        total.backward()
        self._optimizer.step()
        self.variables.project()
        return float(loss.detach())

    def keep(self, graph: Graph, rows: Mapping[str, Sequence[int]]) -> "Descent":
        """Return the descent on a smaller graph, the optimiser's memory of its nodes carried on."""
        smaller = Descent(graph, self.windows, self.variables.keep(rows), self.learning_rates)
        old = self._optimizer.state
        for key, value in smaller.variables.values.items():
            state = old.get(self.variables.values[key])
            if state:
                chosen = list(rows[key[0]])
                smaller._optimizer.state[value] = {
                    name: entry.clone() if entry.ndim == 0 else entry[chosen].clone()
                    for name, entry in state.items()
                }
        return smaller

    def memory(self) -> dict[str, Tensor]:
        """Return variables and optimiser state as flat tensors, to be stored."""
        flat: dict[str, Tensor] = {}
        for (kind, name), value in self.variables.values.items():
            flat[f"{kind}/{name}/value"] = value.detach().clone()
            for entry, tensor in self._optimizer.state.get(value, {}).items():
                flat[f"{kind}/{name}/{entry}"] = tensor.clone()
        return flat
