"""What a node that carries level does, in dB, its dry/wet weight included."""

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.processors import Settings
from mixtrace.processors.equalizer import equalizer_frequencies

__all__ = ["CARRIERS", "EQUALIZER", "GAIN_PANNING", "effect_db", "set_effect", "shape_and_level"]

EQUALIZER, GAIN_PANNING = "equalizer", "gain_panning"

CARRIERS = {EQUALIZER: "magnitude_db", GAIN_PANNING: "gain_db"}
"""The kinds that can carry a level, and the parameter that holds it."""

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


def shape_and_level(
    curve_db: Float[Tensor, " bin"], heard: Float[Tensor, " bin"]
) -> tuple[float, float]:
    """Return how far a curve strays from its level (rms), and its level, per octave heard."""
    frequency_hz = equalizer_frequencies()
    weight = torch.where(
        (frequency_hz >= _LOWEST_HZ) & (frequency_hz <= _HIGHEST_HZ), 1.0 / frequency_hz, 0.0
    )
    weight = weight.to(curve_db) * heard
    weight = weight / weight.sum().clamp_min(1e-9)
    level_db = (weight * curve_db).sum()
    return float((weight * (curve_db - level_db).square()).sum().sqrt()), float(level_db)
