"""The first two echoes of a delay, by what of them a response does not hold.

A response may end before the second echo, and least squares hold down what is rare in it. The
direct sound of the track, as late as an echo, is therefore looked for in what no part of the mix
explains; how much of it is there is added to what the response has.
"""

from dataclasses import replace

import torch

from mixtrace.interpret.mixed import Mixed
from mixtrace.interpret.nodes import equalized
from mixtrace.interpret.strips import Fixed

__all__ = ["with_feedback"]

_FROM_SIDE_TO_SIDE = 0.2
_MOST = 0.9


def with_feedback(mixed: Mixed, name: str, fixed: Fixed) -> Fixed:
    """Return what does not move on a strip, with the level and the feedback of its delay."""
    echoes = fixed.echoes
    if echoes is None or echoes.ping_pong > _FROM_SIDE_TO_SIDE:
        return fixed
    sound = mixed.dry(name) * torch.from_numpy(mixed.over_time(mixed.gain(name)))
    if fixed.equalizer is not None:
        sound = equalized(sound, fixed.equalizer, mixed.rate)
    rest = mixed.whitening.apply(mixed.rest) * mixed.heard

    def missing(number: int) -> float:
        """Return the amplitude of an echo that is not in the response."""
        late = round(number * echoes.time_s * mixed.rate)
        there = mixed.whitening.apply(fixed.placed(sound, late)) * mixed.heard
        return float((rest * there).sum()) / max(float(there.square().sum()), 1e-20)

    read = echoes.amplitude
    first = max(read + missing(1), read)
    feedback = min(max((read * echoes.feedback + missing(2)) / first, 0.0), _MOST)
    return replace(fixed, echoes=replace(echoes, feedback=feedback, amplitude=first))
