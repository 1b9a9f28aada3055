"""What compressors, gates and limiters have in common: times, gain, choices and look-ahead."""

import math
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float
from torch import Tensor

from mixtrace.params import Affine, Between, ParamSpec
from mixtrace.processors.base import DynamicsProcessor, Lengths, Values
from mixtrace.processors.told import NodeSettings
from mixtrace.units import DB_PER_NEPER
from mixtrace.wording import seconds

__all__ = [
    "LONGEST_LOOK_AHEAD_MS",
    "DialledDynamics",
    "attack_param",
    "choice_param",
    "gain_up_param",
    "in_samples",
    "look_ahead_param",
    "release_param",
    "soft_knee_db",
    "time_words",
    "whole_look_ahead",
]

LONGEST_LOOK_AHEAD_MS = 10.0
"""Longer than any attack that catches a transient, and too short to sound as a fade before it."""

_SHORTEST_MS = 1e-3
_NARROWEST_DB = 1e-6


class DialledDynamics(DynamicsProcessor):
    """A processor with the dials of a plug-in: it is inserted, and may look ahead."""

    start_wet = 1.0

    def reach(self, sample_rate_hz: float, lengths: Lengths) -> tuple[int, int]:
        """Return the longest look-ahead."""
        return whole_look_ahead(sample_rate_hz), 0

    def times(self, node: NodeSettings, *names: str) -> Iterator[tuple[str, str]]:
        """Yield the dials of some parameters in ms."""
        for name in names:
            yield self.param(name).label, seconds(node.number(name) / 1000.0)


def attack_param(start: float, meaning: str) -> ParamSpec:
    """Return the attack, at which our search starts with some milliseconds."""
    return _time_param("attack", 0.1, 200.0, start, meaning)


def release_param(start: float, meaning: str) -> ParamSpec:
    """Return the release, at which our search starts with some milliseconds."""
    return _time_param("release", 5.0, 2000.0, start, meaning)


def _time_param(name: str, low: float, high: float, start: float, meaning: str) -> ParamSpec:
    return ParamSpec(
        name=f"{name}_ms",
        unit="ms",
        low=low,
        high=high,
        neutral=None,
        init=0.0,
        warp=Between(low, high),
        shape=(),
        label=name,
        meaning=meaning,
        start=start,
        rate=0.1,
    )


def gain_up_param(name: str, label: str, meaning: str, rate: float = 0.06) -> ParamSpec:
    """Return a gain that only turns up, by 24 dB at most."""
    return ParamSpec(
        name=name,
        unit="dB",
        low=0.0,
        high=24.0,
        neutral=0.0,
        init=0.0,
        warp=Affine(DB_PER_NEPER, 6.0),
        shape=(),
        label=label,
        meaning=meaning,
        start=0.0,
        rate=rate,
    )


def choice_param(
    name: str, start: float, label: str, meaning: str, words: tuple[str, str]
) -> ParamSpec:
    """Return a choice of two, 0 or 1, which no search moves, and what they are called."""
    return ParamSpec(
        name=name,
        unit="",
        low=0.0,
        high=1.0,
        neutral=None,
        init=start,
        warp=Affine(1.0),
        shape=(),
        label=label,
        meaning=f"{meaning} No search moves it.",
        start=start,
        rate=0.0,
        choices=(0.0, 1.0),
        choice_words=words,
    )


def look_ahead_param(low: float, start: float, meaning: str) -> ParamSpec:
    """Return the look-ahead, whole samples: no gradient moves it, and its rate is 0."""
    return ParamSpec(
        name="look_ahead_ms",
        unit="ms",
        low=low,
        high=LONGEST_LOOK_AHEAD_MS,
        neutral=None,
        init=2.0,
        warp=Affine(1.0),
        shape=(),
        label="look-ahead",
        meaning=f"{meaning} No search moves it.",
        start=start,
        rate=0.0,
    )


def whole_look_ahead(sample_rate_hz: float) -> int:
    """Return the samples of the longest look-ahead, which every sound is given."""
    return math.ceil(LONGEST_LOOK_AHEAD_MS * sample_rate_hz / 1000.0)


def in_samples(values: Values, name: str, sample_rate_hz: float) -> Float[Tensor, " node"]:
    """Return a time in ms as samples."""
    return values[name] * (sample_rate_hz / 1000.0)


def time_words(node: NodeSettings, *names: str) -> list[str]:
    """Return times in words, such as "attack 10 ms"; a look-ahead or hold of nothing has none."""
    times = {name: node.number(f"{name}_ms") for name in names}
    return [
        f"{name.replace('_', '-')} {seconds(time / 1000.0)}"
        for name, time in times.items()
        if time >= _SHORTEST_MS
    ]


def soft_knee_db(
    excess_db: Float[np.ndarray, " level"], knee_db: float
) -> Float[np.ndarray, " level"]:
    """Return max(excess, 0), its corner bent over the width of a knee."""
    half_knee_db = max(0.5 * knee_db, _NARROWEST_DB)
    within = (excess_db + half_knee_db) ** 2 / (4.0 * half_knee_db)
    return np.where(np.abs(excess_db) < half_knee_db, within, np.maximum(excess_db, 0.0))
