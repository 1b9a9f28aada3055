"""The sixteen numbers: to settings and back, their ends, and what they sound like."""

import math

import numpy as np
import pytest
import torch
from learned_song import RATE_HZ, plucks

from mixtrace.graph import ConsolePreset, build_console
from mixtrace.learned import DIALS, START, Dial, OwnEngine, numbers_of, settings_of
from mixtrace.processors import Settings
from mixtrace.rendering import render_song

TRACKS = [("kick", "drums"), ("snare", "drums"), ("voice", "voice")]


def place(name: str) -> int:
    return next(k for k, dial in enumerate(DIALS) if dial.name == name)


def with_numbers(**chosen: float) -> torch.Tensor:
    numbers = torch.tensor([START])
    for name, number in chosen.items():
        numbers[0, place(name)] = number
    return numbers


def test_numbers_come_back_from_their_settings() -> None:
    drawn = torch.rand((3, 16), generator=torch.Generator().manual_seed(0)) * 1.9 - 0.95
    _, settings = settings_of(drawn, TRACKS)
    # Logarithms and roots in single precision.
    torch.testing.assert_close(numbers_of(settings), drawn, atol=2e-5, rtol=0.0)


@pytest.mark.parametrize("end", [-1.0, 1.0])
def test_both_ends_are_settings_of_the_graph(end: float) -> None:
    graph, settings = settings_of(torch.full((3, 16), end), TRACKS)
    settings.check({i: graph.nodes[i].kind for i in graph.processors})
    assert [graph.name(i) for i in graph.inputs] == ["kick", "snare", "voice"]


@pytest.mark.parametrize("dial", DIALS, ids=lambda dial: dial.name)
def test_a_dial_goes_from_its_low_end_to_its_high_one(dial: Dial) -> None:
    values = dial.value(torch.tensor([-1.0, 0.0, 1.0])).tolist()
    assert values[0] == pytest.approx(dial.low, rel=1e-6, abs=1e-6)
    assert values[2] == pytest.approx(dial.high, rel=1e-6)
    middle = {
        "even": 0.5 * (dial.low + dial.high),
        "ratio": math.sqrt(max(0.0, dial.low * dial.high)),
        "square": dial.low + 0.25 * (dial.high - dial.low),
    }
    assert values[1] == pytest.approx(middle[dial.curve], rel=1e-6, abs=1e-6)
    beyond = torch.tensor([dial.low - 1.0, dial.high + 1.0])
    assert dial.number(beyond).tolist() == [-1.0, 1.0]


def test_a_track_of_which_nothing_is_known_sounds_as_it_is() -> None:
    audio = torch.from_numpy(plucks(0))
    mix = OwnEngine().mix(torch.tensor([START]), [audio], RATE_HZ)
    plain = audio.expand(2, -1)
    # Compression of 1.15:1 above -15 dB and half a percent of reverb change little: -20 dB.
    assert float((mix - plain).norm()) < 0.1 * float(plain.norm())


def test_a_pan_keeps_the_power_and_moves_it() -> None:
    _, settings = settings_of(with_numbers(gain_db=0.25, pan=0.5), TRACKS[:1])
    left, right = (10.0 ** (settings.stack("gain_panning").values["gain_db"][0] / 20.0)).tolist()
    gain = 10.0 ** (6.0 / 20.0)  # a quarter of the way up from 0 to 24 dB
    # A constant-power pan pot half way to the right stands at 3/8 of a half turn.
    assert left == pytest.approx(gain * math.sqrt(2.0) * math.cos(3 * math.pi / 8), rel=1e-5)
    assert right == pytest.approx(gain * math.sqrt(2.0) * math.sin(3 * math.pi / 8), rel=1e-5)


def test_damping_shortens_the_high_bands_alone() -> None:
    _, settings = settings_of(with_numbers(decay_s=1.0, damping=1.0), TRACKS[:1])
    rt60_s = settings.stack("parametric_reverb").values["rt60_s"][0].tolist()
    assert rt60_s[0] == pytest.approx(3.0, rel=1e-5)
    assert rt60_s[-1] == pytest.approx(0.6, rel=1e-5)
    assert rt60_s == sorted(rt60_s, reverse=True)


def test_every_number_is_heard() -> None:
    """A number that turned nothing would be learnt in vain."""
    audio = [torch.from_numpy(plucks(0))]
    audible = dict(
        low_shelf_db=0.8, bell_db=0.8, high_shelf_db=0.8, threshold_db=-0.6, ratio=0.6, wet=0.5
    )
    before = OwnEngine().mix(with_numbers(**audible), audio, RATE_HZ)
    for dial in DIALS:
        turned = with_numbers(**{**audible, dial.name: 0.2})
        after = OwnEngine().mix(turned, audio, RATE_HZ)
        # Far above single precision, at which equal mixes would differ.
        assert float((after - before).norm()) > 1e-3 * float(before.norm()), dial.name


def test_the_engine_is_the_renderer_of_songs() -> None:
    drawn = torch.rand((2, 16), generator=torch.Generator().manual_seed(1)) * 2.0 - 1.0
    audio = [torch.from_numpy(plucks(0)), torch.from_numpy(plucks(1, 500.0))]
    graph, settings = settings_of(drawn, TRACKS[:2])
    whole = render_song(graph, settings, audio, RATE_HZ)
    mix = OwnEngine().mix(drawn, audio, RATE_HZ)
    # Transforms of other lengths round otherwise.
    np.testing.assert_allclose(mix.numpy(), whole.numpy(), atol=1e-4 * float(whole.abs().max()))


def test_silence_is_mixed_to_silence() -> None:
    mix = OwnEngine().mix(torch.zeros((2, 16)), [torch.zeros((1, 900)), torch.zeros((2, 900))], 900)
    assert mix.shape == (2, 900) and not mix.any()


def test_a_console_without_a_chain_is_the_sum() -> None:
    bare = build_console(TRACKS[:1], ConsolePreset((), ()))
    assert not bare.processors and Settings().stacks == ()
