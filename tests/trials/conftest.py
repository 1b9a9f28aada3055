"""A console to remove processors from."""

import pytest
import torch

from mixtrace.descent import SongWindows, Variables
from mixtrace.graph import CONSOLES, Graph, build_console
from mixtrace.processors import Settings
from mixtrace.session import Session

Planted = tuple[Session, Graph, Settings]
Console = tuple[Graph, Settings, SongWindows]


@pytest.fixture(scope="module")
def console(planted: Planted) -> Console:
    """A whole console at the planted settings, everything else nearly neutral."""
    session, small, planted_settings = planted
    graph = build_console([(t.name, t.group) for t in session.tracks], CONSOLES["paper"])
    rng = torch.Generator().manual_seed(0)
    settings = Variables.random(graph, rng).settings()
    for kind in graph.kinds():
        settings.stack(kind).wet[:] = 0.01
    for kind in small.kinds():
        for row, i in enumerate(small.of_kind(kind)):
            names = [graph.name(j) for j in graph.of_kind(kind)]
            at = names.index(small.name(i))
            settings.stack(kind).wet[at] = planted_settings.stack(kind).wet[row]
            for name, value in planted_settings.stack(kind).values.items():
                settings.stack(kind).values[name][at] = value[row]
    return graph, settings, SongWindows(session)
