"""What is asked for a nearest one, and what does nothing at all."""

import pytest
import torch
from music_like import RATE_HZ, beats

from mixtrace.interpret import node_of
from mixtrace.processors import PROCESSORS, NodeSettings
from mixtrace.simplifying.asking import nearest
from mixtrace.simplifying.nearest import Place


def asked(node: NodeSettings):
    return nearest(Place(node, beats(1.0), RATE_HZ))


@pytest.mark.parametrize(
    "node",
    [
        node_of("stereo_imager", 0.5, side_gain_db=0.0),
        node_of("fader"),
        node_of("compressor", threshold_db=0.0, knee_db=0.0),
        NodeSettings("equalizer", {"magnitude_db": torch.full((1024,), 20.0)}, 0.0),
    ],
)
def test_what_does_nothing_has_nothing_in_its_place(node: NodeSettings):
    found = asked(node)
    assert found is not None and found.near and found.chain == ()


def test_what_is_dialled_stays_as_it_is():
    assert asked(node_of("fader", level_db=-3.0)) is None
    assert asked(node_of("compressor", threshold_db=-30.0, ratio=4.0)) is None
    assert asked(node_of("saturation")) is None


def test_an_automation_is_not_judged_by_an_excerpt():
    assert asked(node_of("fader_automation", knot_s=[0.0], knot_db=[0.0])) is None


def test_every_processor_of_the_published_console_is_asked_or_dialled():
    from mixtrace.graph import CONSOLES

    dialled = {"stereo_imager", "gain_panning"}
    searched = set(CONSOLES["paper"].track_chain) - dialled
    for kind in searched:
        values = {
            s.name: s.physical(s.init + torch.zeros((1, *s.shape)))[0]
            for s in PROCESSORS[kind].params
        }
        if kind == "equalizer":
            values = {"magnitude_db": torch.full((1024,), 3.0)}
        assert asked(NodeSettings(kind, values, 0.5)) is not None, kind
