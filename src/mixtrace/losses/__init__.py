"""Pure distances between `target` and `estimate`."""

from mixtrace.losses.mel import mel_filters
from mixtrace.losses.mix_loss import (
    CHANNELS,
    FFT_SIZES_SAMPLES,
    Convention,
    LossFeatures,
    LossParts,
    MixLoss,
    combine,
    combine_channels,
    mix_loss,
)
from mixtrace.losses.weighting import a_weight, a_weighting_taps
from mixtrace.losses.windows import HOP_S, WARM_UP_S, WINDOW_S, evaluation_windows

__all__ = [
    "CHANNELS",
    "FFT_SIZES_SAMPLES",
    "HOP_S",
    "WARM_UP_S",
    "WINDOW_S",
    "Convention",
    "LossFeatures",
    "LossParts",
    "MixLoss",
    "a_weight",
    "a_weighting_taps",
    "combine",
    "combine_channels",
    "evaluation_windows",
    "mel_filters",
    "mix_loss",
]
