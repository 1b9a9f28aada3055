"""What a node that carries level does, in dB, its dry/wet weight included."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.graph import Graph
from mixtrace.processors import WET, DynamicsProcessor, Settings, processor
from mixtrace.processors.equalizer import Equalizer, equalizer_frequencies
from mixtrace.processors.gain_panning import GainPanning

__all__ = [
    "CARRIERS",
    "EQUALIZER",
    "FLAT_DB",
    "GAIN_PANNING",
    "carried_db",
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


def carried_db(settings: Settings, node: int) -> Float[Tensor, " value"]:
    """Return the gains of a node that can carry level: a view of its settings."""
    return settings.value(node, CARRIERS[settings[node].kind])


def effect_db(settings: Settings, node: int) -> Float[Tensor, " value"]:
    """Return what a node does in dB, its dry/wet weight included."""
    wet = settings.value(node, WET)
    ratio = 1.0 - wet + wet * 10.0 ** (carried_db(settings, node) / 20.0)
    return 20.0 * torch.log10(ratio)


def set_effect(settings: Settings, node: int, effect_db: Float[Tensor, " value"]) -> None:
    """Set a node, in place, to what it shall do in dB, fully wet."""
    settings.value(node, WET).fill_(1.0)
    carried_db(settings, node).copy_(effect_db)


def move_threshold(graph: Graph, settings: Settings, node: int, shift_db: float) -> None:
    """Let the threshold of a node, in place, follow what it hears; without one, nothing happens.

    What listens to a key hears the same as before.
    """
    entry = processor(graph.nodes[node].kind)
    if isinstance(entry, DynamicsProcessor) and not graph.keyed(node):
        for name in entry.levels:
            settings.value(node, name).add_(shift_db)


def within_range(settings: Settings) -> Settings:
    """Return the settings with every value within its range."""
    stacks = []
    for stack in settings.stacks:
        specs = processor(stack.kind).params
        values = {spec.name: spec.clip(stack.values[spec.name]) for spec in specs}
        stacks.append(replace(stack, values=values))
    return Settings(tuple(stacks))


def shares(
    settings: Settings, heard: Mapping[int, Float[Tensor, " bin"]], node: int
) -> Float[Tensor, " value"]:
    """Return the shares that the values of a node have in its level: per octave heard, or equal.

    Args:
        settings: those of the graph.
        heard: for each equalizer, 1 where what it stands on sounds.
        node: a node that can carry level.
    """
    values = carried_db(settings, node)
    if node not in heard:
        return torch.full_like(values, 1.0 / len(values))
    frequency_hz = equalizer_frequencies()
    weight = torch.where(
        (frequency_hz >= _LOWEST_HZ) & (frequency_hz <= _HIGHEST_HZ), 1.0 / frequency_hz, 0.0
    )
    weight = weight.to(values) * heard[node]
    return weight / weight.sum().clamp_min(1e-9)


def shape_and_level(
    effect_db: Float[Tensor, " value"], shares: Float[Tensor, " value"]
) -> tuple[float, float]:
    """Return how far an effect strays from its level (rms), and its level."""
    level_db = (shares * effect_db).sum()
    return float((shares * (effect_db - level_db).square()).sum().sqrt()), float(level_db)
