"""Levels that move through sums do not change what is heard, and leave less to do."""

import pytest
import torch

from mixtrace.descent import Variables
from mixtrace.graph import CONSOLES, Graph, build_console
from mixtrace.processors import Settings
from mixtrace.prune import gather_levels
from mixtrace.rendering import render_walk

RATE_HZ = 30_000.0
TRACKS = [("kick", "drums"), ("snare", "drums"), ("voice", "vocals"), ("choir", "vocals")]


def a_console(gains_db: dict[str, list[float]]) -> tuple[Graph, Settings]:
    """The console `studio` with nothing but gains, and a compressor on the drums."""
    graph = build_console(TRACKS, CONSOLES["studio"])
    settings = Variables.random(graph, torch.Generator().manual_seed(0)).settings()
    for kind in graph.kinds():
        settings.stack(kind).wet[:] = 0.0
    for name, sides_db in gains_db.items():
        kind = "equalizer" if name == "master" else "gain_panning"
        row = [graph.name(i) for i in graph.of_kind(kind)].index(name)
        settings.stack(kind).wet[row] = 1.0
        parameter = "magnitude_db" if name == "master" else "gain_db"
        value = settings.stack(kind).values[parameter][row]
        settings.stack(kind).values[parameter][row] = (
            torch.full_like(value, sides_db[0]) if name == "master" else torch.tensor(sides_db)
        )
    row = [graph.name(i) for i in graph.of_kind("one_pole_compressor")].index("drums")
    settings.stack("one_pole_compressor").wet[row] = 0.9
    for name, value in {"threshold_db": -30.0, "slope": -0.7, "knee_db": 6.0}.items():
        settings.stack("one_pole_compressor").values[name][row] = value
    return graph, settings


def balanced(graph: Graph, settings: Settings) -> Settings:
    equalizers = len(graph.of_kind("equalizer"))
    return gather_levels(graph, settings, torch.ones(equalizers, 1024))


def audio() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [0.2 * torch.randn(2, 30_000, generator=generator) for _ in TRACKS]


def doing(graph: Graph, settings: Settings) -> set[str]:
    """Return the chains with a level of at least a tenth of a dB."""
    found = set()
    for kind, parameter in (("equalizer", "magnitude_db"), ("gain_panning", "gain_db")):
        for row, i in enumerate(graph.of_kind(kind)):
            effect_db = settings.stack(kind).wet[row] * settings.stack(kind).values[parameter][row]
            if float(effect_db.abs().max()) > 0.1:
                found.add(graph.name(i))
    return found


EVERYTHING_TWICE = {
    "kick": [6.0, 6.0],
    "snare": [6.0, 6.0],
    "vocals": [6.0, 6.0],
    "master": [-6.0],
}
TRACKS_AGAINST_THEIR_BUS = {"kick": [4.0, 4.0], "snare": [4.0, 4.0], "drums": [-4.0, -4.0]}
TRACKS_ALIKE = {"kick": [5.0, 5.0], "snare": [5.0, 5.0]}
ONE_PANNED = {"kick": [3.0, -5.0], "snare": [-1.0, 2.0], "drums": [-2.0, -2.0]}


@pytest.mark.parametrize(
    ("gains_db", "left"),
    [
        (EVERYTHING_TWICE, set()),
        (TRACKS_AGAINST_THEIR_BUS, set()),
        (TRACKS_ALIKE, {"drums"}),
        ({"drums": [-4.0, -4.0]}, {"drums"}),
        ({"kick": [-4.0, -2.0]}, {"kick"}),
    ],
)
def test_a_level_is_said_once(gains_db: dict[str, list[float]], left: set[str]) -> None:
    graph, settings = a_console(gains_db)
    assert doing(graph, settings) == set(gains_db)
    assert doing(graph, balanced(graph, settings)) == left


@pytest.mark.parametrize(
    "gains_db", [EVERYTHING_TWICE, TRACKS_AGAINST_THEIR_BUS, TRACKS_ALIKE, ONE_PANNED]
)
def test_the_sound_stays(gains_db: dict[str, list[float]]) -> None:
    graph, settings = a_console(gains_db)
    before = render_walk(graph, settings, audio(), RATE_HZ)
    after = render_walk(graph, balanced(graph, settings), audio(), RATE_HZ)
    # The detector's floor, 1e-5 of energy, does not move with the level: here 25 dB below the
    # threshold, where it changes a level by 0.02 dB at most.
    assert (after - before).abs().max() < 5e-3 * before.abs().max()


def test_the_threshold_of_the_bus_moves_with_its_tracks() -> None:
    graph, settings = a_console(TRACKS_AGAINST_THEIR_BUS)
    moved = balanced(graph, settings)
    change = (
        moved.stack("one_pole_compressor").values["threshold_db"]
        - settings.stack("one_pole_compressor").values["threshold_db"]
    )
    row = [graph.name(i) for i in graph.of_kind("one_pole_compressor")].index("drums")
    assert float(change[row]) == pytest.approx(-4.0, abs=1e-4)
