"""A peak limiter with look-ahead, whose output never exceeds its ceiling.

For channels u, a ceiling in dB and a look-ahead of d samples, at position p:

    h[p] = max over channels and over p - d to p of u^2
    c[p] = max(10 log10(h[p] + 1e-12) - ceiling, 0)           needed reduction in dB
    y[p] = max(c[p], a y[p-1] + (1 - a) c[p]),  a of the release
    r[p] = mean of y[p - d] to y[p]
    output[n] = u[n] (1 - w + w 10^((m - r[n+d]) / 20)),  m is a make-up gain in dB

Each of the d + 1 reductions whose mean acts on a sample has heard that sample, and none of them is
less than it needs: nor is their mean. What is needed rises in steps, the mean in a straight line
over the look-ahead: that is the attack.

Source: the usual look-ahead limiter, a moving average of a running maximum as long; poles are
a = exp(-1 / time), eq. (7) of Giannoulis, Massberg, Reiss, JAES 60, 2012.
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
from mixtrace.dsp.limiting_kernels import backward_kernel, forward_kernel
from mixtrace.errors import AudioError
from mixtrace.loops import over_rows

__all__ = ["limit", "limit_reference"]


def limit(
    audio: Float[Tensor, "row channel heard"],
    ceiling_db: Float[Tensor, " row"],
    release_samples: Float[Tensor, " row"],
    wet: Float[Tensor, " row"],
    *,
    early_samples: Float[Tensor, " row"],
    state: Float[Tensor, "row kept"],
    make_up_db: Float[Tensor, " row"] | None = None,
    beyond: int = 0,
) -> tuple[Float[Tensor, "row channel time"], Float[Tensor, "row kept"]]:
    """Return the limited audio without its last `beyond` samples, and the state for the next.

    Args:
        audio: one or two channels a row, turned down together; the last `beyond` samples are heard,
            not put out.
        ceiling_db: the greatest peak of the output before make-up, dB re full scale.
        release_samples: time constant of a shrinking reduction.
        wet: dry/wet weight w; the ceiling holds for 1.
        early_samples: d, rounded to whole samples, none greater than `beyond`; no gradient.
        state: 2 `beyond` + 1 values: the energies of the last `beyond` samples of the block before,
            then y of its last `beyond` + 1; zero at the start of a song.
        make_up_db: m, a gain on the limited sound; None for none.
        beyond: samples of look-ahead at the end of the audio. Blocks overlap by as many: the next
            one begins where the output ends.

    Raises:
        AudioError: the audio is not on the CPU, or shapes and look-ahead do not fit.
    """
    blocks_of(audio, None, beyond)
    if state.shape[1] != 2 * beyond + 1:
        raise AudioError(
            f"Expected a limiter's state of {2 * beyond + 1} values, for {beyond} samples of "
            f"look-ahead; it has {state.shape[1]}. Start with as many zeros."
        )
    early = whole_samples(early_samples, beyond, audio, "look-ahead")
    made_up = torch.zeros_like(wet) if make_up_db is None else make_up_db
    moving = (audio, ceiling_db, release_samples, made_up, wet)
    graded = has_gradient(*moving)
    result = _Limit.apply(*moving, early, beyond, state, graded)
    assert isinstance(result, tuple)
    return result


def limit_reference(
    audio: Tensor,
    ceiling_db: Tensor,
    release_samples: Tensor,
    wet: Tensor,
    *,
    early_samples: Tensor,
    state: Tensor,
    make_up_db: Tensor | None = None,
    beyond: int = 0,
) -> tuple[Tensor, Tensor]:
    """Compute what `limit` computes with tensor operations, step by step."""
    time, past = audio.shape[2] - beyond, beyond
    early = whole_samples(early_samples, beyond, audio, "look-ahead")
    energy = energy_reference(audio, None, state[:, 0])
    line = torch.cat([state[:, :past], energy], 1)
    held = running_maximum_reference(line, early, past)
    needed = (in_db(held) - ceiling_db[:, None]).clamp_min(0.0)
    release = pole_reference(release_samples)
    released = branching_reference(needed, torch.zeros_like(release), release, state[:, -1])
    released = torch.cat([state[:, past:], released], 1)
    reduction = torch.stack(
        [
            row[past + 1 - window :].unfold(0, window + 1, 1).mean(1)
            for row, window in zip(released, early.tolist(), strict=True)
        ]
    )
    made_up = 0.0 if make_up_db is None else make_up_db[:, None]
    gain = 10.0 ** ((made_up - heard_early(reduction, early, time)) / 20.0)
    output = gained_reference(audio, gain, wet)
    return output, torch.cat([line[:, time : time + past], released[:, time : time + past + 1]], 1)


class _Limit(torch.autograd.Function):
    """Compiled sequential loops and a hand-written gradient."""

    @staticmethod
    def forward(ctx: Any, audio: Tensor, *rest: Any) -> tuple[Tensor, Tensor]:
        *scalars, early, beyond, state, graded = rest
        audio, state = audio.contiguous(), state.contiguous()
        packed = torch.stack(scalars, 1).contiguous()
        rows, channels, length = audio.shape
        output = audio.new_empty((rows, channels, length - beyond))
        kept = rows if graded else 0
        energy = audio.new_empty((kept, beyond + length))
        held, released = (
            energy.new_empty((kept, length)),
            energy.new_empty((kept, length + beyond + 1)),
        )
        reduction = audio.new_empty((rows, length if graded else BLOCK))
        final = torch.empty_like(state)
        filled = (energy, held, released, reduction)
        over_rows(
            forward_kernel,
            rows,
            *(v.detach().numpy() for v in (audio, packed, early, state, output, *filled, final)),
        )
        ctx.save_for_backward(audio, packed, early, state, *filled)
        ctx.mark_non_differentiable(final)
        return output, final

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        audio, packed, early, state, *filled = ctx.saved_tensors
        given = gradients[0].contiguous()
        grad_audio = room_for_gradient(audio, given)
        grad_packed = torch.empty_like(packed)
        over_rows(
            backward_kernel,
            len(audio),
            *(v.detach().numpy() for v in (audio, packed, early, state, *filled, given)),
            *(v.numpy() for v in (grad_audio, grad_packed)),
        )
        return grad_audio, *grad_packed.unbind(1), *4 * [None]
