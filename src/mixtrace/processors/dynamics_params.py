"""What the dials of compressors, gates and limiters have in common: times, and the look-ahead."""

import math

from jaxtyping import Float
from torch import Tensor

from mixtrace.params import Affine, Between, ParamSpec
from mixtrace.processors.base import Values
from mixtrace.processors.told import NodeSettings
from mixtrace.wording import seconds

__all__ = [
    "LONGEST_LOOK_AHEAD_MS",
    "attack_param",
    "in_samples",
    "look_ahead_param",
    "release_param",
    "time_words",
    "whole_look_ahead",
]

LONGEST_LOOK_AHEAD_MS = 10.0
"""Longer than any attack that catches a transient, and too short to sound as a fade before it."""

_SHORTEST_MS = 1e-3


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
        meaning=meaning,
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
