"""How long the response of an echo or a reverb is kept: a fact of its node, which a plan needs."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.params import Affine, ParamSpec
from mixtrace.processors.base import Lengths, Values

__all__ = ["kept_length", "kept_reach", "kept_responses"]

_NAME = "length_s"
_SHORTEST_S = 0.1


def kept_length(start_s: float, longest_s: float, meaning: str) -> ParamSpec:
    """Return the parameter, with the length that a search takes and what it cuts in words."""
    return ParamSpec(
        name=_NAME,
        unit="s",
        low=_SHORTEST_S,
        high=longest_s,
        neutral=None,
        init=start_s,
        warp=Affine(1.0),
        shape=(),
        label="kept for",
        meaning=meaning,
        start=start_s,
        rate=0.0,
        fixed=True,
    )


def kept_reach(spec: ParamSpec, sample_rate_hz: float, lengths: Lengths) -> tuple[int, int]:
    """Return no lead and the samples that are kept."""
    start_s = spec.start
    assert isinstance(start_s, float)
    return 0, _samples(lengths.get(_NAME, start_s), sample_rate_hz)


def kept_responses(
    values: Values,
    sample_rate_hz: float,
    taps: Callable[[Values, int], Float[Tensor, "some row time"]],
) -> Float[Tensor, "node row longest"]:
    """Return the responses of some nodes, each as long as it is kept and silent after that.

    Args:
        values: of the nodes.
        sample_rate_hz: rate of the audio.
        taps: makes the responses of nodes, given their values, of a length in samples.
    """
    samples = [_samples(length_s, sample_rate_hz) for length_s in values[_NAME].tolist()]
    longest = max(samples)
    if min(samples) == longest:
        return taps(values, longest)
    rows: dict[int, Tensor] = {}
    for length in set(samples):
        members = [i for i, own in enumerate(samples) if own == length]
        part = taps({name: value[members] for name, value in values.items()}, length)
        padded = torch.nn.functional.pad(part, (0, longest - length))
        rows.update(zip(members, padded, strict=True))
    return torch.stack([rows[i] for i in range(len(samples))])


def _samples(length_s: float, sample_rate_hz: float) -> int:
    return max(1, round(length_s * sample_rate_hz))
