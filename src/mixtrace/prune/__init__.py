"""Removing processors until only those are left that the mix needs."""

from mixtrace.prune.policies import Round, brute_force, dry_wet
from mixtrace.prune.search import Keeper, Progress, SearchConfig, SearchResult, search
from mixtrace.prune.trials import Trials

__all__ = [
    "Keeper",
    "Progress",
    "Round",
    "SearchConfig",
    "SearchResult",
    "Trials",
    "brute_force",
    "dry_wet",
    "search",
]
