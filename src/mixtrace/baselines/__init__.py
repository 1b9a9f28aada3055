"""Other ways to invert a mix, to compare ours with; each is a `Method`."""

from mixtrace.baselines.equal_loudness import EqualLoudness
from mixtrace.baselines.random_settings import RandomSettings
from mixtrace.baselines.sum import Sum

__all__ = ["EqualLoudness", "RandomSettings", "Sum"]
