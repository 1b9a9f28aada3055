"""Levels that move along a chain do not change what is heard."""

import pytest
import torch

from mixtrace.fit import Variables
from mixtrace.graph import CONSOLES, Graph, build_console
from mixtrace.processors import Settings
from mixtrace.prune import gather_levels
from mixtrace.render import render_walk

RATE_HZ = 30_000.0


def a_console(curve_db: torch.Tensor, gain_db: list[float]) -> tuple[Graph, Settings]:
    """One track with all of `paper` neutral but EQ, compressor and gain/panning."""
    graph = build_console([("voice", "vocals")], CONSOLES["paper"])
    settings = Variables.random(graph, torch.Generator().manual_seed(0)).settings()
    for kind in graph.kinds():
        settings.wet[kind][:] = 0.0
    settings.wet["equalizer"][0], settings.values["equalizer"]["magnitude_db"][0] = 0.7, curve_db
    settings.wet["gain_panning"][0] = 0.8
    settings.values["gain_panning"]["gain_db"][0] = torch.tensor(gain_db)
    settings.wet["compressor"][0] = 0.9
    for name, value in {"threshold_db": -30.0, "slope": -0.7, "knee_db": 6.0}.items():
        settings.values["compressor"][name][0] = value
    return graph, settings


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


def test_the_curve_takes_the_level_of_a_plain_gain() -> None:
    graph, settings = a_console(TILT, [-6.0, -6.0])
    moved = gather_levels(graph, settings, EVERYWHERE)
    assert moved.values["gain_panning"]["gain_db"][0].abs().max() < 1e-4
    effective_db = 20.0 * torch.log10(torch.tensor(0.2 + 0.8 * 10.0 ** (-6.0 / 20.0)))
    shift = (
        moved.values["compressor"]["threshold_db"] - settings.values["compressor"]["threshold_db"]
    )
    assert float(shift[0]) == pytest.approx(float(effective_db), abs=1e-4)


def test_the_panning_takes_the_level_of_a_flat_curve() -> None:
    graph, settings = a_console(torch.full((1024,), -5.0), [3.0, -9.0])
    moved = gather_levels(graph, settings, EVERYWHERE)
    assert moved.values["equalizer"]["magnitude_db"][0].abs().max() < 1e-3


def test_a_plain_gain_takes_the_level_of_a_curve_that_is_nearly_flat() -> None:
    ripple = -3.0 + 0.8 * torch.sin(torch.arange(1024) / 40.0)
    graph, settings = a_console(ripple, [-2.0, -2.0])
    moved = gather_levels(graph, settings, EVERYWHERE)
    gain_db = 20.0 * torch.log10(torch.tensor(0.2 + 0.8 * 10.0 ** (-2.0 / 20.0)))
    level_db = 20.0 * torch.log10(torch.tensor(0.3 + 0.7 * 10.0 ** (-3.0 / 20.0)))
    # The ripple's own mean, per octave, is not quite zero.
    expected = pytest.approx(float(gain_db + level_db), abs=0.3)
    assert float(moved.values["gain_panning"]["gain_db"][0, 0]) == expected


def test_what_was_given_is_not_changed() -> None:
    graph, settings = a_console(TILT, [-6.0, -6.0])
    kept = settings.map(torch.clone)
    gather_levels(graph, settings, EVERYWHERE)
    for kind, named in settings.values.items():
        assert torch.equal(settings.wet[kind], kept.wet[kind])
        assert all(torch.equal(value, kept.values[kind][name]) for name, value in named.items())
