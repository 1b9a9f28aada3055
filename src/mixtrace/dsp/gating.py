"""A gate with a key, attack, hold and release, hysteresis and look-ahead.

For the energy s[p] of the key at position p (`dsp/detection.py`), threshold T in dB, and a
look-ahead of d samples:

    h[p] = max of s[p - hold] to s[p]
    x[p] = 10 log10(h[p] + 1e-12) - T
    S(x) = 0 for x < -1/2;  1 for x > 1/2;  z^2 (3 - 2 z), z = x + 1/2, between
    o[p] = min(S(x[p] + 3), max(S(x[p]), o[p-1]))             1 is open, 0 is closed
    y[p] = a y[p-1] + (1 - a) o[p],  a of the attack where o[p] > y[p-1], else of the release
    output[n] = u[n] (1 - w + w 10^(-range (1 - y[n+d]) / 20))

A level half a dB above the threshold opens the gate all the way. An open one closes all the way
when the level has been 3.5 dB below it for longer than the hold. In between it stays as it is: o
follows the level up the one curve and down the other, and keeps its value on the way from one to
the other. It is a gate with two thresholds, each of which is a slope of 1 dB: that makes it
differentiable almost everywhere, and the threshold has a gradient wherever a level passes through
a slope. Attack and release are exponential in dB.

Source: the smoother is the smooth branching detector of Giannoulis, Massberg, Reiss, JAES 60, 2012,
among eqs. (14) to (17); curves and hysteresis are our own.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp.detection import (
    blocks_of,
    branching_reference,
    energy_reference,
    gained_reference,
    has_gradient,
    heard_early,
    in_db,
    pole_reference,
    room_for_gradient,
    running_maximum_reference,
    whole_samples,
)
from mixtrace.dsp.detection_kernels import BLOCK
from mixtrace.dsp.gating_kernels import (
    HYSTERESIS_DB,
    TRANSITION_DB,
    backward_kernel,
    forward_kernel,
)
from mixtrace.loops import over_rows

__all__ = ["HYSTERESIS_DB", "TRANSITION_DB", "gate", "gate_reference"]


def gate(
    audio: Float[Tensor, "row channel heard"],
    threshold_db: Float[Tensor, " row"],
    range_db: Float[Tensor, " row"],
    attack_samples: Float[Tensor, " row"],
    release_samples: Float[Tensor, " row"],
    wet: Float[Tensor, " row"],
    *,
    hold_samples: Float[Tensor, " row"],
    average_samples: Float[Tensor, " row"] | None,
    state: Float[Tensor, "row kept"],
    key: Float[Tensor, "row side heard"] | None = None,
    early_samples: Float[Tensor, " row"] | None = None,
    beyond: int = 0,
) -> tuple[Float[Tensor, "row channel time"], Float[Tensor, "row kept"]]:
    """Return the gated audio without its last `beyond` samples, and the state for the next.

    Args:
        audio: one or two channels a row, detected together; the last `beyond` samples are heard,
            not put out.
        threshold_db: T, level where the gate opens, dB re full scale.
        range_db: by how much a closed gate turns down; positive.
        attack_samples: time constant of opening; 0 is at once.
        release_samples: time constant of closing.
        wet: dry/wet weight w.
        hold_samples: how long the gate stays open after the level fell, rounded to whole samples;
            no gradient.
        average_samples: time constant of the mean of squares; None detects peaks.
        state: 3 values and as many as the longest hold has samples: s, o and y at the end of the
            block before, then the energies of its last samples; zero at the start of a song, where
            the gate is closed.
        key: what is listened to instead of the audio, as long as it; one or two channels.
        early_samples: d, rounded to whole samples, none greater than `beyond`; no gradient.
        beyond: samples of look-ahead at the end of audio and key. Blocks overlap by as many: the
            next one begins where the output ends.

    Raises:
        AudioError: the audio is not on the CPU, or shapes, hold and look-ahead do not fit.
    """
    blocks_of(audio, key, beyond)
    early = whole_samples(early_samples, beyond, audio, "look-ahead")
    holds = whole_samples(hold_samples, state.shape[1] - 3, audio, "hold")
    average = audio.new_zeros(len(audio)) if average_samples is None else average_samples
    moving = (audio, key, average, threshold_db, range_db, attack_samples, release_samples, wet)
    graded = has_gradient(*moving)
    result = _Gate.apply(*moving, early, holds, average_samples is None, beyond, state, graded)
    assert isinstance(result, tuple)
    return result


def gate_reference(
    audio: Tensor,
    threshold_db: Tensor,
    range_db: Tensor,
    attack_samples: Tensor,
    release_samples: Tensor,
    wet: Tensor,
    *,
    hold_samples: Tensor,
    average_samples: Tensor | None,
    state: Tensor,
    key: Tensor | None = None,
    early_samples: Tensor | None = None,
    beyond: int = 0,
) -> tuple[Tensor, Tensor]:
    """Compute what `gate` computes with tensor operations, step by step."""
    time, past = audio.shape[2] - beyond, state.shape[1] - 3
    early = whole_samples(early_samples, beyond, audio, "look-ahead")
    holds = whole_samples(hold_samples, past, audio, "hold")
    energy = energy_reference(audio if key is None else key, average_samples, state[:, 0])
    line = torch.cat([state[:, 3:], energy], 1)
    held = running_maximum_reference(line, holds, past)
    opening = _opening(in_db(held) - threshold_db[:, None], state[:, 1])
    attack, release = pole_reference(attack_samples), pole_reference(release_samples)
    smooth = branching_reference(opening, attack, release, state[:, 2])
    gain = 10.0 ** (-range_db[:, None] * (1.0 - heard_early(smooth, early, time)) / 20.0)
    output = gained_reference(audio, gain, wet)
    ends = torch.stack([v[:, time - 1] for v in (energy, opening, smooth)], 1)
    return output, torch.cat([ends, line[:, time : time + past]], 1)


def _opening(excess_db: Tensor, before: Tensor) -> Tensor:
    opens, stays = _step(excess_db), _step(excess_db + HYSTERESIS_DB)
    steps, o = [], before
    for low, high in zip(opens.unbind(1), stays.unbind(1), strict=True):
        o = torch.minimum(high, torch.maximum(low, o))
        steps.append(o)
    return torch.stack(steps, 1)


def _step(excess_db: Tensor) -> Tensor:
    z = (excess_db / TRANSITION_DB + 0.5).clamp(0.0, 1.0)
    return z * z * (3.0 - 2.0 * z)


class _Gate(torch.autograd.Function):
    """Compiled sequential loops and a hand-written gradient."""

    @staticmethod
    def forward(ctx: Any, audio: Tensor, key: Tensor | None, *rest: Any) -> tuple[Tensor, Tensor]:
        *scalars, early, holds, peak, beyond, state, graded = rest
        audio, state = audio.contiguous(), state.contiguous()
        heard = audio if key is None else key.contiguous()
        packed = torch.stack(scalars, 1).contiguous()
        rows, channels, length = audio.shape
        output = audio.new_empty((rows, channels, length - beyond))
        energy = audio.new_empty((rows if graded else 0, state.shape[1] - 3 + length))
        held = audio.new_empty((rows if graded else 0, length))
        opening = audio.new_empty((rows, length if graded else BLOCK))
        openness, final = torch.empty_like(opening), torch.empty_like(state)
        filled = (energy, held, opening, openness)
        over_rows(
            forward_kernel,
            rows,
            *(v.detach().numpy() for v in (audio, heard, packed, early, holds)),
            peak,
            *(v.detach().numpy() for v in (state, output, *filled, final)),
        )
        ctx.save_for_backward(audio, heard, packed, early, holds, state, *filled)
        ctx.peak, ctx.own = peak, key is None
        ctx.mark_non_differentiable(final)
        return output, final

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        audio, key, packed, early, holds, state, *filled = ctx.saved_tensors
        given = gradients[0].contiguous()
        grad_audio = room_for_gradient(audio, given)
        grad_key = grad_audio if ctx.own else torch.zeros_like(key)
        grad_packed = torch.empty_like(packed)
        over_rows(
            backward_kernel,
            len(audio),
            *(v.detach().numpy() for v in (audio, key, packed, early, holds)),
            ctx.peak,
            *(v.detach().numpy() for v in (state, *filled, given)),
            *(v.numpy() for v in (grad_audio, grad_key, grad_packed)),
        )
        of_key = None if ctx.own else grad_key
        return grad_audio, of_key, *grad_packed.unbind(1), *6 * [None]
