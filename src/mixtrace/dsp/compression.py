"""A feed-forward compressor with a key, attack and release, and look-ahead.

For the energy s[p] of the key at position p (`dsp/detection.py`), threshold T and half a knee W in
dB, and a look-ahead of d samples:

    q(x) = 0 for x < -W;  x for x > W;  (x + W)^2 / (4 W) between
    r(s) = -slope q(10 log10(s + 1e-12) - T)                  reduction in dB
    y[p] = a y[p-1] + (1 - a) c[p],  a of the attack where c[p] > y[p-1], else of the release
    output[n] = u[n] (1 - w + w 10^((m - g[n+d]) / 20)),  m is the make-up gain in dB

What is smoothed is the gain in dB, or the level as an amplitude, from which the gain then follows
at once:

    c[p] = r(s[p]),        g[p] = y[p]                        the gain
    c[p] = sqrt(s[p]),     g[p] = r(y[p]^2)                   the level

After a step up of the amplitude from silence the level has gone 63 % of its way in the attack;
after one down to silence it falls in a straight line in dB, by 8.69 dB in each release.

Source: Giannoulis, Massberg, Reiss, JAES 60, 2012: the curve is eq. (4) with slope = 1 / R - 1,
poles are a = exp(-1 / time), eq. (7), and the smoother is the smooth branching detector among eqs.
(14) to (17). That of the level is the one in the linear domain, in front of the curve. JUCE's
dsp::Compressor and its BallisticsFilter do the same, with a = exp(-2 pi / time).
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp.compression_kernels import backward_kernel, forward_kernel
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
    whole_samples,
)
from mixtrace.dsp.detection_kernels import BLOCK
from mixtrace.loops import over_rows

__all__ = ["compress", "compress_reference"]

_HARD_DB = 1e-6


def compress(
    audio: Float[Tensor, "row channel heard"],
    threshold_db: Float[Tensor, " row"],
    knee_db: Float[Tensor, " row"],
    slope: Float[Tensor, " row"],
    attack_samples: Float[Tensor, " row"],
    release_samples: Float[Tensor, " row"],
    wet: Float[Tensor, " row"],
    *,
    average_samples: Float[Tensor, " row"] | None,
    state: Float[Tensor, "row kept"],
    key: Float[Tensor, "row side heard"] | None = None,
    linked: bool = True,
    early_samples: Float[Tensor, " row"] | None = None,
    make_up_db: Float[Tensor, " row"] | None = None,
    smooths_level: bool = False,
    beyond: int = 0,
) -> tuple[Float[Tensor, "row channel time"], Float[Tensor, "row kept"]]:
    """Return the compressed audio without its last `beyond` samples, and the state for the next.

    Args:
        audio: one or two channels a row; the last `beyond` samples are heard, not put out.
        threshold_db: T, level where the curve bends, dB re full scale.
        knee_db: width of the bend, 2 W; 0 is a corner.
        slope: 1 / ratio - 1, from 0 (nothing) to -1 (nothing gets louder than the threshold).
        attack_samples: time constant of a growing reduction or level; 0 is at once.
        release_samples: time constant of a shrinking one.
        wet: dry/wet weight w.
        average_samples: time constant of the mean of squares; None detects peaks.
        state: s and y at the end of the block before, two values (2 for each channel where they are
            not linked: those of the left first); zero at the start of a song.
        key: what is listened to instead of the audio, as long as it; one or two channels.
        linked: one detector for both channels, or one for each, with a key of one or as many.
        early_samples: d, rounded to whole samples, none greater than `beyond`; no gradient.
        make_up_db: m, a gain on the compressed sound; None for none.
        smooths_level: whether y is the level as an amplitude, or else the reduction in dB.
        beyond: samples of look-ahead at the end of audio and key. Blocks overlap by as many: the
            next one begins where the output ends.

    Raises:
        AudioError: the audio is not on the CPU, or shapes and look-ahead do not fit.
    """
    blocks_of(audio, key, beyond)
    early = whole_samples(early_samples, beyond, audio, "look-ahead")
    scalars = (average_samples, threshold_db, 0.5 * knee_db, slope, attack_samples)
    made_up = torch.zeros_like(wet) if make_up_db is None else make_up_db
    scalars = (*scalars, release_samples, made_up, wet)
    rows, channels = audio.shape[:2]
    if not linked:
        audio, state = audio.reshape(rows * channels, 1, -1), state.reshape(rows * channels, 2)
        key = None if key is None else key.expand(-1, channels, -1).reshape(audio.shape)
        early = early.repeat_interleave(channels)
        scalars = tuple(v if v is None else v.repeat_interleave(channels) for v in scalars)
    averages, *rest = scalars
    moving = (audio, key, audio.new_zeros(len(audio)) if averages is None else averages, *rest)
    graded = has_gradient(*moving)
    kind = (averages is None, smooths_level)
    result = _Compress.apply(*moving, early, kind, beyond, state, graded)
    assert isinstance(result, tuple)
    output, final = result
    return output.reshape(rows, channels, -1), final.reshape(rows, -1)


def compress_reference(
    audio: Tensor,
    threshold_db: Tensor,
    knee_db: Tensor,
    slope: Tensor,
    attack_samples: Tensor,
    release_samples: Tensor,
    wet: Tensor,
    *,
    average_samples: Tensor | None,
    state: Tensor,
    key: Tensor | None = None,
    early_samples: Tensor | None = None,
    make_up_db: Tensor | None = None,
    smooths_level: bool = False,
    beyond: int = 0,
) -> tuple[Tensor, Tensor]:
    """Compute what `compress` computes for linked channels with tensor operations, step by step."""
    time = audio.shape[2] - beyond
    early = whole_samples(early_samples, beyond, audio, "look-ahead")
    energy = energy_reference(audio if key is None else key, average_samples, state[:, 0])
    poles = pole_reference(attack_samples), pole_reference(release_samples)
    curve = (threshold_db[:, None], knee_db[:, None], slope[:, None])
    if smooths_level:
        smooth = branching_reference(_amplitude(energy), *poles, state[:, 1])
        reduction = _reduction(smooth.square(), *curve)
    else:
        smooth = branching_reference(_reduction(energy, *curve), *poles, state[:, 1])
        reduction = smooth
    made_up = 0.0 if make_up_db is None else make_up_db[:, None]
    gain = 10.0 ** ((made_up - heard_early(reduction, early, time)) / 20.0)
    output = gained_reference(audio, gain, wet)
    return output, torch.stack([energy[:, time - 1], smooth[:, time - 1]], 1)


def _reduction(energy: Tensor, threshold_db: Tensor, knee_db: Tensor, slope: Tensor) -> Tensor:
    excess = in_db(energy) - threshold_db
    half_knee = (0.5 * knee_db).clamp_min(_HARD_DB)
    bend = (excess + half_knee).square() / (4.0 * half_knee)
    inside = torch.where(excess < -half_knee, 0.0, bend)
    return -slope * torch.where(excess > half_knee, excess, inside)


def _amplitude(energy: Tensor) -> Tensor:
    """Return the square root, with a gradient of zero where it is zero."""
    some = energy > 0.0
    return torch.where(some, torch.where(some, energy, 1.0).sqrt(), 0.0)


class _Compress(torch.autograd.Function):
    """Compiled sequential loops and a hand-written gradient."""

    @staticmethod
    def forward(ctx: Any, audio: Tensor, key: Tensor | None, *rest: Any) -> tuple[Tensor, Tensor]:
        *scalars, early, kind, beyond, state, graded = rest
        audio = audio.contiguous()
        heard = audio if key is None else key.contiguous()
        packed = torch.stack(scalars, 1).contiguous()
        output = audio.new_empty((*audio.shape[:2], audio.shape[2] - beyond))
        energy = audio.new_empty((len(audio), audio.shape[2] if graded else BLOCK))
        smooth, final = torch.empty_like(energy), torch.empty_like(state).contiguous()
        over_rows(
            forward_kernel,
            len(audio),
            *(v.detach().numpy() for v in (audio, heard, packed, early)),
            *kind,
            *(v.detach().numpy() for v in (state.contiguous(), output, energy, smooth, final)),
        )
        ctx.save_for_backward(audio, heard, packed, early, state, energy, smooth)
        ctx.kind, ctx.own = kind, key is None
        ctx.mark_non_differentiable(final)
        return output, final

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        audio, key, packed, early, state, energy, smooth = ctx.saved_tensors
        given = gradients[0].contiguous()
        grad_audio = room_for_gradient(audio, given)
        grad_key = grad_audio if ctx.own else torch.zeros_like(key)
        grad_packed = torch.empty_like(packed)
        over_rows(
            backward_kernel,
            len(audio),
            *(v.detach().numpy() for v in (audio, key, packed, early)),
            *ctx.kind,
            *(v.detach().numpy() for v in (state.contiguous(), energy, smooth, given)),
            *(v.numpy() for v in (grad_audio, grad_key, grad_packed)),
        )
        of_key = None if ctx.own else grad_key
        return grad_audio, of_key, *grad_packed.unbind(1), None, None, None, None, None
