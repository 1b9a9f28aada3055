"""What an amount of each processor is: all of it, nothing, and what lies between."""

import pytest
import torch
from torch import Tensor

from mixtrace.graph import Graph
from mixtrace.processors import PROCESSORS, NodeSettings, Settings
from mixtrace.processors.base import DESIGN_RATE_HZ
from mixtrace.rendering import render_walk

KINDS = list(PROCESSORS)


def sound() -> Tensor:
    """Return a second and a half of stereo noise that swells between -40 dB and -14 dB."""
    generator = torch.Generator().manual_seed(1)
    swell = torch.linspace(0.01, 0.2, round(1.5 * DESIGN_RATE_HZ))
    return swell * torch.randn(2, len(swell), generator=generator)


def rendered(node: NodeSettings) -> Tensor:
    graph = Graph.of(
        [("input", "a"), (node.kind, "a"), ("output", "mix")],
        [(0, 1), (1, 2)],
    )
    return render_walk(graph, Settings.of({1: node}), [sound()], DESIGN_RATE_HZ)


def drawn(kind: str, draw_physical) -> NodeSettings:
    values = draw_physical(kind, nodes=1, dtype=torch.float32)
    return NodeSettings(kind, {name: value[0] for name, value in values.items()}, 0.6)


@pytest.mark.parametrize("kind", KINDS)
def test_the_whole_amount_changes_nothing(kind: str, draw_physical):
    node = drawn(kind, draw_physical)
    whole = PROCESSORS[kind].amount(node, 1.0)
    assert whole.wet == node.wet
    assert whole.values.keys() == node.values.keys()
    for name, value in node.values.items():
        assert torch.equal(whole.values[name], value), name


@pytest.mark.parametrize("kind", KINDS)
def test_no_amount_leaves_the_sound_as_it_enters_or_none(kind: str, draw_physical):
    entry = PROCESSORS[kind]
    if entry.removal == "cut":
        node = NodeSettings(kind, drawn(kind, draw_physical).values, 1.0)
        # -80 dB, the lowest that a send goes, is an amplitude of 1e-4.
        torch.testing.assert_close(
            rendered(entry.amount(node, 0.0)), torch.zeros_like(sound()), atol=1e-4, rtol=0.0
        )
        return
    # Of a full-scale sound's 24 bits: what filters of no gain leave is the rounding of transforms.
    torch.testing.assert_close(
        rendered(entry.amount(drawn(kind, draw_physical), 0.0)), sound(), atol=1e-5, rtol=0.0
    )


@pytest.mark.parametrize("kind", KINDS)
def test_half_the_amount_lies_between(kind: str, draw_physical):
    """Every number does; the sound need not, where an EQ's pass undoes what its shelf does."""
    entry, node = PROCESSORS[kind], drawn(kind, draw_physical)
    none, half, whole = (entry.amount(node, share) for share in (0.0, 0.5, 1.0))
    for name in node.values:
        ends = torch.stack([none.values[name], whole.values[name]])
        assert bool((half.values[name] >= ends.amin(0)).all()), name
        assert bool((half.values[name] <= ends.amax(0)).all()), name
    assert min(none.wet, whole.wet) <= half.wet <= max(none.wet, whole.wet)
    sounds = [rendered(each) for each in (none, half, whole)]
    assert not torch.equal(sounds[1], sounds[0])
    assert not torch.equal(sounds[1], sounds[2])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.0, 0.3, 1.2, 4.0])
def test_any_amount_is_in_range(kind: str, share: float, draw_physical):
    node = PROCESSORS[kind].amount(drawn(kind, draw_physical), share)
    Settings.of({1: node}).check({1: kind})


def test_half_a_compression_is_half_the_slope():
    """4:1 takes 0.75 dB of each dB above the threshold; half of that is 1 / (1 - 0.375) : 1."""
    entry = PROCESSORS["compressor"]
    values = {spec.name: torch.as_tensor(spec.start or 0.0) for spec in entry.params}
    node = NodeSettings("compressor", {**values, "ratio": torch.tensor(4.0)})
    assert float(entry.amount(node, 0.5).values["ratio"]) == pytest.approx(1.6)
    assert float(entry.amount(node, 1.2).values["ratio"]) == pytest.approx(10.0)
    assert float(entry.amount(node, 4.0).values["ratio"]) == pytest.approx(20.0)


def test_half_a_reverb_or_send_is_6_db_softer():
    send, reverb = PROCESSORS["send"], PROCESSORS["parametric_reverb"]
    node = NodeSettings("send", {"level_db": torch.tensor(-10.0)})
    assert float(send.amount(node, 0.5).values["level_db"]) == pytest.approx(-16.02, abs=0.01)
    assert reverb.amount(NodeSettings("parametric_reverb", {}, 0.2), 0.5).wet == 0.1
