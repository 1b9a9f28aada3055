"""Removing processors until only those are left that the mix needs."""

from mixtrace.prune.config import SearchConfig
from mixtrace.prune.levels import gather_levels
from mixtrace.prune.looks import Look, look_at
from mixtrace.prune.policies import Judge, Round, brute_force, dry_wet, ordered
from mixtrace.prune.search import ConsoleSearch
from mixtrace.prune.sharing import share_shapes
from mixtrace.prune.trials import Trials

__all__ = [
    "ConsoleSearch",
    "Judge",
    "Look",
    "Round",
    "SearchConfig",
    "Trials",
    "brute_force",
    "dry_wet",
    "gather_levels",
    "look_at",
    "ordered",
    "share_shapes",
]
