"""The loss of a window, the regularisers of a step, and the loss of a whole song."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.descent.parsimony import parsimony
from mixtrace.descent.windows import SongWindows, Target
from mixtrace.graph import Graph
from mixtrace.losses import Convention, LossParts, combine
from mixtrace.processors import Settings, processor
from mixtrace.rendering import (
    DryAudio,
    KeptOperators,
    prepare_operators,
    render_compiled,
    render_scheduled,
)

__all__ = [
    "Objective",
    "group_parts",
    "prepare_group",
    "settings_loss",
    "shared_operators",
    "song_loss",
    "song_parts",
    "window_loss",
]

_POWER_FLOOR = 1e-12


@dataclass(frozen=True)
class Objective:
    """What a step minimises.

    Attributes:
        strategy: `compiled` renders with the compiled plan, `scheduled` batch after batch of one
            type, which shows the gain-staging regulariser each node's own audio, as published.
        convention: the norm in the spectral convergence.
        fft_limit_s: for `compiled`, see `render_compiled`; in seconds.
        gain_staging: weight of the gain-staging regulariser.
        sharpness: weight of the regularisers of single processors: how blunt delay taps are.
        sparsity: final weight of the sum of the dry/wet weights, while pruning.
        parsimony: weight of `parsimony`.
    """

    strategy: Literal["compiled", "scheduled"] = "compiled"
    convention: Convention = "published"
    fft_limit_s: float | None = 3.8
    gain_staging: float = 1e-3
    sharpness: float = 1.0
    sparsity: float = 1e-4
    parsimony: float = 1e-3


def shared_operators(
    graph: Graph,
    settings: Settings,
    windows: SongWindows,
    batch: Sequence[DryAudio],
    objective: Objective,
) -> KeptOperators:
    """Return what the linear nodes do, once for all windows of a step, ready to be rendered."""
    operators = KeptOperators(settings)
    if objective.strategy == "compiled":
        limit, rate = _fft_limit(objective, windows), windows.sample_rate_hz
        for dry in batch:
            prepare_operators(
                operators,
                graph,
                dry,
                rate,
                time=windows.time,
                fft_limit=limit,
                at_once=windows.at_once,
            )
    return operators


def window_loss(
    graph: Graph,
    settings: Settings,
    windows: SongWindows,
    dry: DryAudio,
    target: Target,
    objective: Objective,
    *,
    operators: KeptOperators | None = None,
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Return the match on some windows with what depends on their audio, and the match alone.

    Args:
        graph: the graph.
        settings: its settings, differentiable.
        windows: the song.
        dry: dry audio of the windows.
        target: of the same windows.
        objective: weights and conventions.
        operators: of these settings, where several windows share them.
    """
    if objective.strategy == "compiled":
        staging = GainStaging()
        estimate = render_compiled(
            graph,
            settings,
            dry,
            windows.sample_rate_hz,
            time=windows.time,
            fft_limit=_fft_limit(objective, windows),
            monitor=staging,
            operators=operators,
        )
    else:
        staging = PublishedGainStaging()
        silence = torch.zeros((1, windows.time), device=windows.device)
        estimate = render_scheduled(
            graph,
            settings,
            [silence if t is None else t[0] for t in dry.tracks],
            windows.sample_rate_hz,
            observer=staging,
        )[None]
    match = combine(windows.compare(estimate, target), objective.convention).mean()
    return match + objective.gain_staging * staging.total, match


def settings_loss(
    graph: Graph,
    settings: Settings,
    windows: SongWindows,
    objective: Objective,
    sparsity: float = 0.0,
) -> Float[Tensor, ""]:
    """Return the regularisers that no window's audio enters.

    Args:
        graph: the graph.
        settings: its settings, differentiable.
        windows: the song.
        objective: the weights.
        sparsity: how much of the objective's sparsity weight is in force, 0 to 1.
    """
    total = torch.zeros((), device=windows.device)
    if sparsity:
        total = total + sparsity * objective.sparsity * sum(s.wet.sum() for s in settings.stacks)
    if objective.parsimony:
        total = total + objective.parsimony * parsimony(settings, windows.heard(graph))
    for stack in settings.stacks:
        own = processor(stack.kind).regulariser(stack.values)
        if own is not None:
            total = total + objective.sharpness * own
    return total


def _fft_limit(objective: Objective, windows: SongWindows) -> int | None:
    limit = objective.fft_limit_s
    return None if limit is None else round(limit * windows.sample_rate_hz)


@torch.no_grad()
def song_parts(
    graph: Graph,
    settings: Settings,
    windows: SongWindows,
    numbers: Sequence[int] | None = None,
    *,
    operators: KeptOperators | None = None,
) -> LossParts:
    """Return the loss of some evaluation windows, or of all, in parts [window, 4, 3].

    Args:
        graph: the graph.
        settings: its settings.
        windows: the song.
        numbers: which windows; None for all.
        operators: of these settings, where they shall outlast this call.
    """
    chosen = range(windows.count) if numbers is None else numbers
    source = operators or KeptOperators(settings)

    @torch.no_grad()  # which holds for a thread, not for those it starts
    def of_group(group: tuple[int, ...]) -> LossParts:
        return group_parts(graph, settings, windows, group, source)

    @torch.no_grad()
    def prepare(group: tuple[int, ...]) -> None:
        prepare_group(source, graph, windows, group)

    parts = windows.each(of_group, windows.groups(chosen), prepare)
    return LossParts(
        torch.cat([p.log_distance for p in parts]),
        torch.cat([p.convergence_eq4 for p in parts]),
        torch.cat([p.convergence_published for p in parts]),
    )


def group_parts(
    graph: Graph,
    settings: Settings,
    windows: SongWindows,
    numbers: tuple[int, ...],
    operators: KeptOperators,
) -> LossParts:
    """Return the loss of a group of evaluation windows, in parts [window, 4, 3]."""
    dry, target = windows.group(numbers)
    estimate = render_compiled(
        graph,
        settings,
        dry,
        windows.sample_rate_hz,
        time=windows.time,
        uncounted=windows.warm_up,
        operators=operators,
    )
    return windows.compare(estimate, target)


def prepare_group(
    operators: KeptOperators, graph: Graph, windows: SongWindows, numbers: tuple[int, ...]
) -> None:
    """Compute what linear nodes do in a group of evaluation windows.

    Called for one group after another it stacks the same nodes in every run: transforms of other
    stacks round otherwise.
    """
    dry, _ = windows.group(numbers)
    rate, time = windows.sample_rate_hz, windows.time
    prepare_operators(operators, graph, dry, rate, time=time, uncounted=windows.warm_up)


def song_loss(graph: Graph, settings: Settings, windows: SongWindows) -> dict[str, float]:
    """Return L_a of a whole song in both conventions: the mean over its evaluation windows."""
    parts = song_parts(graph, settings, windows)
    return {
        "published": float(combine(parts, "published").double().mean()),
        "eq4": float(combine(parts, "eq4").double().mean()),
    }


@dataclass
class GainStaging:
    """Collects |log rms out - log rms in| over the filters of a graph while it is rendered.

    The powers come from every sixteenth frequency, dry/wet included: enough for a regulariser.

    Source: Lee et al. 2025, arXiv 2509.15948, gain-staging regularisation.
    """

    total: Float[Tensor, ""] = field(default_factory=lambda: torch.zeros(()))

    def __call__(
        self, entering: Float[Tensor, " filter"], leaving: Float[Tensor, " filter"]
    ) -> None:
        """Add filters by the powers that enter and leave them."""
        change = torch.log((leaving + _POWER_FLOOR) / (entering + _POWER_FLOOR))
        self.total = self.total + 0.5 * change.abs().sum()


@dataclass
class PublishedGainStaging:
    """Collects |log energy out - log energy in| of the fully wet audio of EQ and reverb nodes.

    Source: the reference implementation of Lee et al. 2025, arXiv 2509.15948, which leaves the
    delay out and compares energies, so twice the logarithm of the rms.
    """

    total: Float[Tensor, ""] = field(default_factory=lambda: torch.zeros(()))

    def __call__(self, kind: str, nodes: tuple[int, ...], entering: Tensor, wet: Tensor) -> None:
        """Add a batch of nodes of one kind."""
        if processor(kind).levelled:
            before = torch.log(entering.square().mean((-1, -2)) + 1e-7)
            after = torch.log(wet.square().mean((-1, -2)) + 1e-7)
            self.total = self.total + (before - after).abs().sum()
