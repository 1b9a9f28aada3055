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

__all__ = ["DelayReading"]

_FROM_SIDE_TO_SIDE = 0.2
_MOST = 0.9
_LEAD = 64
_SPIKE = np.eye(1, 1 << 17)[0]  # least squares have divided by the sound


class DelayReading:
    """The delay of a track, as the whole mix tells it: read without those of others, then with."""

    def __init__(self, mixed: Mixed, name: str) -> None:
        """Take the song, of which the rest is read, and the name of the track."""
        self._mixed, self._name = mixed, name
        self._response: Float[np.ndarray, "2 late_taps"] | None = None

    def told(self, fixed: Fixed, known_s: Sequence[float] = ()) -> Fixed:
        """Return what does not move on the strip, with its delay.

        Args:
            fixed: the strip, with the echoes that its response holds; its direct sound is the same
                however often it is asked.
            known_s: times of delays that other tracks have: beyond the response one of these alone
                is asked for.
        """
        mixed = self._mixed
        sound = self._sound(fixed)
        echoes = fixed.echoes or self._late(fixed, sound, known_s)
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

    def _sound(self, fixed: Fixed) -> Float[Tensor, "channel time"]:
        """Return the track under its gain and behind its EQ."""
        mixed = self._mixed
        gain = torch.from_numpy(mixed.over_time(mixed.gain(self._name)))
        sound = mixed.dry(self._name) * gain
        if fixed.equalizer is None:
            return sound
        return equalized(sound, fixed.equalizer, mixed.rate)

    def _late(
        self, fixed: Fixed, sound: Float[Tensor, "channel time"], known_s: Sequence[float]
    ) -> Repeats | None:
        """Return the delay whose first echo lies beyond the response, if there is one."""
        mixed = self._mixed
        taps, ends = fast_length(round(FARTHEST_S * mixed.rate)), mixed.taps_from(fixed.arrival)
        if ends >= taps - _LEAD:
            return None
        if self._response is None:
            self._response = self._read(fixed, sound, taps, ends)
        echoes, _ = read_echoes(self._response[None], _SPIKE, mixed.rate, known_s)
        if echoes is None:
            return None
        loudness = sum(fixed.sides) / math.sqrt(max(sum(s * s for s in fixed.sides), 1e-12))
        return replace(echoes, amplitude=loudness * echoes.amplitude)

    def _read(
        self, fixed: Fixed, sound: Float[Tensor, "channel time"], taps: int, ends: int
    ) -> Float[np.ndarray, "2 late_taps"]:
        """Return what the rest of the mix holds of a sound, later than its response ends."""
        mixed = self._mixed
        heard = None if mixed.heard.all() else mixed.heard
        source = mixed.whitening.apply(fixed.placed(sound).sum(0, keepdim=True))
        rest = mixed.whitening.apply(mixed.rest) * mixed.heard
        found = read_responses(source, rest, taps, _LEAD, round(mixed.rate), heard=heard)
        late = found[:, 0, _LEAD:].double().numpy()
        late[:, :ends] = 0.0
        return late
