"""A stand-in for the search of a fit, for tests of what comes after it."""

import torch

from mixtrace.graph import ConsolePreset, build_console, remove_nodes
from mixtrace.methods import Inversion
from mixtrace.processors import Settings
from mixtrace.prune import PublishedSearch
from mixtrace.session import Session


def found_at_once(method: PublishedSearch, session: Session, *rest: object) -> Inversion:
    """Stand for the search: a compressor on the first track."""
    names = [(track.name, track.group) for track in session.tracks]
    graph = build_console(names, ConsolePreset(("one_pole_compressor",), ()))
    smaller = remove_nodes(graph, graph.processors[1:])
    named = {"threshold_db": -30.0, "knee_db": 6.0, "time_ms": 20.0, "slope": -0.5}
    values = {name: torch.tensor([value]) for name, value in named.items()}
    wet = {"one_pole_compressor": torch.ones(1)}
    settings = Settings.by_kind(smaller.by_kind(), {"one_pole_compressor": values}, wet)
    losses = {"final": {"published": 0.5, "eq4": 0.5}}
    history = {"loss": [0.6, 0.5], "seconds": [0.1, 0.2]}
    return Inversion(smaller, settings, graph, losses, {"history": history}, seconds=1.5)
