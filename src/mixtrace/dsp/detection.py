"""What compressors, gates and limiters hear: energies, look-ahead, and smoothers step by step.

The energy of a key v is the largest square of its channels where peaks are detected; else it is the
mean of their squares, smoothed by a one-pole of pole a = exp(-1 / time):

    e[n] = max over channels of v[n]^2      or      mean over channels of v[n]^2
    s[n] = e[n]                             or      s[n] = a s[n-1] + (1 - a) e[n]

Its level is 10 log10(s + 1e-12) in dB: a full-scale sine peaks at 0 dB, and its mean is -3 dB.

A gain moves towards what is wanted by a branching one-pole, with one pole while it has to rise
and another while it has to fall:

    y[n] = a y[n-1] + (1 - a) c[n],   a = a_up where c[n] > y[n-1], else a_down

Source: Giannoulis, Massberg, Reiss, JAES 60, 2012: the pole is eq. (7), the smoother is the smooth
branching detector among eqs. (14) to (17).
"""

import torch
from torch import Tensor

from mixtrace.dsp.detection_kernels import ENERGY_FLOOR
from mixtrace.errors import AudioError

__all__ = [
    "blocks_of",
    "branching_reference",
    "energy_reference",
    "gained_reference",
    "has_gradient",
    "heard_early",
    "in_db",
    "pole_reference",
    "room_for_gradient",
    "running_maximum_reference",
    "whole_samples",
]


def whole_samples(samples: Tensor | None, most: int, like: Tensor, name: str) -> Tensor:
    """Return times rounded to whole samples, int64; raise where there is no room for them.

    Args:
        samples: one value a row, or None for none at all.
        most: what there is room for.
        like: the audio, a row each.
        name: what is too long, for the message.
    """
    if samples is None:
        return torch.zeros(len(like), dtype=torch.int64)
    whole = samples.detach().round().to(torch.int64)
    if len(whole) and not 0 <= int(whole.min()) <= int(whole.max()) <= most:
        raise AudioError(
            f"Expected every {name} to be 0 to {most} samples, for which there is room; they are "
            f"{int(whole.min())} to {int(whole.max())}. Shorten them, or give more room."
        )
    return whole


def blocks_of(audio: Tensor, key: Tensor | None, beyond: int) -> None:
    """Raise where audio and key are not what a compiled loop takes."""
    if audio.device.type != "cpu":
        raise AudioError(
            "Expected the audio on the CPU, where compressors, gates and limiters go sample by "
            f"sample; it is on {audio.device}. Move it there with .cpu()."
        )
    if key is not None and (len(key) != len(audio) or key.shape[2] != audio.shape[2]):
        raise AudioError(
            f"Expected a key of {len(audio)} rows of {audio.shape[2]} samples, as the audio has; "
            f"it has {len(key)} of {key.shape[2]}. Cut or pad it."
        )
    if not 0 <= beyond < audio.shape[2]:
        raise AudioError(
            f"Expected 0 to {audio.shape[2] - 1} samples of look-ahead beyond the block, which is "
            f"{audio.shape[2]} samples with them; they are {beyond}. Hand in more audio."
        )


def has_gradient(*tensors: Tensor | None) -> bool:
    """Return whether somebody will ask for the gradient of one of them."""
    return torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in tensors)


def room_for_gradient(audio: Tensor, given: Tensor) -> Tensor:
    """Return a tensor like the audio, zero behind what was put out, to fill up to there."""
    room = torch.empty_like(audio)
    room[..., given.shape[2] :].zero_()
    return room


def energy_reference(key: Tensor, average_samples: Tensor | None, before: Tensor) -> Tensor:
    """Return s[n] of the module's equations, [row, time]; `before` is s[-1]."""
    squares = key.square()
    if average_samples is None:
        return squares.amax(1)
    pole = pole_reference(average_samples)
    return branching_reference(squares.mean(1), pole, pole, before)


def branching_reference(wanted: Tensor, up: Tensor, down: Tensor, before: Tensor) -> Tensor:
    """Return y[n] of the module's equations, [row, time], with poles `up` and `down`."""
    steps, y = [], before
    for c in wanted.unbind(1):
        pole = torch.where(c > y, up, down)
        y = pole * y + (1.0 - pole) * c
        steps.append(y)
    return torch.stack(steps, 1)


def pole_reference(samples: Tensor) -> Tensor:
    """Return exp(-1 / samples), and zero with a gradient of zero where they are zero."""
    some = samples > 0.0
    return torch.where(some, torch.exp(-1.0 / torch.where(some, samples, 1.0)), 0.0)


def in_db(energy: Tensor) -> Tensor:
    """Return 10 log10(s + 1e-12)."""
    return 10.0 * torch.log10(energy + ENERGY_FLOOR)


def gained_reference(audio: Tensor, gain: Tensor, wet: Tensor) -> Tensor:
    """Return u (1 - w + w g) for as long as the gain [row, time]."""
    weight = wet[:, None]
    return audio[..., : gain.shape[1]] * (1.0 - weight + weight * gain)[:, None]


def heard_early(gain: Tensor, early: Tensor, time: int) -> Tensor:
    """Return gain[row, n + early[row]] for `time` samples n."""
    return torch.stack([row[e : e + time] for row, e in zip(gain, early.tolist(), strict=True)])


def running_maximum_reference(line: Tensor, holds: Tensor, past: int) -> Tensor:
    """Return the maximum of line[p + past - hold] to line[p + past] of each row."""
    return torch.stack(
        [
            row[past - hold :].unfold(0, hold + 1, 1).amax(1)
            for row, hold in zip(line, holds.tolist(), strict=True)
        ]
    )
