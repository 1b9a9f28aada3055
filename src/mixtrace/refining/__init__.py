"""A result carried to real plug-ins, and its settings refined there without gradients."""

from mixtrace.refining.cma_es import cma_es
from mixtrace.refining.engine import Engine, PedalboardEngine
from mixtrace.refining.engines import ENGINES, engine_named
from mixtrace.refining.knobs import Knobs
from mixtrace.refining.lv2_engine import Lv2Engine
from mixtrace.refining.price import ChainPrice, searched_windows
from mixtrace.refining.search import SEARCHES, Refined, refined, search_named
from mixtrace.refining.spsa import spsa, two_sided_slopes

__all__ = [
    "ENGINES",
    "SEARCHES",
    "ChainPrice",
    "Engine",
    "Knobs",
    "Lv2Engine",
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
