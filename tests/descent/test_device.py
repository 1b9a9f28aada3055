"""A step on another device: nothing stays on the CPU and nothing is copied back.

The device is torch's `meta`, which computes shapes alone: to mix it with the CPU is an error, and
so is to ask it for a number, which on an accelerator would be a copy to the host and a wait.
"""

import pytest
import torch
from consoles import STUDIO

from mixtrace.descent import Objective, Variables
from mixtrace.descent.objective import settings_loss, shared_operators, window_loss
from mixtrace.descent.windows import SongWindows, Target
from mixtrace.graph import Graph, build_console
from mixtrace.losses import MixLoss
from mixtrace.prune import PublishedRecipe
from mixtrace.rendering import DryAudio, Incremental, Prepared

META = torch.device("meta")
TRACKS = [("kick", "drums"), ("keys", "keys"), ("voice", "vocals")]
TIME, WARM_UP = 114_000, 30_000


class Elsewhere(SongWindows):
    """Windows of a song without audio: a mono, a stereo and a silent track."""

    def __init__(self) -> None:
        self.sample_rate_hz, self.time, self.warm_up, self.device = 30_000, TIME, WARM_UP, META
        self.loss = MixLoss(30_000, device=META)
        self.at_once = 1

    def heard(self, graph: Graph):
        return torch.empty((len(graph.of_kind("equalizer")), 1024), device=META)

    def window(self, number: int):
        mono, stereo = (torch.empty((1, c, TIME), device=META) for c in (1, 2))
        target = torch.empty((1, 2, TIME - WARM_UP), device=META)
        dry = DryAudio([mono, stereo, None], torch.empty(1, device=META))
        return dry, Target(self.loss.features(target))


@pytest.mark.parametrize("objective", [Objective(), PublishedRecipe().descent.objective])
def test_a_step_stays_where_the_windows_are(objective: Objective) -> None:
    graph = build_console(TRACKS, STUDIO)
    variables = Variables.random(graph, torch.Generator().manual_seed(0))
    variables = variables.to(META).requires_grad()
    windows = Elsewhere()
    settings, (dry, target) = variables.settings(), windows.window(0)
    operators = shared_operators(graph, settings, windows, [dry], objective)
    total, match = window_loss(
        graph, settings, windows, dry, target, objective, operators=operators
    )
    assert total.device == match.device == META
    (total + settings_loss(graph, settings, windows, objective, 1.0)).backward(retain_graph=True)
    if operators.leaves:  # the published step gathers nothing for several windows
        gathered = [leaf.grad for leaf in operators.leaves]
        torch.autograd.backward(operators.computed, gathered)
    for key, value in variables.values.items():
        assert value.grad is not None and value.grad.device == META, key
    variables.project()


def test_a_trial_stays_where_the_windows_are() -> None:
    graph = build_console(TRACKS, STUDIO)
    variables = Variables.random(graph, torch.Generator().manual_seed(0)).to(META)
    windows = Elsewhere()
    dry, target = windows.window(0)
    prepared = Prepared(graph, variables.settings(), 30_000, TIME, TIME + WARM_UP)
    incremental = Incremental(prepared, dry)
    for removed in ([], graph.processors[:1], graph.processors):
        parts = windows.compare(incremental.render(removed), target)
        assert parts.log_distance.device == META
    assert windows.compare(None, target).log_distance.device == META
