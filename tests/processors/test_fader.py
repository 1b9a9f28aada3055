"""The fader's pan law and the lines of its automation, against closed forms."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from mixtrace.errors import GraphError
from mixtrace.graph import INPUT, OUTPUT, Graph
from mixtrace.processors import (
    PROCESSORS,
    AutomationProcessor,
    Heard,
    MatrixProcessor,
    NodeSettings,
    Passing,
    Settings,
)
from mixtrace.rendering import render_scheduled, render_song, render_walk

FADER, AUTOMATION = PROCESSORS["fader"], PROCESSORS["fader_automation"]


def fader(level_db: float, pan: float, wet: float = 1.0) -> NodeSettings:
    values = {"level_db": torch.tensor(level_db), "pan": torch.tensor(pan)}
    return NodeSettings("fader", values, wet)


def moved(knot_s: list[float], knot_db: list[float], wet: float = 1.0) -> NodeSettings:
    values = {"knot_s": torch.tensor(knot_s), "knot_db": torch.tensor(knot_db)}
    return NodeSettings("fader_automation", values, wet)


def batch(node: NodeSettings) -> dict[str, Tensor]:
    return {name: value[None].double() for name, value in node.values.items()}


@pytest.mark.parametrize("level_db", [-12.0, 0.0, 6.0])
@pytest.mark.parametrize("pan", [-1.0, -0.37, 0.0, 0.5, 1.0])
def test_the_pan_law_keeps_the_power(level_db, pan):
    assert isinstance(FADER, MatrixProcessor)
    matrix = FADER.matrix(batch(fader(level_db, pan)))[0].numpy()
    angle, level = (1.0 + pan) * math.pi / 4.0, math.sqrt(2.0) * 10.0 ** (level_db / 20.0)
    # Settings come as float32.
    expected = np.diag([level * math.cos(angle), level * math.sin(angle)])
    np.testing.assert_allclose(matrix, expected, atol=2e-7)
    assert (matrix**2).sum() == pytest.approx(2.0 * 10.0 ** (level_db / 10.0))


def test_the_centre_is_exactly_nothing():
    assert isinstance(FADER, MatrixProcessor)
    values = {"level_db": torch.zeros(1), "pan": torch.zeros(1)}
    assert torch.equal(FADER.matrix(values)[0], torch.eye(2))


def test_words_of_a_fader():
    assert FADER.describe(fader(-3.0, 0.0)) == "-3.0 dB, centre"
    assert FADER.describe(fader(-3.0, -0.3)) == "-3.0 dB, pan 30 % left"
    assert FADER.describe(fader(2.0, 1.0)) == "+2.0 dB, pan 100 % right"
    # Half wet: the gain is the mean of 1 and 10^(6/20), 3.5 dB.
    assert FADER.describe(fader(6.0, 0.0, 0.5)) == "+3.5 dB, centre"
    assert list(FADER.dials(fader(1.0, 0.25))) == [("level", "+1.0 dB"), ("pan", "25 % right")]
    picture = FADER.picture(fader(0.0, -1.0), Heard())
    assert picture is not None
    bars_db = [trace.x[1] for trace in picture.panels[0].traces[1:]]
    assert bars_db[0] == pytest.approx(3.01, abs=0.01)
    assert bars_db[1] <= -60.0


KNOTS_S, KNOTS_DB = [0.5, 2.0, 2.001, 7.0], [-6.0, 3.0, -60.0, 0.0]


@pytest.mark.parametrize("rate_hz", [8000.0, 44_100.0])
@pytest.mark.parametrize("start_s", [0.0, 1.9, 6.5, 20.0])
def test_lines_in_db_between_knots_held_outside(start_s, rate_hz):
    assert isinstance(AUTOMATION, AutomationProcessor)
    audio = torch.ones(1, 2, 8000, dtype=torch.float64)
    one = audio.new_ones(1)
    passing = Passing(audio, None, start_s * one, rate_hz)
    output, _ = AUTOMATION.follow(passing, batch(moved(KNOTS_S, KNOTS_DB)), one, 0.0 * one)
    moments_s = start_s + np.arange(8000) / rate_hz
    expected_db = np.interp(moments_s, torch.tensor(KNOTS_S).double().numpy(), KNOTS_DB)
    measured_db = 20.0 * np.log10(output[0].numpy())
    np.testing.assert_allclose(measured_db, np.stack([expected_db] * 2), atol=1e-8)


def test_one_knot_is_a_plain_fader():
    audio = torch.from_numpy(np.random.default_rng(0).standard_normal((1, 2, 500)))
    output = AUTOMATION.forward(audio, batch(moved([3.0], [-6.0])), 8000.0)
    torch.testing.assert_close(output, audio * 10.0 ** (-6.0 / 20.0))


def test_lengths_differ_from_node_to_node_in_every_renderer():
    kinds = [(INPUT, "a"), *(("fader_automation", "a"),) * 3, ("fader", "a"), (OUTPUT, "mix")]
    graph = Graph.of(kinds, [(i, i + 1) for i in range(5)])
    settings = Settings.of(
        {
            1: moved([0.1], [-3.0]),
            2: moved([0.05, 0.2, 0.4], [0.0, -20.0, 6.0]),
            3: moved([0.0, 0.3], [3.0, -3.0], 0.5),
            4: fader(2.0, 0.5),
        }
    ).map(Tensor.double)
    settings.check({i: graph.nodes[i].kind for i in graph.processors})
    audio = torch.from_numpy(np.random.default_rng(0).standard_normal((1, 16_000)))
    args = graph, settings, [audio], 30_000.0
    time_s = np.arange(16_000) / 30_000.0
    line = 10.0 ** (np.interp(time_s, [0.05, 0.2, 0.4], [0.0, -20.0, 6.0]) / 20.0)
    half = 0.5 + 0.5 * 10.0 ** (np.interp(time_s, [0.0, 0.3], [3.0, -3.0]) / 20.0)
    angle = 1.5 * math.pi / 4.0
    sides = (
        math.sqrt(2.0) * 10.0 ** (-1.0 / 20.0) * np.array([[math.cos(angle)], [math.sin(angle)]])
    )
    expected = torch.from_numpy(sides * line * half * audio.numpy())
    for output in (
        render_walk(*args),
        render_scheduled(*args),
        render_song(*args, block_samples=1000),
    ):
        # Knots come as float32: 1e-8 s in a line of 230 dB a second.
        torch.testing.assert_close(output, expected, rtol=0.0, atol=2e-6)


def test_knots_that_do_not_fit_are_refused():
    def check(node: NodeSettings) -> None:
        Settings.of({0: node}).check({0: "fader_automation"})

    check(moved(KNOTS_S, KNOTS_DB))
    with pytest.raises(GraphError, match="as many knot_s as knot_db; got 2 and 1"):
        check(moved([0.0, 1.0], [0.0]))
    with pytest.raises(GraphError, match="knot_s that rise; got 3 followed by 2"):
        check(moved([1.0, 3.0, 2.0], [0.0, 0.0, 0.0]))


def test_words_of_automation():
    assert AUTOMATION.describe(moved([0.0], [-2.0])) == "-2.0 dB throughout"
    faded = moved([0.0, 60.0, 62.0, 100.0, 110.0], [0.0, 0.0, 2.0, 2.0, -60.0])
    words = AUTOMATION.describe(faded)
    # From 2 dB down to what is usual, 0 dB, it takes .3 s; points are .2 s apart.
    assert words == "0.0 dB to +2.0 dB, fade-out 1:40.3 to 1:50.0"
    said = AUTOMATION.say(faded, Heard(duration_s=110.0)).words
    assert said == ("rides between 0.0 dB and +2.0 dB", "fades out from 1:40.3 to 1:50.0")
    assert dict(AUTOMATION.dials(faded))["at 1:02.0"] == "+2.0 dB"
    assert AUTOMATION.say(moved([0.0], [-2.0]), Heard()).words == ()
    picture = AUTOMATION.picture(faded, Heard(duration_s=110.0))
    assert picture is not None
    curve = picture.panels[0].traces[-1]
    assert np.interp(61.0, curve.x, curve.y) == pytest.approx(1.0, abs=0.1)
    glyph = AUTOMATION.glyph(faded, Heard(duration_s=110.0))
    assert glyph is not None and glyph.values[-1] == pytest.approx(-60.0, abs=0.1)
