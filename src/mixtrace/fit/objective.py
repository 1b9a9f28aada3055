"""The loss of a window, its regularisers, and the loss of a whole song."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.fit.windows import SongWindows
from mixtrace.graph import Graph
from mixtrace.losses import Convention, LossFeatures, LossParts, combine
from mixtrace.processors import Settings
from mixtrace.render import DryAudio, render_compiled

__all__ = ["GainStaging", "song_loss", "song_parts", "window_parts"]


def window_parts(
    graph: Graph,
    settings: Settings,
    windows: SongWindows,
    dry: DryAudio,
    features: LossFeatures,
    *,
    fft_limit: int | None = None,
    monitor: "GainStaging | None" = None,
) -> LossParts:
    """Render windows and compare their counted part with the target."""
    estimate = render_compiled(
        graph,
        settings,
        dry,
        windows.sample_rate_hz,
        time=windows.time,
        fft_limit=fft_limit,
        monitor=monitor,
    )
    if estimate is None:
        estimate = torch.zeros(
            (features.norm[0].shape[0], 2, windows.time), device=windows.device
        )
    return windows.loss.parts(estimate[..., windows.warm_up :], features)


@torch.no_grad()
def song_parts(
    graph: Graph, settings: Settings, windows: SongWindows, numbers: Sequence[int] | None = None
) -> LossParts:
    """Return the parts of the loss of evaluation windows, [window, 4, 3]; all of them if not told."""
    chosen = range(windows.count) if numbers is None else numbers
    parts = [window_parts(graph, settings, windows, *windows.window(n)) for n in chosen]
    return LossParts(
        torch.cat([p.log_distance for p in parts]),
        torch.cat([p.convergence_eq4 for p in parts]),
        torch.cat([p.convergence_published for p in parts]),
    )


def song_loss(
    graph: Graph,
    settings: Settings,
    windows: SongWindows,
    convention: Convention = "published",
) -> float:
    """Return L_a of a whole song: the mean over its evaluation windows."""
    return float(combine(song_parts(graph, settings, windows), convention).double().mean())


@dataclass
class GainStaging:
    """Collects |log rms out - log rms in| over the filters of a graph while it is rendered.

    Energies are summed over every `stride`-th frequency, which is enough for a regulariser.

    Source: Lee et al. 2025, arXiv 2509.15948, gain-staging regularisation.
    """

    stride: int = 16
    total: Float[Tensor, ""] = field(default_factory=lambda: torch.zeros(()))

    def __call__(self, node: int, spectrum: Tensor, response: Tensor) -> None:
        """Add one filter: the spectrum that enters it and its response, dry/wet included."""
        entering = spectrum[..., :: self.stride]
        leaving = entering * response[..., :: self.stride]
        energy_in, energy_out = _energy(entering), _energy(leaving)
        self.total = self.total + 0.5 * torch.abs(torch.log(energy_out / energy_in))


def _energy(spectrum: Tensor) -> Tensor:
    return torch.view_as_real(spectrum).square().mean() + 1e-12
