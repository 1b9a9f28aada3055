"""Planted graphs: the chosen processors, in console order, with their own settings."""

import pytest
from consoles import STUDIO

from mixtrace.errors import GraphError
from mixtrace.examples import chains, plant
from mixtrace.examples.effects import equalizer, gain_panning, noise_reverb, one_pole_compressor
from mixtrace.graph import Graph, build_console

TRACKS = [("bass", "bass"), ("voice", "vocals")]


def test_the_chains_of_a_console_are_those_of_its_preset():
    graph = build_console(TRACKS, STUDIO)
    found = {
        place: tuple(graph.nodes[i].kind for i in chain.processors)
        for place, chain in chains(graph).items()
    }
    preset = STUDIO
    assert found == {
        ("input", "bass"): preset.track_chain,
        ("input", "voice"): preset.track_chain,
        ("mix", "bass"): preset.bus_chain,
        ("mix", "vocals"): preset.bus_chain,
        ("mix", "master"): preset.master_chain,
    }


def test_effects_stand_in_console_order_with_their_own_settings():
    graph, settings = plant(
        TRACKS,
        {
            "bass": [gain_panning(-1.0), one_pole_compressor(-20.0, 2.0)],
            "voice": [gain_panning(-2.0)],
        },
        {"bass": [gain_panning(-3.0)], "vocals": [noise_reverb(1.0, -6.0)]},
    )
    kinds = {
        place: [graph.nodes[i].kind for i in chain.processors]
        for place, chain in chains(graph).items()
    }
    assert kinds == {
        ("input", "bass"): ["one_pole_compressor", "gain_panning"],
        ("input", "voice"): ["gain_panning"],
        ("mix", "bass"): ["gain_panning"],
        ("mix", "vocals"): ["noise_reverb"],
    }
    gains = settings.stack("gain_panning").values["gain_db"]
    for row, node in enumerate(graph.of_kind("gain_panning")):
        place = next(p for p, chain in chains(graph).items() if node in chain.processors)
        expected = {("input", "bass"): -1.0, ("input", "voice"): -2.0, ("mix", "bass"): -3.0}[place]
        # No pan: √2 cos 45° is 1 but for float32 rounding.
        assert gains[row].tolist() == pytest.approx([expected, expected], abs=1e-5)
    settings.check({i: graph.nodes[i].kind for i in graph.processors})
    assert settings.stack("noise_reverb").wet.tolist() == pytest.approx([0.333], abs=1e-3)


@pytest.mark.parametrize(
    "effects", [{"drums": [equalizer()]}, {"bass": [equalizer(), equalizer()]}]
)
def test_an_effect_that_has_no_place_of_its_own_is_refused(effects):
    with pytest.raises(AssertionError):
        plant(TRACKS, effects, {})


@pytest.mark.parametrize(
    "edges", [((0, 2), (1, 2), (0, 3), (2, 3)), ((0, 2), (1, 2), (2, 3), (2, 3))]
)
def test_a_graph_that_branches_is_no_console(edges):
    nodes = (("input", "a"), ("input", "b"), ("mix", "c"), ("output", "master"))
    with pytest.raises(GraphError, match="serial chains"):
        chains(Graph.of(nodes, edges))
