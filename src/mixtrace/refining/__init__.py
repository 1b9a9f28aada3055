"""A result carried to real plug-ins, and its settings refined there without gradients."""

from mixtrace.refining.cma_es import cma_es
from mixtrace.refining.engine import ENGINES, Engine, PedalboardEngine, engine_named
from mixtrace.refining.knobs import Knobs
from mixtrace.refining.price import ChainPrice, searched_windows
from mixtrace.refining.search import SEARCHES, Refined, refined, search_named
from mixtrace.refining.spsa import spsa, two_sided_slopes

__all__ = [
    "ENGINES",
    "SEARCHES",
    "ChainPrice",
    "Engine",
    "Knobs",
    "PedalboardEngine",
    "Refined",
    "cma_es",
    "engine_named",
    "refined",
    "search_named",
    "searched_windows",
    "spsa",
    "two_sided_slopes",
]
