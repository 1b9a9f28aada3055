"""Removing processors until only those are left that the mix needs."""

from mixtrace.prune.config import Progress, SearchConfig, SearchResult
from mixtrace.prune.levels import gather_levels
from mixtrace.prune.looks import Look, look_at
from mixtrace.prune.policies import Judge, Round, brute_force, dry_wet, ordered
from mixtrace.prune.search import search
from mixtrace.prune.sharing import share_shapes
from mixtrace.prune.trials import Trials

__all__ = [
    "Judge",
    "Look",
    "Progress",
    "Round",
    "SearchConfig",
    "SearchResult",
    "Trials",
    "brute_force",
    "dry_wet",
    "gather_levels",
    "look_at",
    "ordered",
    "search",
    "share_shapes",
]
