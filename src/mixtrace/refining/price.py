"""What a chain of plug-ins costs: L_a of what it makes of some windows of a song."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.losses import WARM_UP_S, WINDOW_S, MixLoss, combine, evaluation_windows
from mixtrace.metrics import LOSS_RATE_HZ, at_loss_rate
from mixtrace.processors import Settings
from mixtrace.refining.engine import Engine
from mixtrace.unseen import Range, divided_windows

__all__ = ["ChainPrice", "searched_windows"]

_LEAD_IN_S = 1.0
"""Played before a window's own warm-up, for reverbs of plug-ins ring on longer than that."""

_BEHIND_S = 0.1
"""Played behind a window, for resampling needs some of what follows."""

_DEAR = 1e3
"""The price of audio that is not finite: a chain that broke down; silence costs far less."""


class ChainPrice:
    """L_a of some windows, as a function of settings.

    Attributes:
        starts: the first samples of the windows at the rate of L_a.
    """

    def __init__(
        self,
        engine: Engine,
        mix: Float[np.ndarray, "2 time"],
        sample_rate_hz: int,
        starts: Sequence[int],
    ) -> None:
        """Take the windows of the mix.

        Args:
            engine: what renders.
            mix: the mix to match.
            sample_rate_hz: its rate and the engine's.
            starts: first samples of the windows at the rate of L_a.
        """
        self._engine, self._rate_hz, self.starts = engine, sample_rate_hz, tuple(starts)
        self._length = mix.shape[-1]
        target = at_loss_rate(mix, sample_rate_hz)
        self._loss = MixLoss(LOSS_RATE_HZ)
        self._features = self._loss.features(torch.stack([_counted(target, s) for s in starts]))

    @torch.no_grad()
    def __call__(self, settings: Settings) -> float:
        """Return L_a by the published convention, the mean over the windows."""
        parts = self._engine.render(settings, self._spans)
        pairs = zip(parts, self._spans, self.starts, strict=True)
        found = []
        for audio, (begin, _), start in pairs:
            began = round(begin * LOSS_RATE_HZ / self._rate_hz)
            found.append(_counted(at_loss_rate(audio, self._rate_hz), start - began))
        loss = self._loss.parts(torch.stack(found), self._features)
        price = float(combine(loss, "published").mean(dtype=torch.float64))
        return price if np.isfinite(price) else _DEAR

    @cached_property
    def _spans(self) -> list[tuple[int, int]]:
        """What is rendered for each window, in samples of the mix.

        Nothing behind the end of the mix: what rings on there is cut off from a whole song, too.
        """
        found = []
        for start in self.starts:
            start_s = start / LOSS_RATE_HZ
            ends_s = (max(0.0, start_s - _LEAD_IN_S), start_s + WINDOW_S + _BEHIND_S)
            begin, stop = (round(end_s * self._rate_hz) for end_s in ends_s)
            found.append((begin, min(stop, self._length)))
        return found


def searched_windows(length_samples: int, held_out: Sequence[Range], most: int) -> list[int]:
    """Return windows spread evenly over what of a song is not held out.

    Args:
        length_samples: of the song at the rate of L_a.
        held_out: what is held out of it.
        most: how many windows at most.

    Returns:
        Their first samples at the rate of L_a, ascending.

    Raises:
        AudioError: the song is not longer than a second.

    >>> searched_windows(30_000 * 30, [], 3)
    [84000, 420000, 756000]
    """
    every = evaluation_windows(length_samples, LOSS_RATE_HZ)
    if held_out:
        every, _ = divided_windows(length_samples, LOSS_RATE_HZ, held_out)
    count = min(most, len(every))
    return [every[int((number + 0.5) * len(every) / count)] for number in range(count)]


def _counted(audio: Float[Tensor, "2 time"], start: int) -> Float[Tensor, "2 counted"]:
    """Return what is counted of a window, with silence where the audio ends before it."""
    first, last = (start + round(s * LOSS_RATE_HZ) for s in (WARM_UP_S, WINDOW_S))
    part = audio[:, first:last]
    return torch.nn.functional.pad(part, (0, last - first - part.shape[-1]))
