"""What tracks have in common moves to their bus without a change of sound; nothing else moves."""

import pytest
import torch

from mixtrace.descent import Variables
from mixtrace.graph import CONSOLES, Graph, build_console
from mixtrace.processors import Settings
from mixtrace.processors.equalizer import equalizer_frequencies
from mixtrace.prune import share_shapes
from mixtrace.rendering import render_walk

RATE_HZ = 30_000.0
TRACKS = [("kick", "drums"), ("snare", "drums"), ("voice", "vocals"), ("choir", "vocals")]
TRACKS += [("low", "bass")]
OCTAVE = torch.log2(equalizer_frequencies().clamp_min(20.0) / 1000.0)
BELL = 8.0 * torch.exp(-OCTAVE.square())
OTHER = -7.0 * torch.exp(-(OCTAVE - 2.0).square())
LEFT, RIGHT = torch.tensor([3.0, -3.0]), torch.tensor([-3.0, 3.0])

Effects = dict[tuple[str, str], torch.Tensor]


def a_console(effects_db: Effects) -> tuple[Graph, Settings]:
    """The console `studio` with nothing at work but equalizers ("eq") and gains ("pan")."""
    graph = build_console(TRACKS, CONSOLES["studio"])
    settings = Variables.random(graph, torch.Generator().manual_seed(0)).settings()
    for kind in graph.kinds():
        settings.stack(kind).wet[:] = 0.0
    for (name, effect), value in effects_db.items():
        kind, parameter = KINDS[effect]
        row = row_of(graph, kind, name)
        settings.stack(kind).wet[row], settings.stack(kind).values[parameter][row] = 1.0, value
    return graph, settings


KINDS = {"eq": ("equalizer", "magnitude_db"), "pan": ("gain_panning", "gain_db")}


def row_of(graph: Graph, kind: str, name: str) -> int:
    return [graph.name(i) for i in graph.of_kind(kind)].index(name)


def compress(graph: Graph, settings: Settings, name: str) -> None:
    row = row_of(graph, "one_pole_compressor", name)
    settings.stack("one_pole_compressor").wet[row] = 0.9
    for parameter, value in {"threshold_db": -30.0, "slope": -0.7, "knee_db": 6.0}.items():
        settings.stack("one_pole_compressor").values[parameter][row] = value


def shared(graph: Graph, settings: Settings) -> Settings:
    return share_shapes(graph, settings, torch.ones(len(graph.of_kind("equalizer")), 1024))


def audio() -> list[torch.Tensor]:
    """Tracks that are the same left and right."""
    generator = torch.Generator().manual_seed(1)
    return [0.2 * torch.randn(1, 30_000, generator=generator).expand(2, -1) for _ in TRACKS]


def at_work(graph: Graph, settings: Settings) -> set[tuple[str, str]]:
    """Return who changes a spectrum or a balance by more than a tenth of a dB."""
    found = set()
    for effect, (kind, parameter) in KINDS.items():
        for row, i in enumerate(graph.of_kind(kind)):
            effect_db = settings.stack(kind).wet[row] * settings.stack(kind).values[parameter][row]
            if float(effect_db.max() - effect_db.min()) > 0.1:
                found.add((graph.name(i), effect))
    return found


COMMON_CURVE = {("voice", "eq"): BELL + 2.0, ("choir", "eq"): BELL - 5.0}
COMMON_PANNING = {("kick", "pan"): LEFT - 4.0, ("snare", "pan"): LEFT + 1.0}
UNDONE_BY_ITS_TRACKS = {("drums", "eq"): BELL, ("kick", "eq"): -BELL, ("snare", "eq"): OTHER - BELL}
ALL_BUSES = {("drums", "eq"): BELL, ("vocals", "eq"): BELL, ("bass", "eq"): BELL}
ALL_CHAINS = {(name, "eq"): BELL for name in ("kick", "snare", "voice", "choir", "bass")}
DIFFERENT = {
    ("kick", "eq"): BELL,
    ("snare", "eq"): OTHER,
    ("voice", "pan"): LEFT,
    ("choir", "pan"): RIGHT,
}
ONE_OF_TWO = {("kick", "eq"): BELL, ("voice", "pan"): LEFT}
A_TRACK_AND_ITS_BUS = {("low", "eq"): BELL, ("bass", "eq"): BELL}
ALIKE_BUT_NOT_THE_SAME = {("kick", "pan"): 1.5 * LEFT, ("snare", "pan"): 0.6 * LEFT}


@pytest.mark.parametrize(
    ("effects_db", "left"),
    [
        (COMMON_CURVE, {("vocals", "eq")}),
        (COMMON_PANNING, {("drums", "pan")}),
        (COMMON_CURVE | COMMON_PANNING, {("vocals", "eq"), ("drums", "pan")}),
        (UNDONE_BY_ITS_TRACKS, {("snare", "eq")}),
        (ALL_BUSES, {("master", "eq")}),
        (ALL_CHAINS, {("master", "eq")}),
    ],
)
def test_what_is_common_is_said_once(effects_db: Effects, left: set[tuple[str, str]]) -> None:
    graph, settings = a_console(effects_db)
    assert at_work(graph, settings) == set(effects_db)
    moved = shared(graph, settings)
    assert at_work(graph, moved) == left
    before, after = (render_walk(graph, s, audio(), RATE_HZ) for s in (settings, moved))
    # Two equalizers in turn are not quite one: 2047 taps hold the product of their curves only
    # nearly, and what rings on beyond the end of a track is cut, here left out.
    inside = slice(2_000, -2_000)
    assert (after - before)[..., inside].abs().max() < 5e-3 * before.abs().max()


@pytest.mark.parametrize(
    "effects_db", [DIFFERENT, ONE_OF_TWO, A_TRACK_AND_ITS_BUS, ALIKE_BUT_NOT_THE_SAME, {}]
)
def test_tracks_that_differ_stay_as_they_are(effects_db: Effects) -> None:
    graph, settings = a_console(effects_db)
    moved = shared(graph, settings)
    assert all(map(torch.equal, settings.tensors(), moved.tensors()))


def test_curves_need_to_be_alike_only_where_there_is_something_to_hear() -> None:
    low = torch.arange(1024) < 70
    graph, settings = a_console(
        {("voice", "eq"): BELL, ("choir", "eq"): torch.where(low, BELL, BELL[69])}
    )
    heard = torch.ones(len(graph.of_kind("equalizer")), 1024)
    heard[row_of(graph, "equalizer", "choir")] = low.float()
    assert len(at_work(graph, shared(graph, settings))) > 1
    moved = share_shapes(graph, settings, heard)
    row = row_of(graph, "equalizer", "vocals")
    beyond = moved.stack("equalizer").values["magnitude_db"][row] - BELL
    # But for a level, which the voice keeps.
    assert float((beyond - beyond[0]).abs().max()) < 0.01


def test_the_compressor_of_the_bus_hears_panned_tracks_as_loud_as_before() -> None:
    graph, settings = a_console(COMMON_PANNING)
    compress(graph, settings, "drums")
    moved = shared(graph, settings)
    assert at_work(graph, moved) == {("drums", "pan")}
    before, after = (render_walk(graph, s, audio(), RATE_HZ) for s in (settings, moved))
    # As for levels: the detector's floor does not move.
    assert (after - before).abs().max() < 5e-3 * before.abs().max()


def test_panning_stays_before_an_imager_that_is_at_work() -> None:
    graph, settings = a_console(COMMON_PANNING)
    row = row_of(graph, "stereo_imager", "drums")
    settings.stack("stereo_imager").wet[row] = 1.0
    settings.stack("stereo_imager").values["side_gain_db"][row] = -6.0
    assert at_work(graph, shared(graph, settings)) == set(COMMON_PANNING)
