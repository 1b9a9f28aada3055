"""Levels that move along a chain do not change what is heard."""

import pytest
import torch

from mixtrace.descent import Variables
from mixtrace.graph import CONSOLES, MIX, Edge, Graph, Node, Strip, build_console
from mixtrace.processors import Settings
from mixtrace.prune import gather_levels
from mixtrace.rendering import render_walk

RATE_HZ = 30_000.0


def a_console(
    curve_db: torch.Tensor,
    gain_db: list[float],
    branch_at: str | None = None,
    level_db: float = 0.0,
) -> tuple[Graph, Settings]:
    """One track with all of `paper` neutral but EQ, compressor and gain/panning.

    The track's processor `branch_at` also feeds a hall with a compressor, at a level.
    """
    graph = build_console([("voice", "vocals")], CONSOLES["paper"])
    if branch_at is not None:
        graph = with_hall(graph, graph.of_kind(branch_at)[0], level_db)
    settings = Variables.random(graph, torch.Generator().manual_seed(0)).settings()
    for kind in graph.kinds():
        settings.stack(kind).wet[:] = 0.0
    settings.stack("equalizer").wet[0], settings.stack("equalizer").values["magnitude_db"][0] = (
        0.7,
        curve_db,
    )
    settings.stack("gain_panning").wet[0] = 0.8
    settings.stack("gain_panning").values["gain_db"][0] = torch.tensor(gain_db)
    at_work = [0, -1] if branch_at is not None else [0]  # of the track, of the hall
    settings.stack("one_pole_compressor").wet[at_work] = 0.9
    for name, value in {"threshold_db": -30.0, "slope": -0.7, "knee_db": 6.0}.items():
        settings.stack("one_pole_compressor").values[name][at_work] = value
    return graph, settings


def with_hall(graph: Graph, source: int, level_db: float) -> Graph:
    """Return the graph with a return that one of its nodes feeds, a compressor on it."""
    strip, total, dynamics = max(graph.strips) + 1, max(graph.nodes) + 1, max(graph.nodes) + 2
    wires = (Edge(source, total, level_db), Edge(total, dynamics), Edge(dynamics, graph.output))
    return Graph(
        {**graph.strips, strip: Strip("hall", "return")},
        {**graph.nodes, total: Node(MIX, strip), dynamics: Node("one_pole_compressor", strip)},
        (*graph.edges, *wires),
    )


def audio() -> list[torch.Tensor]:
    noise = torch.randn(2, 30_000, generator=torch.Generator().manual_seed(1))
    return [0.2 * noise * torch.linspace(0.2, 1.0, 30_000)]


EVERYWHERE = torch.ones(2, 1024)
TILT = torch.linspace(-12.0, 6.0, 1024)


@pytest.mark.parametrize(
    ("curve_db", "gain_db"),
    [(TILT, [-4.0, -5.0]), (torch.full((1024,), -5.0), [3.0, -9.0]), (TILT + 8.0, [0.0, 0.0])],
)
def test_the_sound_stays(curve_db: torch.Tensor, gain_db: list[float]) -> None:
    graph, settings = a_console(curve_db, gain_db)
    before = render_walk(graph, settings, audio(), RATE_HZ)
    after = render_walk(graph, gather_levels(graph, settings, EVERYWHERE), audio(), RATE_HZ)
    # The detector's floor, 1e-5 of energy, does not move with the level: here 25 dB below the
    # threshold, where it changes a level by 0.02 dB at most.
    assert (after - before).abs().max() < 5e-3 * before.abs().max()


@pytest.mark.parametrize("level_db", [0.0, -9.0])
@pytest.mark.parametrize("branch_at", ["equalizer", "one_pole_compressor", "gain_panning"])
@pytest.mark.parametrize("curve_db", [TILT, torch.full((1024,), -5.0)])
def test_the_sound_stays_where_a_send_branches_off(
    curve_db: torch.Tensor, branch_at: str, level_db: float
) -> None:
    """What is sent to a hall that is crushed leaves its node before the level would move."""
    graph, settings = a_console(curve_db, [-4.0, -4.0], branch_at, level_db)
    before = render_walk(graph, settings, audio(), RATE_HZ)
    heard = torch.ones(len(graph.of_kind("equalizer")), 1024)
    after = render_walk(graph, gather_levels(graph, settings, heard), audio(), RATE_HZ)
    # As above: the detectors' floor does not move.
    assert (after - before).abs().max() < 5e-3 * before.abs().max()


def test_the_curve_takes_the_level_of_a_plain_gain() -> None:
    graph, settings = a_console(TILT, [-6.0, -6.0])
    moved = gather_levels(graph, settings, EVERYWHERE)
    assert moved.stack("gain_panning").values["gain_db"][0].abs().max() < 1e-4
    effective_db = 20.0 * torch.log10(torch.tensor(0.2 + 0.8 * 10.0 ** (-6.0 / 20.0)))
    shift = (
        moved.stack("one_pole_compressor").values["threshold_db"]
        - settings.stack("one_pole_compressor").values["threshold_db"]
    )
    assert float(shift[0]) == pytest.approx(float(effective_db), abs=1e-4)


def test_the_panning_takes_the_level_of_a_flat_curve() -> None:
    graph, settings = a_console(torch.full((1024,), -5.0), [3.0, -9.0])
    moved = gather_levels(graph, settings, EVERYWHERE)
    assert moved.stack("equalizer").values["magnitude_db"][0].abs().max() < 1e-3


def test_a_plain_gain_takes_the_level_of_a_curve_that_is_nearly_flat() -> None:
    ripple = -3.0 + 0.8 * torch.sin(torch.arange(1024) / 40.0)
    graph, settings = a_console(ripple, [-2.0, -2.0])
    moved = gather_levels(graph, settings, EVERYWHERE)
    gain_db = 20.0 * torch.log10(torch.tensor(0.2 + 0.8 * 10.0 ** (-2.0 / 20.0)))
    level_db = 20.0 * torch.log10(torch.tensor(0.3 + 0.7 * 10.0 ** (-3.0 / 20.0)))
    # The ripple's own mean, per octave, is not quite zero.
    expected = pytest.approx(float(gain_db + level_db), abs=0.3)
    assert float(moved.stack("gain_panning").values["gain_db"][0, 0]) == expected


def test_what_was_given_is_not_changed() -> None:
    graph, settings = a_console(TILT, [-6.0, -6.0])
    kept = settings.map(torch.clone)
    gather_levels(graph, settings, EVERYWHERE)
    assert all(map(torch.equal, settings.tensors(), kept.tensors()))
