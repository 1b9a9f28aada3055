"""Compressors, gates and limiters: their dials, from how the gain of a part of the mix moved."""

import numpy as np
import pytest
import torch

from mixtrace.interpret.dynamics import Heard, gain_of, read_dynamics
from mixtrace.interpret.framewise import Framewise
from mixtrace.interpret.nodes import node_of
from mixtrace.processors import NodeSettings

RATE = 30_000.0


def track() -> torch.Tensor:
    """Return notes of many levels: noise that decays, one note in a third of a second."""
    rng = np.random.default_rng(0)
    audio = rng.standard_normal(int(12 * RATE)) * 0.3
    place = np.arange(len(audio)) % int(RATE / 3)
    levels = np.repeat(10 ** rng.uniform(-1.5, 0.0, 36), int(RATE / 3))
    return torch.tensor(audio * levels * np.exp(-place / (0.12 * RATE)), dtype=torch.float32)[None]


def moved(planted: NodeSettings, level: float = 0.7) -> Framewise:
    dry = track()
    gain = gain_of(planted, dry, RATE)
    return Framewise(dry.repeat(2, 1), level * (gain * dry).repeat(2, 1), RATE)


def heard() -> dict[str, Heard]:
    return {"dry": Heard(track(), RATE)}


def test_a_frame_of_a_gain_costs_what_it_leaves():
    part = torch.randn(2, 1500, generator=torch.Generator().manual_seed(0))
    gain = np.linspace(0.5, 1.0, 10)
    target = 2.0 * torch.tensor(gain, dtype=torch.float32).repeat_interleave(150) * part
    frames = Framewise(part, target, RATE)
    explained = frames.explained(gain)
    assert explained.left == pytest.approx(0.0, abs=1e-6)
    assert explained.level == pytest.approx(2.0, rel=1e-6)
    halves = frames.under(np.sqrt(gain)).explained(np.sqrt(gain))
    assert halves.level == pytest.approx(2.0, rel=1e-6)


@pytest.mark.parametrize("rate", [30_000.0, 44_100.0, 48_000.0])
def test_one_sample_in_four_tells_the_gain_of_the_same_frames(rate: float):
    dials = {"threshold_db": -30.0, "ratio": 4.0, "attack_ms": 20.0, "release_ms": 200.0}
    planted, sounds = node_of("compressor", **dials), Heard(track(), rate)
    gain = gain_of(planted, track(), rate).double()
    frames = gain.unfold(-1, round(0.005 * rate), round(0.005 * rate)).mean(-1).numpy()
    np.testing.assert_allclose(sounds.gain(planted), frames, rtol=1e-6)
    # A detector hears other samples of the noise: half a dB at most, .1 dB in all.
    apart_db = 20.0 * np.log10(sounds.gain(planted, coarse=True) / frames)
    assert np.abs(apart_db).max() < 0.5
    assert np.sqrt(np.mean(apart_db**2)) < 0.1


@pytest.mark.parametrize("smoothing", [0.0, 1.0])
@pytest.mark.parametrize(("threshold_db", "ratio"), [(-28.0, 3.0), (-20.0, 6.0)])
def test_the_dials_of_a_compressor_are_found(threshold_db: float, ratio: float, smoothing: float):
    planted = node_of(
        "compressor",
        threshold_db=threshold_db,
        ratio=ratio,
        knee_db=4.0,
        attack_ms=4.0,
        release_ms=90.0,
        detector=0.0,
        smoothing=smoothing,
    )
    found = read_dynamics("compressor", moved(planted), heard())
    # The search ends after some hundred tries, and usual dials are preferred to exact ones.
    assert found.left < 0.04
    assert found.level == pytest.approx(0.7, rel=0.05)
    assert found.settings.number("threshold_db") == pytest.approx(threshold_db, abs=3.0)
    assert found.settings.number("ratio") == pytest.approx(ratio, rel=1 / 3)
    assert found.settings.number("release_ms") == pytest.approx(90.0, rel=0.5)
    assert found.settings.number("smoothing") == smoothing
    assert found.settings.number("detector") == 0.0


def test_a_gate_is_told_from_a_compressor():
    planted = node_of("gate", threshold_db=-24.0, range_db=-30.0, attack_ms=1.0, release_ms=50.0)
    frames = moved(planted)
    gate, compressor = (read_dynamics(kind, frames, heard()) for kind in ("gate", "compressor"))
    assert gate.price < 0.5 * compressor.price
    # Between its threshold and 3 dB below it a gate holds on: levels there tell nothing.
    assert gate.settings.number("threshold_db") == pytest.approx(-24.0, abs=3.0)
    assert gate.settings.number("range_db") < -15.0


def test_a_limiter_is_told_from_a_compressor():
    planted = node_of("limiter", ceiling_db=-16.0, release_ms=60.0)
    frames = moved(planted)
    limiter, compressor = (
        read_dynamics(kind, frames, heard()) for kind in ("limiter", "compressor")
    )
    assert limiter.price < compressor.price
    # What is heard is reduced to peaks, so its ceiling is found to a fraction of a dB.
    assert limiter.settings.number("ceiling_db") == pytest.approx(-16.0, abs=1.0)


def test_the_level_of_a_sound_is_that_of_its_loud_frames():
    tone = 0.5 * torch.sin(2 * np.pi * 440.0 * torch.arange(int(RATE)) / RATE)[None]
    silence = torch.zeros_like(tone)
    told = Heard(torch.cat([tone, silence, silence], -1), RATE).level_db
    # RMS of a sine whose peaks are at -6.02 dB.
    assert told == pytest.approx(-9.03, abs=0.05)
