"""Responses of several lengths, read on three quarters of a song and judged on the last."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mixtrace.captured.channels import Channels
from mixtrace.captured.filtering import Filters
from mixtrace.captured.plan import Plan
from mixtrace.captured.responses import Solution

__all__ = ["Trial", "best_length", "folds_of"]

_FOLD_S = 2.0
_FOLDS = 4  # of them one is judged, three are learnt from
_PLAYS = 0.05  # of a track's energy: what has to lie in a part of the song to tell of it
_AT_ONCE_S = 10.0
_EVEN = 0.01  # of an error: twice the length may lose it, half must gain it. Read on the whole song
# the longer response gains the more, and a quiet tail is heard more than it weighs here


def folds_of(
    heard: Bool[Tensor, " time"], sample_rate_hz: int
) -> tuple[Bool[Tensor, " time"], Bool[Tensor, " time"]]:
    """Return which of the samples that are heard are learnt from, and which are judged on."""
    judged = torch.arange(len(heard)) // round(_FOLD_S * sample_rate_hz) % _FOLDS == 2
    return heard & ~judged, heard & judged


@dataclass(frozen=True, eq=False)
class Trial:
    """Tracks and mix, whitened, and which samples are learnt from and judged on.

    Attributes:
        dry: the tracks.
        wet: the mix.
        learnt: what is learnt from.
        judged: what is judged on.
        lead: taps before time zero.
        sample_rate_hz: the rate.
    """

    dry: Channels
    wet: Float[Tensor, "2 time"]
    learnt: Bool[Tensor, " time"]
    judged: Bool[Tensor, " time"]
    lead: int
    sample_rate_hz: int

    def known(self) -> tuple[Bool[Tensor, " input"], Bool[Tensor, " input"]]:
        """Return which channels play enough where it is learnt from, and where it is judged on."""
        there, here = torch.zeros((2, len(self.dry)), dtype=torch.float64)
        for begin, end in self._spans(self.learnt | self.judged):
            power = self.dry.part(begin, end).square()
            there += power @ self.learnt[begin:end].float()
            here += power @ self.judged[begin:end].float()
        least = _PLAYS * (there + here)
        return there > least, here > least

    def error(self, responses: Float[Tensor, "2 input taps"]) -> float:
        """Return the energy of what responses leave of the mix where it is judged."""
        filters = Filters.of(responses, self.lead)
        return sum(
            float((self.wet[:, begin:end] - filters.summed(self.dry, begin, end)).square().sum())
            for begin, end in self._spans(self.judged)
        )

    def holds(
        self, responses: Float[Tensor, "2 input taps"], inputs: Sequence[Sequence[int]]
    ) -> list[float]:
        """Return the factor at which each track's part fits best where it is judged.

        NaN where that cannot be told.
        """
        learnt, here = self.known()
        filters = Filters.of(responses, self.lead)
        power, along = torch.zeros((2, len(inputs)), dtype=torch.float64)
        for begin, end in self._spans(self.judged):
            parts = filters.each(self.dry, begin, end)
            rest = self.wet[:, begin:end] - parts.sum(0)
            for k, mine in enumerate(inputs):
                part = parts[mine].sum(0)
                power[k] += part.square().sum()
                along[k] += (part * rest).sum()
        sure = [
            bool(learnt[c].all() and here[c].any() and power[k] > 0) for k, c in enumerate(inputs)
        ]
        return [
            1.0 + float(along[k] / power[k]) if told else float("nan")
            for k, told in enumerate(sure)
        ]

    def _spans(self, where: Bool[Tensor, " time"]) -> Iterator[tuple[int, int]]:
        """Yield where runs of samples begin and end, long ones cut."""
        change = torch.nn.functional.pad(where, (1, 1)).int().diff().nonzero()[:, 0].tolist()
        at_once = round(_AT_ONCE_S * self.sample_rate_hz)
        for begin, end in zip(change[::2], change[1::2], strict=True):
            for first in range(begin, end, at_once):
                yield first, min(first + at_once, end)


def best_length(
    plan: Plan,
    trial: Trial,
    read: Callable[[int, Solution | None], Solution],
    start: Solution,
) -> Solution:
    """Return the solution of the length that judges best.

    Args:
        plan: the lengths.
        trial: what they are judged on.
        read: the solution at so many taps, from another.
        start: a first solution, of any length.
    """
    tried: dict[int, tuple[float, Solution]] = {}

    def error(place: int, near: Solution) -> float:
        if place not in tried:
            found = read(plan.lengths[place], near)
            tried[place] = (trial.error(found.found), found)
        return tried[place][0]

    best = plan.usual
    error(best, start)
    while best + 1 < len(plan.lengths):
        if error(best + 1, tried[best][1]) > (1.0 + _EVEN) * tried[best][0]:
            break
        best += 1
    while best > 0 and best - 1 not in tried:
        if error(best - 1, tried[best][1]) > (1.0 - _EVEN) * tried[best][0]:
            break
        best -= 1
    return tried[best][1]
