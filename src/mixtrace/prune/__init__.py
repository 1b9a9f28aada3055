"""The published search: a console is fitted, then pruned."""

from mixtrace.prune.config import PublishedRecipe, SearchConfig
from mixtrace.prune.policies import Judge, Round, brute_force, dry_wet
from mixtrace.prune.search import PublishedSearch

__all__ = [
    "Judge",
    "PublishedRecipe",
    "PublishedSearch",
    "Round",
    "SearchConfig",
    "brute_force",
    "dry_wet",
]
