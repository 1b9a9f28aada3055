"""Other ways to invert a mix, to compare ours with; each is a `Method`."""

from mixtrace.baselines.barchiesi_reiss import BarchiesiReiss, BarchiesiReissConfig
from mixtrace.baselines.colonel_reiss import ColonelReiss, ColonelReissConfig
from mixtrace.baselines.diffvox import DiffVox, DiffVoxConfig
from mixtrace.baselines.equal_loudness import EqualLoudness
from mixtrace.baselines.random_settings import RandomSettings
from mixtrace.baselines.sum import Sum

__all__ = [
    "BarchiesiReiss",
    "BarchiesiReissConfig",
    "ColonelReiss",
    "ColonelReissConfig",
    "DiffVox",
    "DiffVoxConfig",
    "EqualLoudness",
    "RandomSettings",
    "Sum",
]
