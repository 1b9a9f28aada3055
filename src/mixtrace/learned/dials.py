"""The sixteen numbers of a track, what each of them turns, and the chain that they set.

A network and a sampler know numbers between -1 and 1 alone; `DIALS` is the one table that says what
they mean. Every track passes an equalizer of a low shelf, a bell and a high shelf, a compressor, a
gain with a pan pot, and a reverb, in this order, and the tracks are summed.

Source: the five effects and their sixteen numbers are those of Zhou et al. 2024, "Audio Mixing
Inversion via Embodied Self-supervised Learning"; which number turns what, and how far, is ours.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.graph import ConsolePreset, Graph, build_console
from mixtrace.processors import Settings, processor

__all__ = [
    "CHAIN",
    "DIALS",
    "START",
    "Dial",
    "numbers_of",
    "settings_of",
    "sides_db",
    "turned",
    "values_of",
]

CHAIN = ("parametric_equalizer", "compressor", "gain_panning", "parametric_reverb")
"""The processors of every track, in the order in which the sound passes them."""


@dataclass(frozen=True)
class Dial:
    """What one number turns.

    Attributes:
        name: with its unit as a suffix.
        low, high: the values at -1 and at 1.
        start: the value of a track of which nothing is known: next to no effect.
        curve: how the value goes from low to high: `even` in equal steps, `ratio` by equal ratios,
            `square` in steps that grow from low on.
    """

    name: str
    low: float
    high: float
    start: float
    curve: Literal["even", "ratio", "square"] = "even"

    def value(self, number: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Return the physical value of a number between -1 and 1."""
        share = 0.5 * (number + 1.0)
        if self.curve == "ratio":
            return self.low * (self.high / self.low) ** share
        return self.low + (self.high - self.low) * (share**2 if self.curve == "square" else share)

    def number(self, value: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Return the number of a physical value; of one beyond an end, that of the end."""
        inside = value.clamp(self.low, self.high)
        if self.curve == "ratio":
            share = torch.log(inside / self.low) / math.log(self.high / self.low)
        else:
            share = (inside - self.low) / (self.high - self.low)
        return 2.0 * (share.sqrt() if self.curve == "square" else share) - 1.0


DIALS = (
    Dial("gain_db", -24.0, 24.0, 0.0),
    Dial("pan", -1.0, 1.0, 0.0),
    Dial("low_shelf_hz", 40.0, 400.0, 120.0, "ratio"),
    Dial("low_shelf_db", -12.0, 12.0, 0.0),
    Dial("bell_hz", 200.0, 6000.0, 1100.0, "ratio"),
    Dial("bell_db", -12.0, 12.0, 0.0),
    Dial("bell_q", 0.4, 4.0, 1.2, "ratio"),
    Dial("high_shelf_hz", 1500.0, 12_000.0, 4000.0, "ratio"),
    Dial("high_shelf_db", -12.0, 12.0, 0.0),
    Dial("threshold_db", -50.0, 0.0, -15.0),
    Dial("ratio", 1.0, 10.0, 1.15, "ratio"),
    Dial("attack_ms", 0.5, 100.0, 10.0, "ratio"),
    Dial("release_ms", 20.0, 1000.0, 140.0, "ratio"),
    Dial("decay_s", 0.3, 3.0, 1.0, "ratio"),
    Dial("damping", 0.0, 1.0, 0.5),
    Dial("wet", 0.0, 0.6, 0.006, "square"),
)
"""Every number of a track. Pan has constant power. Damping 0 lets all bands of the reverb decay
alike; at 1 the band above 5.7 kHz takes a fifth of the time of that below 350 Hz."""

START = tuple(float(dial.number(torch.tensor(dial.start))) for dial in DIALS)
"""The numbers of a track of which nothing is known."""

_REVERB_S = 2.0  # how long a response is kept: the decay of 3 s has fallen by 40 dB there
_QUIETEST_DB = -80.0
_BANDS = 6
_MOST_DAMPED = 0.2


def turned(numbers: Float[Tensor, "track 16"]) -> dict[str, Float[Tensor, " track"]]:
    """Return the physical values of every dial, by its name."""
    return {
        dial.name: dial.value(column)
        for dial, column in zip(DIALS, numbers.unbind(-1), strict=True)
    }


def settings_of(
    numbers: Float[Tensor, "track 16"], tracks: Sequence[tuple[str, str]]
) -> tuple[Graph, Settings]:
    """Return the graph of tracks, and the settings that their numbers turn.

    Args:
        numbers: between -1 and 1, a row a track.
        tracks: name and group of each.
    """
    graph = build_console(tracks, ConsolePreset(CHAIN, ()))
    return graph, values_of(numbers, graph)


def values_of(numbers: Float[Tensor, "track 16"], graph: Graph) -> Settings:
    """Return the settings of a graph that `settings_of` has made, at other numbers."""
    dials = turned(numbers)
    own = {
        "parametric_equalizer": _equalizer(dials),
        "compressor": {name: dials[name] for name in _COMPRESSION},
        "gain_panning": {"gain_db": sides_db(dials["gain_db"], dials["pan"])},
        "parametric_reverb": {
            "rt60_s": _decays_s(dials["decay_s"], dials["damping"]),
            "length_s": torch.full_like(dials["decay_s"], _REVERB_S),
        },
    }
    values = {kind: {**_resting(kind, len(numbers)), **own[kind]} for kind in CHAIN}
    fully = torch.ones_like(dials["wet"])
    wet = {kind: dials["wet"] if kind == "parametric_reverb" else fully for kind in CHAIN}
    return Settings.by_kind(graph.by_kind(), values, wet)


def sides_db(
    gain_db: Float[Tensor, " track"], pan: Float[Tensor, " track"]
) -> Float[Tensor, "track 2"]:
    """Return the gains of left and right: equal in the middle, 3 dB more at the end of one side."""
    angle = 0.25 * math.pi * (pan + 1.0)
    sides = math.sqrt(2.0) * torch.stack([torch.cos(angle), torch.sin(angle)], -1)
    return (gain_db[:, None] + 20.0 * torch.log10(sides.clamp_min(1e-6))).clamp_min(_QUIETEST_DB)


_COMPRESSION = ("threshold_db", "ratio", "attack_ms", "release_ms")
_TONE = ("low_shelf_hz", "low_shelf_db", "high_shelf_hz", "high_shelf_db")
_BELL = ("bell_hz", "bell_db", "bell_q")


def numbers_of(settings: Settings) -> Float[Tensor, "track 16"]:
    """Return the numbers of settings that `settings_of` has made; the way back."""
    tone, squeeze, sides, space = (settings.stack(kind) for kind in CHAIN)
    left, right = (10.0 ** (sides.values["gain_db"] / 20.0)).unbind(-1)
    rt60_s = space.values["rt60_s"]
    dials = {name: tone.values[name] for name in _TONE}
    dials |= {name: tone.values[name][:, 0] for name in _BELL}
    dials |= {name: squeeze.values[name] for name in _COMPRESSION}
    dials["gain_db"] = 10.0 * torch.log10(0.5 * (left**2 + right**2))
    dials["pan"] = 4.0 / math.pi * torch.atan2(right, left) - 1.0
    dials["decay_s"] = rt60_s[:, 0]
    dials["damping"] = torch.log(rt60_s[:, -1] / rt60_s[:, 0]) / math.log(_MOST_DAMPED)
    dials["wet"] = space.wet
    return torch.stack([dial.number(dials[dial.name]) for dial in DIALS], -1)


def _resting(kind: str, tracks: int) -> dict[str, Tensor]:
    """Return what no number turns: where our search starts, with the passes switched off."""
    found = {}
    for spec in processor(kind).params:
        assert spec.start is not None
        start = 0.0 if spec.name.endswith("_pass_db_per_octave") else spec.start
        found[spec.name] = torch.as_tensor(start, dtype=torch.float32).expand(tracks, *spec.shape)
    return found


def _equalizer(dials: dict[str, Tensor]) -> dict[str, Tensor]:
    bell = {name: dials[name][:, None] for name in _BELL}
    return {name: dials[name] for name in _TONE} | bell


def _decays_s(
    decay_s: Float[Tensor, " track"], damping: Float[Tensor, " track"]
) -> Float[Tensor, "track 6"]:
    spec = processor("parametric_reverb").param("rt60_s")
    steps = torch.linspace(0.0, 1.0, _BANDS)
    return spec.clip(decay_s[:, None] * _MOST_DAMPED ** (damping[:, None] * steps))
