"""A penalty on how much linear processors do, which gathers one effect in one place.

Two processors that undo each other, or that share what one could do alone, match a mix as well as
one. The penalty is the logarithm of one plus the rms effect of each, in dB: it grows fastest where
an effect is small, and so prefers one large effect to two small ones and none to a small one.

Source: Candès, Wakin and Boyd, Enhancing sparsity by reweighted l1 minimization, 2008, eq. (10),
with groups as entries.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.processors import Settings, processor
from mixtrace.processors.equalizer import Equalizer

__all__ = ["parsimony"]

_SMALL_DB = 0.01


def parsimony(settings: Settings, heard: Float[Tensor, "equalizer bin"]) -> Float[Tensor, ""]:
    """Return the sum of log(1 + rms effect / 1 dB) over processors that are gains and no more.

    An effect is what leaves the node over what enters it, dry/wet weight included, in dB; that of
    an equalizer counts where there is something to hear: elsewhere a penalty would draw the curve
    to 0 dB, and so away from the level of what is heard.

    Args:
        settings: the settings.
        heard: 1 where what an equalizer stands on sounds, else 0; see `SongWindows.heard`.
    """
    total = torch.zeros(())
    for stack in settings.stacks:
        name = processor(stack.kind).gains
        if name is None:
            continue
        wet = stack.wet[:, None]
        gain = 10.0 ** (stack.values[name].reshape(len(wet), -1) / 20.0)
        effect_db = 20.0 * torch.log10((1.0 - wet + wet * gain).clamp_min(1e-4))
        weight = heard if stack.kind == Equalizer.kind else torch.ones_like(effect_db)
        power = (weight * effect_db.square()).sum(1) / weight.sum(1).clamp_min(1.0)
        # The square root has no slope at zero; a hundredth of a dB rounds it off.
        total = total.to(power.device) + torch.log1p((power + _SMALL_DB**2).sqrt()).sum()
    return total
