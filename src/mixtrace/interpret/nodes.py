"""Settings of single processors, from what was read."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp import fast_length
from mixtrace.interpret.bands import Band
from mixtrace.processors import FilterProcessor, NodeSettings, processor

__all__ = ["equalized", "equalizer_of", "mixed_in", "node_of", "response_of", "sides_of"]

_FLAT_BELL = (1000.0, 0.0, 1.0)


def node_of(
    kind: str, wet: float = 1.0, **values: float | Sequence[float] | Tensor
) -> NodeSettings:
    """Return the settings of a processor: where our search starts, but for what is given."""
    settings = {}
    for spec in processor(kind).params:
        given = values.get(spec.name, spec.start if spec.start is not None else spec.neutral)
        value = torch.as_tensor(given, dtype=torch.float32)
        if spec.name not in values:
            value = value.expand(spec.shape).clone()
        settings[spec.name] = spec.clip(value[None])[0]
    return NodeSettings(kind, settings, float(wet))


def equalizer_of(bands: Sequence[Band]) -> NodeSettings:
    """Return a parametric equalizer with some bands; what it has no band for is off."""
    values: dict[str, Any] = {
        "high_pass_db_per_octave": 0.0,
        "low_pass_db_per_octave": 0.0,
    }
    bells = []
    for band in bands:
        name = band.kind.family.replace("-", "_").replace(" ", "_")
        if name == "bell":
            bells.append((band.frequency_hz, band.gain_db, band.q))
            continue
        values[f"{name}_hz"] = band.frequency_hz
        if name.endswith("pass"):
            values[f"{name}_db_per_octave"] = float(band.kind.name.split()[-1])
        else:
            values[f"{name}_db"] = band.gain_db
    columns = zip(*sorted(bells or [_FLAT_BELL]), strict=True)
    values |= dict(zip(("bell_hz", "bell_db", "bell_q"), columns, strict=True))
    return node_of("parametric_equalizer", **values)


def sides_of(left: float, right: float) -> tuple[float, float]:
    """Return the level in dB and the pan of a fader whose gains to left and right these are.

    >>> sides_of(1.0, 1.0)
    (0.0, 0.0)
    """
    level_db = 10.0 * math.log10(max((left**2 + right**2) / 2.0, 1e-8))
    return level_db, 4.0 / math.pi * math.atan2(right, left) - 1.0


def mixed_in(amplitude: float) -> tuple[float, float]:
    """Return the weight that mixes in something at an amplitude, and what the weight takes in dB.

    A weight w leaves 1 - w of what is mixed into: the fader behind it has to make up for that.
    """
    wet = amplitude / (1.0 + amplitude)
    return wet, -20.0 * math.log10(1.0 - wet)


def equalized(
    audio: Float[Tensor, "channel time"], equalizer: NodeSettings, sample_rate_hz: float
) -> Float[Tensor, "channel time"]:
    """Return audio behind an equalizer, as long as it was."""
    taps = response_of(equalizer, sample_rate_hz)
    length = fast_length(audio.shape[-1] + len(taps))
    spectrum = torch.fft.rfft(audio, length) * torch.fft.rfft(taps, length)
    return torch.fft.irfft(spectrum, length)[:, : audio.shape[-1]]


def response_of(settings: NodeSettings, sample_rate_hz: float) -> Float[Tensor, " taps"]:
    """Return the impulse response of an equalizer."""
    entry = processor(settings.kind)
    assert isinstance(entry, FilterProcessor)
    values = {name: value[None] for name, value in settings.values.items()}
    return entry.impulse_response(values, sample_rate_hz).taps[0, 0]
