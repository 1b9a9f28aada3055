"""The gain of dynamics processors, sample by sample, as it is in the mix."""

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.graph import KEY
from mixtrace.processors import DynamicsProcessor, Stack, Values, processor

__all__ = ["gain_of"]

_KEYED = ("compressor", "gate")
_PROBE = 1e-6
"""A constant on a channel beside the sound, 120 dB below full scale: no detector notices it."""

_PROBED = {"limiter": False, "one_pole_compressor": True, "one_pole_gate": True}
"""Those that listen to nothing but what they work on, and whether to the mean of the channels."""

_SOFT = 1e-3
"""Of the peak. Where a sound is softer, the gain of a processor that we do not know is drawn from
before to behind: a quotient of small numbers says little."""


@torch.no_grad()
def gain_of(
    stack: Stack,
    audio: Float[Tensor, "channel time"],
    key: Float[Tensor, "_channel time"] | None,
    sample_rate_hz: float,
) -> Float[Tensor, "gain time"]:
    """Return the gain of a dynamics processor, dry/wet weight included.

    Args:
        stack: its settings, a single row.
        audio: what enters it.
        key: what it listens to instead; None for itself.
        sample_rate_hz: the rate of both.

    Returns:
        Amplitude ratios: one row for both channels, or one for each.
    """
    entry = processor(stack.kind)
    assert isinstance(entry, DynamicsProcessor)
    if stack.kind in _KEYED:
        gain = _under_key(entry, stack.values, audio, key, sample_rate_hz)
    elif stack.kind in _PROBED:
        gain = _probed(entry, stack.values, audio, sample_rate_hz)
    else:
        gain = _divided(entry, stack.values, audio, key, sample_rate_hz)
    wet = float(stack.wet)
    return 1.0 - wet + wet * gain


def _under_key(
    entry: DynamicsProcessor, values: Values, audio: Tensor, key: Tensor | None, rate: float
) -> Tensor:
    """Return what it makes of a constant of one while it listens to the sound."""
    assert KEY in entry.inputs
    heard = audio if key is None else key
    apart = key is None and "linked" in values and float(values["linked"]) < 0.5
    rows = heard[:, None] if apart else heard[None]
    many = {name: value.expand(len(rows), *value.shape[1:]) for name, value in values.items()}
    ones = torch.ones_like(rows[:, :1])
    return entry.from_rest(ones, rows, many, rate)[:, 0]


def _probed(entry: DynamicsProcessor, values: Values, audio: Tensor, rate: float) -> Tensor:
    """Return what it makes of a constant on a channel beside the sound.

    A detector that takes the mean hears the sound as loud as if there were no other channel.
    """
    count = len(audio)
    louder = ((count + 1) / count) ** 0.5 if _PROBED[entry.kind] else 1.0
    beside = torch.cat([louder * audio, torch.full_like(audio[:1], _PROBE)])
    return entry.from_rest(beside[None], None, values, rate)[0, -1:] / _PROBE


def _divided(
    entry: DynamicsProcessor, values: Values, audio: Tensor, key: Tensor | None, rate: float
) -> Tensor:
    """Return what leaves over what enters, for processors of other packages."""
    heard = None if key is None else key[None]
    output = entry.from_rest(audio[None], heard, values, rate)[0]
    gains = []
    for entering, leaving in zip(audio, output, strict=True):
        told = (entering.abs() > _SOFT * entering.abs().max()).nonzero()[:, 0]
        if not len(told):
            gains.append(torch.ones_like(entering))
            continue
        known = (leaving[told] / entering[told]).double()
        moments = torch.arange(len(entering))
        after = torch.searchsorted(told, moments).clamp(1, max(len(told) - 1, 1))
        upper, lower = after.clamp_max(len(told) - 1), after - 1
        span = (told[upper] - told[lower]).clamp_min(1)
        share = ((moments - told[lower]) / span).clamp(0.0, 1.0)
        drawn = known[lower] + share * (known[upper] - known[lower])
        gains.append(drawn.to(entering.dtype))
    return torch.stack(gains)
