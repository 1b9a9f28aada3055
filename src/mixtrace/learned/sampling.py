"""Which numbers the pairs of a turn are made from: the sampling of self-training, and its ablation.

Source: Zhou et al. 2024, whose comparison has these four: none, random, of a fixed width, and of a
width that decreases from turn to turn, sigma = sigma_0 gamma^t.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.errors import MixtraceError
from mixtrace.learned.dials import DIALS
from mixtrace.learned.engine import Engine
from mixtrace.learned.excerpts import Example, Excerpts

__all__ = ["SAMPLINGS", "Sampling", "drawn_pairs"]

SAMPLINGS = ("none", "random", "fixed", "decreasing")
"""The ways to draw, by name."""

_TRIES = 50


@dataclass(frozen=True)
class Sampling:
    """How numbers are drawn around an estimate.

    Attributes:
        kind: `none` takes the estimate itself, `random` anything between -1 and 1 whatever the
            estimate is, `fixed` draws around it by the same width in every turn, `decreasing` by
            ever less.
        width: the standard deviation in the first turn.
        shrinking: by what it is multiplied from turn to turn, where it decreases.
    """

    kind: str = "decreasing"
    width: float = 0.4
    shrinking: float = 0.95

    def check(self) -> None:
        """Refuse what cannot be drawn.

        Raises:
            MixtraceError: a number out of range, or no such kind.
        """
        if self.kind not in SAMPLINGS:
            raise MixtraceError(
                f"Expected a sampling among {', '.join(SAMPLINGS)}; got '{self.kind}'. "
                "Choose one of them."
            )
        if not 0.0 < self.width <= 2.0:
            raise MixtraceError(
                f"Expected a width of the sampling above 0 and at most 2; got {self.width}. "
                "Try 0.4."
            )
        if not 0.0 < self.shrinking <= 1.0:
            raise MixtraceError(
                f"Expected the width to shrink by a factor above 0 and at most 1; got "
                f"{self.shrinking}. Try 0.95."
            )

    def width_at(self, turn: int) -> float:
        """Return the standard deviation of a turn, counted from 0; 0 where nothing is drawn so."""
        if self.kind in ("none", "random"):
            return 0.0
        return self.width * (self.shrinking**turn if self.kind == "decreasing" else 1.0)

    def draw(
        self, estimate: Float[Tensor, "track 16"], turn: int, rng: np.random.Generator
    ) -> Float[Tensor, "track 16"]:
        """Return numbers between -1 and 1."""
        shape = (len(estimate), len(DIALS))
        if self.kind == "random":
            return torch.from_numpy(rng.uniform(-1.0, 1.0, shape)).float()
        moved = torch.from_numpy(rng.standard_normal(shape)).float()
        return (estimate + self.width_at(turn) * moved).clamp(-1.0, 1.0)


def drawn_pairs(
    excerpts: Excerpts,
    engine: Engine,
    count: int,
    rng: np.random.Generator,
    numbers: Callable[[], Float[Tensor, "track 16"]],
    most_tracks: int | None = None,
    before: Callable[[int], None] = lambda done: None,
) -> list[Example]:
    """Return windows of mixes that an engine makes, with what made them.

    Args:
        excerpts: of a song.
        engine: makes the mixes.
        count: how many pairs.
        rng: draws the windows.
        numbers: draws those of all tracks of the song, for each pair anew.
        most_tracks: more are not mixed at once, but as many of those that sound, drawn; None mixes
            all.
        before: called before each pair with how many are made; may raise to stop.

    Raises:
        MixtraceError: no window was found in which a track sounds.
    """
    pairs: list[Example] = []
    for _ in range(_TRIES * count):
        if len(pairs) == count:
            break
        before(len(pairs))
        start = excerpts.drawn_start(rng)
        rows = excerpts.sounding(start)
        if most_tracks is not None and len(rows) > most_tracks:
            rows = tuple(sorted(rng.permutation(rows)[:most_tracks].tolist()))
        if rows:
            pairs.append(excerpts.made(start, numbers(), engine, rows))
    if len(pairs) < count:
        raise MixtraceError(
            "Expected tracks that sound; in next to no window of this song does one. "
            "Leave it out, or check its files."
        )
    return pairs
