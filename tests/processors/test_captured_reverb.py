"""The captured reverb as a processor: against scipy's convolution with the stored response."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.signal
import torch
from torch import Tensor

from mixtrace.descent import Variables
from mixtrace.graph import Graph
from mixtrace.processors import Heard, NodeSettings, Settings
from mixtrace.processors import captured_reverb as module
from mixtrace.processors.captured_reverb import CapturedReverb, captured_taps
from mixtrace.rendering import DryAudio, compile_plan, render_compiled
from mixtrace.session import Alignment
from mixtrace.store import StoredGraph, StoredTrack, read_graph, write_graph

ENTRY = CapturedReverb()
RATE_HZ = 44_100.0


def hall(rows: int, rt60_s: float = 1.4, time: int = 60_000, seed: int = 0) -> np.ndarray:
    """Return exponentially decaying noise, [row, time]."""
    clock = np.arange(time) / RATE_HZ
    noise = np.random.default_rng(seed).standard_normal((rows, time))
    return noise * 10.0 ** (-3.0 * clock / rt60_s)


def values(response: np.ndarray, **turned: float) -> dict[str, Tensor]:
    dials = {"decay_factor": 1.0, "tone_db_per_octave": 0.0, "pre_delay_ms": 0.0} | turned
    return {
        "taps": captured_taps(torch.from_numpy(response))[None],
        "stored_rate_hz": torch.tensor([RATE_HZ], dtype=torch.float64),
        **{name: torch.tensor([value], dtype=torch.float64) for name, value in dials.items()},
    }


@pytest.mark.parametrize("rows", [1, 2, 4])
def test_it_is_the_convolution_at_unit_energy(rows):
    response = hall(rows, time=5000)
    ways = {1: [0, None, None, 0], 2: [0, None, None, 1], 4: [0, 1, 2, 3]}[rows]
    audio = np.random.default_rng(1).standard_normal((2, 8000))
    expected = np.zeros((2, 8000))
    energy = 0.0
    for place, way in enumerate(ways):
        if way is not None:
            through = scipy.signal.fftconvolve(audio[place % 2], response[way])
            expected[place // 2] += through[:8000]
            energy += np.square(response[way]).sum() / 2.0
    # Its energy at 30 kHz is one: taps of one gain grow as the rate falls.
    expected *= np.sqrt(30_000.0 / RATE_HZ / energy)
    output = ENTRY.forward(torch.from_numpy(audio)[None], values(response), RATE_HZ)[0]
    np.testing.assert_allclose(output, expected, atol=1e-9)
    taps = ENTRY.impulse_response(values(response), RATE_HZ).taps
    assert taps.shape[1] == (4 if rows == 4 else 2)


def test_decay_tone_and_pre_delay_turn_it():
    response = hall(2)

    def turned(**dials: float) -> np.ndarray:
        return ENTRY.impulse_response(values(response, **dials), RATE_HZ).taps[0].numpy()

    def decay_s(taps: np.ndarray) -> float:
        remaining = np.cumsum(np.square(taps).sum(0)[::-1])[::-1]
        level_db = 10.0 * np.log10(remaining / remaining[0])
        first, last = (int(np.argmax(level_db < limit)) for limit in (-5.0, -25.0))
        return 3.0 * (last - first) / RATE_HZ

    plain = turned()
    assert decay_s(plain) == pytest.approx(1.4, rel=0.05)
    assert decay_s(turned(decay_factor=0.5)) == pytest.approx(0.7, rel=0.05)
    late = turned(pre_delay_ms=100.0)
    np.testing.assert_allclose(late[:, 4410:], plain[:, :-4410], atol=1e-9)
    power = [
        np.abs(np.fft.rfft(taps, 1 << 18)) ** 2 for taps in (plain, turned(tone_db_per_octave=3.0))
    ]
    hz = np.fft.rfftfreq(1 << 18, 1.0 / RATE_HZ)
    for centre_hz, expected_db in ((250.0, -6.0), (1000.0, 0.0), (4000.0, 6.0)):
        near = np.abs(np.log2(hz.clip(1.0) / centre_hz)) < 0.05
        gain_db = 10.0 * np.log10(power[1][:, near].sum() / power[0][:, near].sum())
        assert gain_db == pytest.approx(expected_db, abs=0.3)


def test_what_depends_on_the_response_alone_is_computed_once(monkeypatch: pytest.MonkeyPatch):
    calls: list[Any] = []
    prepare = module.prepared_response
    monkeypatch.setattr(module, "prepared_response", lambda *a: calls.append(a) or prepare(*a))
    response = hall(2, seed=5)
    for factor in (1.0, 1.5):
        ENTRY.impulse_response(values(response, decay_factor=factor), RATE_HZ)
    assert len(calls) == 1
    response[0, 7] += 1.0
    changed = values(response)
    ENTRY.impulse_response(changed, RATE_HZ)
    assert len(calls) == 2
    changed["taps"][0, 7] += 1.0  # in place: what is known must not change with it
    ENTRY.impulse_response(changed, RATE_HZ)
    assert len(calls) == 3


def test_responses_of_other_lengths_and_rates_render_together():
    graph = Graph.of(
        [("input", "a"), ("captured_reverb", "a"), ("captured_reverb", "b"), ("output", "a")],
        [(0, 1), (0, 2), (1, 3), (2, 3)],
    )
    nodes = {1: values(hall(2, time=3000)), 2: values(hall(4, time=4000, seed=1))}
    nodes[2]["stored_rate_hz"][:] = 20_000.0
    settings = Settings.of(
        {
            i: NodeSettings("captured_reverb", {name: v[0] for name, v in given.items()}, 1.0)
            for i, given in nodes.items()
        }
    )
    plan = compile_plan(graph, (2,), RATE_HZ, settings.lengths)
    assert [plan.reach[i][1] for i in (1, 2)] == [3000, round(4000 * RATE_HZ / 20_000.0)]
    audio = torch.randn(1, 2, 6000, generator=torch.Generator().manual_seed(0)).double()
    settings = settings.map(Tensor.double)
    rendered = render_compiled(
        graph, settings, DryAudio([audio], torch.zeros(1)), RATE_HZ, time=6000
    )
    alone = [ENTRY.forward(audio, given, RATE_HZ) for given in nodes.values()]
    torch.testing.assert_close(rendered, alone[0] + alone[1], rtol=1e-9, atol=1e-9)


def node(wet: float, **turned: float) -> NodeSettings:
    single = {name: value[0].float() for name, value in values(hall(2), **turned).items()}
    return NodeSettings("captured_reverb", single, wet)


def test_words():
    # 0.2 / 0.8 is -12 dB.
    assert ENTRY.say(node(0.2), Heard()).words == ("captured 1.4 s hall at -12 dB",)
    turned = node(1.0, decay_factor=0.5, tone_db_per_octave=-2.0, pre_delay_ms=20.0)
    assert ENTRY.say(turned, Heard()).words == ("captured 700 ms room, darker after 20 ms",)
    assert ENTRY.describe(node(0.1)) == (
        "RT60 1.4 s, decay 100 %, tone +0.0 dB/oct, pre-delay 0 ms, level -20.0 dB, wet 10 %"
    )


def test_what_does_not_decay_is_no_hall():
    noise = hall(2, rt60_s=1e3)
    noise[:, 2000:-2000] *= 1e-3  # loud at either end, and the energy between stays at -7 dB
    noise[:, -2000:] *= 0.5
    flat = {name: value[0].float() for name, value in values(noise).items()}
    said = ENTRY.say(NodeSettings("captured_reverb", flat, 0.2), Heard())
    assert said.words == ("captured response without decay at -12 dB",)


def test_the_picture_shows_the_energy_decay():
    picture = ENTRY.picture(node(0.5), Heard())
    assert picture is not None
    (trace,) = picture.panels[0].traces
    # 60 dB in 1.4 s, but for the response's end after 1.36 s.
    assert np.interp(0.7, trace.x, trace.y) == pytest.approx(-30.0, abs=1.0)
    assert trace.y[0] == 0.0


def test_a_file_holds_the_response_and_a_search_leaves_it_alone(tmp_path: Path):
    graph = Graph.of([("input", "a"), ("captured_reverb", "a"), ("output", "a")], [(0, 1), (1, 2)])
    settings = Settings.of({1: node(0.3, decay_factor=1.2)})
    track = StoredTrack("a", "a", Alignment())
    stored = StoredGraph("song", (track,), graph, settings)
    write_graph(stored, tmp_path / "graph.json", tmp_path / "params.safetensors")
    read = read_graph(tmp_path / "graph.json").settings
    for name, value in settings[1].values.items():
        assert torch.equal(read[1].values[name], value), name
    variables = Variables.from_settings(read).requires_grad()
    moved = variables.settings()
    dry = DryAudio([torch.ones(1, 1, 500)], torch.zeros(1))
    audio = render_compiled(graph, moved, dry, RATE_HZ, time=500)
    assert audio is not None
    audio.square().sum().backward()
    for (_, name), value in variables.values.items():
        assert (value.grad is None) == (name in ("taps", "stored_rate_hz")), name
    assert torch.equal(moved.value(1, "taps"), settings.value(1, "taps"))
