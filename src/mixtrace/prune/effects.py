"""What a node that carries level does, in dB, its dry/wet weight included."""

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.graph import Graph
from mixtrace.processors import DynamicsProcessor, Settings, processor
from mixtrace.processors.equalizer import Equalizer, equalizer_frequencies
from mixtrace.processors.gain_panning import GainPanning

__all__ = [
    "CARRIERS",
    "EQUALIZER",
    "FLAT_DB",
    "GAIN_PANNING",
    "effect_db",
    "move_threshold",
    "set_effect",
    "shape_and_level",
    "shares",
    "within_range",
]

EQUALIZER, GAIN_PANNING = Equalizer.kind, GainPanning.kind

CARRIERS = {
    entry.kind: entry.gains for entry in (Equalizer, GainPanning) if entry.gains is not None
}
"""The kinds that can carry a level, and the parameter that holds it."""

FLAT_DB = 1.0
"""An effect that strays less than this from its level (rms) is taken for a level alone."""

_LOWEST_HZ, _HIGHEST_HZ = 50.0, 12_000.0


def effect_db(settings: Settings, kind: str, row: int) -> Float[Tensor, " value"]:
    """Return what a node does in dB, its dry/wet weight included."""
    wet = settings.wet[kind][row]
    ratio = 1.0 - wet + wet * 10.0 ** (settings.values[kind][CARRIERS[kind]][row] / 20.0)
    return 20.0 * torch.log10(ratio)


def set_effect(settings: Settings, kind: str, row: int, effect_db: Float[Tensor, " value"]) -> None:
    """Set a node, in place, to what it shall do in dB, fully wet."""
    settings.wet[kind][row] = 1.0
    settings.values[kind][CARRIERS[kind]][row] = effect_db


def move_threshold(graph: Graph, settings: Settings, node: int, shift_db: float) -> None:
    """Let the threshold of a node, in place, follow what it hears; without one, nothing happens."""
    kind = graph.nodes[node].kind
    if isinstance(processor(kind), DynamicsProcessor):
        settings.values[kind]["threshold_db"][graph.of_kind(kind).index(node)] += shift_db


def within_range(settings: Settings) -> Settings:
    """Return the settings with every value within its range."""
    values = {
        kind: {spec.name: spec.clip(named[spec.name]) for spec in processor(kind).params}
        for kind, named in settings.values.items()
    }
    return Settings(values, settings.wet)


def shares(
    settings: Settings, heard: Float[Tensor, "equalizer bin"], kind: str, row: int
) -> Float[Tensor, " value"]:
    """Return the shares that the values of a node have in its level: per octave heard, or equal."""
    values = settings.values[kind][CARRIERS[kind]][row]
    if kind != EQUALIZER:
        return torch.full_like(values, 1.0 / len(values))
    frequency_hz = equalizer_frequencies()
    weight = torch.where(
        (frequency_hz >= _LOWEST_HZ) & (frequency_hz <= _HIGHEST_HZ), 1.0 / frequency_hz, 0.0
    )
    weight = weight.to(values) * heard[row]
    return weight / weight.sum().clamp_min(1e-9)


def shape_and_level(
    effect_db: Float[Tensor, " value"], shares: Float[Tensor, " value"]
) -> tuple[float, float]:
    """Return how far an effect strays from its level (rms), and its level."""
    level_db = (shares * effect_db).sum()
    return float((shares * (effect_db - level_db).square()).sum().sqrt()), float(level_db)
