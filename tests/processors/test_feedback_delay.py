"""The feedback delay as a processor: against delay lines that run sample by sample."""

import numpy as np
import pytest
import torch
from torch import Tensor

from mixtrace.descent import Variables
from mixtrace.graph import Graph
from mixtrace.processors import PROCESSORS, Heard, NodeSettings
from mixtrace.reporting.rendered import response_powers, wet_level_db

ENTRY = PROCESSORS["feedback_delay"]


def values(
    delay: int, rate_hz: float, feedback: float, damping_hz: float, ping_pong: float, kept_s: float
) -> dict[str, Tensor]:
    given = {
        "time_ms": 1000.0 * delay / rate_hz,
        "feedback": feedback,
        "damping_hz": damping_hz,
        "ping_pong": ping_pong,
        "length_s": kept_s,
    }
    return {name: torch.tensor([value], dtype=torch.float64) for name, value in given.items()}


def by_lines(audio: np.ndarray, delay: int, rate_hz: float, given: dict[str, Tensor]) -> np.ndarray:
    """Return what two delay lines put out, each with a low-pass and a gain behind it.

    The low-pass: the analogue pole, and a zero that makes its gain right at 0 Hz and at the
    Nyquist frequency.
    """
    feedback, damping_hz, p = (
        float(given[name]) for name in ("feedback", "damping_hz", "ping_pong")
    )
    corner = 2.0 * np.pi * damping_hz / rate_hz
    pole = np.exp(-corner)
    nyquist = 1.0 / np.hypot(1.0, np.pi / corner)
    b0 = ((1.0 - pole) + (1.0 + pole) * nyquist) / 2.0
    b1 = (1.0 - pole) - b0
    time = audio.shape[1]
    lines, output = np.zeros((2, time)), np.zeros((2, time))
    before, damped = np.zeros(2), np.zeros(2)
    for n in range(time):
        late = lines[:, n - delay] if n >= delay else np.zeros(2)
        output[:, n] = late
        damped = pole * damped + b0 * late + b1 * before
        before = late
        left, right = audio[:, n]
        lines[0, n] = (1 - p) * left + p * (left + right) / 2
        lines[1, n] = (1 - p) * right
        lines[0, n] += feedback * ((1 - p) * damped[0] + p * damped[1])
        lines[1, n] += feedback * ((1 - p) * damped[1] + p * damped[0])
    return output


@pytest.mark.parametrize("rate_hz", [30_000.0, 44_100.0, 96_000.0])
@pytest.mark.parametrize("ping_pong", [0.0, 0.4, 1.0])
def test_it_is_two_delay_lines(rate_hz, ping_pong):
    delay = 2003
    given = values(delay, rate_hz, 0.8, 3000.0, ping_pong, 1.0)
    audio = np.random.default_rng(0).standard_normal((2, 9000))
    expected = by_lines(audio, delay, rate_hz, given)
    output = ENTRY.forward(torch.from_numpy(audio)[None], given, rate_hz)[0].numpy()
    # float64; delays of whole samples do not ring.
    np.testing.assert_allclose(output, expected, atol=1e-9)


def test_a_sound_in_the_middle_bounces_at_full_level():
    given = values(3000, 30_000.0, 0.5, 20_000.0, 1.0, 1.0)
    audio = torch.zeros(1, 2, 15_000, dtype=torch.float64)
    audio[..., 0] = 1.0
    output = ENTRY.forward(audio, given, 30_000.0)[0]
    gains = torch.stack([output[:, k * 3000 : (k + 1) * 3000].sum(-1) for k in range(1, 5)], 1)
    expected = torch.tensor([[1.0, 0.0, 0.25, 0.0], [0.0, 0.5, 0.0, 0.125]]).double()
    # The low-pass of each round has a gain of 1 at 0 Hz; its tail is longer than the distance.
    torch.testing.assert_close(gains, expected, rtol=1e-6, atol=1e-6)


def test_echoes_that_would_start_later_than_kept_are_left_out():
    given = values(3000, 30_000.0, 0.9, 20_000.0, 0.0, 0.35)
    audio = torch.zeros(1, 2, 20_000, dtype=torch.float64)
    audio[..., 0] = 1.0
    output = ENTRY.forward(audio, given, 30_000.0)[0]
    assert output[:, 9000].abs().min() > 0.5  # the third, after 0.3 s
    assert output[:, 10_500:].abs().max() < 1e-12


def test_each_node_of_a_batch_keeps_its_own_length():
    nodes = [values(700 + 300 * k, 30_000.0, 0.7, 5000.0, 0.3, 0.1 + 0.2 * k) for k in range(3)]
    together = {name: torch.cat([node[name] for node in nodes]) for name in nodes[0]}
    audio = torch.randn(3, 2, 20_000, generator=torch.Generator().manual_seed(0)).double()
    output = ENTRY.forward(audio, together, 30_000.0)
    for k, node in enumerate(nodes):
        alone = ENTRY.forward(audio[k : k + 1], node, 30_000.0)[0]
        torch.testing.assert_close(output[k], alone, rtol=1e-10, atol=1e-12)
        assert ENTRY.reach(30_000.0, {"length_s": 0.1 + 0.2 * k}) == (0, 3000 + 6000 * k)


def node(wet: float, **changed: float) -> NodeSettings:
    given = {
        "time_ms": 375.0,
        "feedback": 0.5,
        "damping_hz": 4000.0,
        "ping_pong": 0.0,
        "length_s": 4.0,
    }
    return NodeSettings(
        "feedback_delay", {n: torch.tensor(v) for n, v in (given | changed).items()}, wet
    )


def test_words():
    assert ENTRY.describe(node(0.1)) == (
        "time 375 ms, feedback 50 %, damping 4 kHz, ping-pong 0 %, first echo -20.0 dB, wet 10 %"
    )
    # The first echo against the dry sound: 0.2 / 0.8 is -12 dB.
    (said,) = ENTRY.say(node(0.2, ping_pong=1.0), Heard()).words
    assert said == "375 ms ping-pong delay with 50 % feedback at -12 dB"
    assert ENTRY.say(node(1.0, feedback=0.0), Heard()).words == ("375 ms delay",)
    assert ENTRY.say(node(0.001), Heard()).doubts


def test_the_picture_shows_the_echoes_where_they_sound():
    picture = ENTRY.picture(node(0.5, ping_pong=1.0), Heard())
    assert picture is not None
    left, right = picture.panels[0].traces
    # Sides in turn, each echo 6 dB below the one before, all at half the amplitude.
    np.testing.assert_allclose(left.x[:2], [0.375, 1.125])
    np.testing.assert_allclose(left.y[:2], [-6.02, -18.06], atol=0.01)
    np.testing.assert_allclose(right.x[:2], [0.75, 1.5])
    np.testing.assert_allclose(right.y[:2], [-12.04, -24.08], atol=0.01)


def test_a_random_start_keeps_what_is_fixed():
    nodes = [("input", "a"), ("feedback_delay", "a"), ("feedback_delay", "b"), ("output", "a")]
    graph = Graph.of(nodes, [(0, 1), (1, 2), (2, 3)])
    settings = Variables.random(graph, torch.Generator().manual_seed(0)).settings()
    assert settings.stack("feedback_delay").values["length_s"].tolist() == [4.0, 4.0]
    assert settings.lengths == ((1, (("length_s", 4.0),)), (2, (("length_s", 4.0),)))


def test_a_single_echo_of_each_side_is_as_loud_as_the_sound():
    # What crosses counts beside what does not, so that of four rows two make a channel.
    edges_hz = np.array([100.0, 1000.0, 10_000.0])
    np.testing.assert_allclose(response_powers(node(0.5, feedback=0.0), edges_hz), 1.0, atol=0.01)
    assert wet_level_db(node(0.5, feedback=0.0), np.zeros(2), edges_hz) == pytest.approx(0, abs=0.1)
