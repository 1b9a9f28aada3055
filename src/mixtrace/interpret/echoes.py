"""Delays, told by what no part of a mix explains: late echoes, and levels and feedback of all.

A response ends before the second echo of most delays, and before the first of a slow one; in noise
least squares hold down what is rare in it. The direct sound of a track, as late as an echo, is
therefore looked for in the rest of the mix.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.captured import read_responses
from mixtrace.dsp import fast_length
from mixtrace.interpret.mixed import Mixed
from mixtrace.interpret.nodes import equalized
from mixtrace.interpret.space import FARTHEST_S, Repeats, read_echoes
from mixtrace.interpret.strips import Fixed

__all__ = ["with_delay"]

_FROM_SIDE_TO_SIDE = 0.2
_MOST = 0.9
_LEAD = 64
_SPIKE = np.eye(1, 1 << 17)[0]  # least squares have divided by the sound


def with_delay(mixed: Mixed, name: str, fixed: Fixed, known_s: Sequence[float] = ()) -> Fixed:
    """Return what does not move on a strip, with its delay as the whole mix tells it.

    Args:
        mixed: the song, of which the rest is read.
        name: of the track.
        fixed: its strip, with the echoes that its response holds.
        known_s: times of delays that other tracks have: beyond the response one of these alone is
            asked for.
    """
    sound = mixed.dry(name) * torch.from_numpy(mixed.over_time(mixed.gain(name)))
    if fixed.equalizer is not None:
        sound = equalized(sound, fixed.equalizer, mixed.rate)
    echoes = fixed.echoes or _late(mixed, fixed, sound, known_s)
    if echoes is None or echoes.ping_pong > _FROM_SIDE_TO_SIDE:
        return replace(fixed, echoes=echoes)
    rest = mixed.whitening.apply(mixed.rest) * mixed.heard

    def missing(number: int) -> float:
        """Return the amplitude of an echo that is not in the response."""
        late = round(number * echoes.time_s * mixed.rate)
        there = mixed.whitening.apply(fixed.placed(sound, late)) * mixed.heard
        return float((rest * there).sum()) / max(float(there.square().sum()), 1e-20)

    read = 0.0 if fixed.echoes is None else echoes.amplitude
    first = max(read + missing(1), read)
    if first <= 0.0:
        return fixed
    feedback = min(max((read * echoes.feedback + missing(2)) / first, 0.0), _MOST)
    return replace(fixed, echoes=replace(echoes, feedback=feedback, amplitude=first))


def _late(
    mixed: Mixed,
    fixed: Fixed,
    sound: Float[Tensor, "channel time"],
    known_s: Sequence[float],
) -> Repeats | None:
    """Return the delay whose first echo lies beyond the response, if there is one."""
    taps, ends = fast_length(round(FARTHEST_S * mixed.rate)), mixed.taps_from(fixed.arrival)
    if ends >= taps - _LEAD:
        return None
    heard = None if mixed.heard.all() else mixed.heard
    source = mixed.whitening.apply(fixed.placed(sound).sum(0, keepdim=True))
    rest = mixed.whitening.apply(mixed.rest) * mixed.heard
    found = read_responses(source, rest, taps, _LEAD, round(mixed.rate), heard=heard)
    late = found[:, 0, _LEAD:].double().numpy()
    late[:, :ends] = 0.0
    echoes, _ = read_echoes(late[None], _SPIKE, mixed.rate, known_s)
    if echoes is None:
        return None
    loudness = sum(fixed.sides) / math.sqrt(max(sum(s * s for s in fixed.sides), 1e-12))
    return replace(echoes, amplitude=loudness * echoes.amplitude)
