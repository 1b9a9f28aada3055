"""One gain that compresses above a threshold and expands below another, with a look-ahead.

For the mean of the squares of a sound's channels, smoothed by a one-pole to s, and its level
x = 10 log10(s + 1e-12) in dB:

    r[p] = max(0, (1 - 1 / R) (x - T), (E - 1) (F - x))        wanted reduction in dB
    y[p] = a y[p-1] + (1 - a) r[p],  a of the attack where r[p] > y[p-1], else of the release
    output[n] = u[n] (1 - w + w 10^(-y[n+d] / 20))

for a ratio of R above T and of 1 : E below F. Between samples y goes in a straight line, so that d
may be broken and has a gradient. Below -100 dB nothing is expanded, so that a song may begin after
silence of any length.

Source: Yu et al. 2025, arXiv 2504.14735, whose look-ahead shifts by a sinc; after attack and
release there is little above some 100 Hz, where a line is as good.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp.detection import in_db, pole_reference
from mixtrace.dsp.smoothing import smoothed

__all__ = ["compand", "companding_reduction_db"]

_SILENCE_DB = -100.0


def compand(
    audio: Float[Tensor, "row channel heard"],
    above: tuple[Float[Tensor, " row"], Float[Tensor, " row"]],
    below: tuple[Float[Tensor, " row"], Float[Tensor, " row"]],
    *,
    average_samples: Float[Tensor, " row"],
    attack_samples: Float[Tensor, " row"],
    release_samples: Float[Tensor, " row"],
    early_samples: Float[Tensor, " row"],
    wet: Float[Tensor, " row"],
    state: Float[Tensor, "row 2"],
    beyond: int,
) -> tuple[Float[Tensor, "row channel time"], Float[Tensor, "row 2"]]:
    """Return the audio under its gain without its last `beyond` samples, and the state after it.

    Args:
        audio: one or two channels a row; the last `beyond` samples are heard, not put out.
        above: T and R.
        below: F and E.
        average_samples: time constant of the mean of squares.
        attack_samples: time constant of a growing reduction.
        release_samples: time constant of a shrinking one.
        early_samples: d, not more than `beyond` - 1.
        wet: dry/wet weight w.
        state: s and y at the end of the block before; zero at the start of a song.
        beyond: samples of look-ahead at the end of the audio.
    """
    time = audio.shape[2] - beyond
    average = pole_reference(average_samples)
    energy = smoothed(audio.square().mean(1), average, average, state[:, 0])
    wanted = companding_reduction_db(in_db(energy), above, below)
    poles = pole_reference(attack_samples), pole_reference(release_samples)
    reduction = smoothed(wanted, *poles, state[:, 1])
    gain = 10.0 ** (-_early(reduction, early_samples, time) / 20.0)
    weight = wet[:, None]
    output = audio[..., :time] * (1.0 - weight + weight * gain)[:, None]
    after = torch.stack([energy[:, time - 1], reduction[:, time - 1]], 1)
    return output, after.detach()


def companding_reduction_db(
    level_db: Float[Tensor, "row time"],
    above: tuple[Float[Tensor, " row"], Float[Tensor, " row"]],
    below: tuple[Float[Tensor, " row"], Float[Tensor, " row"]],
) -> Float[Tensor, "row time"]:
    """Return r at some levels."""
    (threshold, ratio), (floor, expansion) = ([v[:, None] for v in pair] for pair in (above, below))
    over = (1.0 - 1.0 / ratio) * (level_db - threshold)
    under = torch.where(level_db > _SILENCE_DB, (expansion - 1.0) * (floor - level_db), 0.0)
    return torch.maximum(over, under).clamp_min(0.0)


def _early(
    line: Float[Tensor, "row heard"], early: Float[Tensor, " row"], time: int
) -> Float[Tensor, "row time"]:
    """Return line[n + early] of each row, between samples in a straight line."""
    whole = early.detach().floor().long().tolist()
    rows = [
        torch.lerp(row[d : d + time], row[d + 1 : d + 1 + time], share)
        for row, d, share in zip(line, whole, early - early.detach().floor(), strict=True)
    ]
    return torch.stack(rows)
