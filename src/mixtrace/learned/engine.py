"""What turns numbers into a mix: an engine; nothing of it needs a gradient.

`mixtrace` is our own renderer. An engine of other makers has dials of the same names, and says in
its own file how it takes them.
"""

from collections.abc import Sequence
from functools import cache
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.errors import MixtraceError
from mixtrace.graph import ConsolePreset, Graph, build_console
from mixtrace.learned.dials import CHAIN, values_of
from mixtrace.rendering import DryAudio, render_compiled

__all__ = ["ENGINES", "Engine", "OwnEngine", "engine_of"]

ENGINES = ("mixtrace", "pedalboard", "dawdreamer")
"""The engines by name."""


@runtime_checkable
class Engine(Protocol):
    """A chain of effects for every track, and their sum."""

    def mix(
        self,
        numbers: Float[Tensor, "track 16"],
        tracks: Sequence[Float[Tensor, "_channel time"]],
        sample_rate_hz: int,
    ) -> Float[Tensor, "2 time"]:
        """Return the mix of tracks, from rest.

        Args:
            numbers: between -1 and 1, as `DIALS` tells them, a row a track.
            tracks: dry, of one or two channels, all of one length.
            sample_rate_hz: their rate.
        """
        ...


class OwnEngine:
    """Our processors, rendered without gradients."""

    @torch.no_grad()
    def mix(
        self,
        numbers: Float[Tensor, "track 16"],
        tracks: Sequence[Float[Tensor, "_channel time"]],
        sample_rate_hz: int,
    ) -> Float[Tensor, "2 time"]:
        """Return the mix of tracks, from rest."""
        graph = _anonymous(len(tracks))
        heard = [track[None] if bool(track.any()) else None for track in tracks]
        dry = DryAudio(heard, torch.zeros(1))
        time = tracks[0].shape[-1]
        mix = render_compiled(
            graph, values_of(numbers, graph), dry, float(sample_rate_hz), time=time
        )
        return torch.zeros((2, time)) if mix is None else mix[0]


def engine_of(name: str) -> Engine:
    """Return the engine of a name.

    Raises:
        MixtraceError: there is none of that name, or its package is not installed.
    """
    if name == "mixtrace":
        return OwnEngine()
    if name == "pedalboard":
        from mixtrace.learned.pedalboard_engine import PedalboardEngine

        return PedalboardEngine()
    if name == "dawdreamer":
        from mixtrace.learned.dawdreamer_engine import DawDreamerEngine

        return DawDreamerEngine()
    raise MixtraceError(
        f"Expected an engine among {', '.join(ENGINES)}; got '{name}'. Choose one of them."
    )


@cache
def _anonymous(tracks: int) -> Graph:
    """Return the console of so many tracks; what they are called does not matter for a mix."""
    return build_console([(str(k), "all") for k in range(tracks)], ConsolePreset(CHAIN, ()))
