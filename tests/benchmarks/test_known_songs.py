"""The maker of known songs: the same draws from the same seed, and a truth that makes the mix."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import scipy.signal

TRACKS = [("1", "kick"), ("2", "bass"), ("3", "guitar"), ("4", "guitar"), ("5", "vocal")]
SONGS = range(1, 201)

Load = Callable[[str], ModuleType]


def test_draws_follow_habits(benchmark_module: Load):
    draw = benchmark_module("known_chains").draw

    def desk(number: int) -> Any:
        return draw(number, TRACKS, number % 3 == 0, np.random.default_rng([1, number]))

    desks = [desk(number) for number in SONGS]
    assert desk(7) == desks[6] and desk(8) != desks[6]
    vocals, kicks = ([d.strips[i] for d in desks] for i in (4, 0))

    def share(strips: list[Any], shape: str) -> float:
        bands = [{b["shape"] for p in s.processors for b in p.get("bands", ())} for s in strips]
        return float(np.mean([shape in one for one in bands]))

    # Chances of 0.95 and 0.1, drawn 200 times: three standard deviations.
    assert share(vocals, "high_pass") == pytest.approx(0.95, abs=0.05)
    assert share(kicks, "high_pass") == pytest.approx(0.1, abs=0.07)
    compressors = [p for d in desks for s in d.strips for p in s.processors]
    ratios = [p["ratio"] for p in compressors if p["type"] == "compressor" and p["ratio"] < 6.1]
    assert 2.0 <= min(ratios) and 2.5 < np.median(ratios) < 4.0
    for number, one in zip(SONGS, desks, strict=True):
        shared = [s for s in one.of("return") if s.family != "parallel"]
        assert bool(shared) == (number // 2 % 2 == 1)
        assert all(sum(s.name in t.sends for t in one.of("track")) >= 2 for s in shared)
        sides = [s.pan for s in one.strips if s.family == "guitar"]
        assert sides[0] > 0.0 > sides[1]


def sound(rng: np.random.Generator) -> np.ndarray:
    """Return two seconds of noise that swells."""
    swell = 10.0 ** (-np.abs(np.sin(np.linspace(0.0, 9.0, 88_200))))
    return (0.2 * swell * rng.standard_normal((1, 88_200))).astype(np.float32)


def test_a_mix_is_what_its_truth_says(benchmark_module: Load):
    pytest.importorskip("pedalboard")
    chains, strips = benchmark_module("known_chains"), benchmark_module("known_strips")
    rng = np.random.default_rng(0)
    dry = benchmark_module("known_sources").Dry("a", "guitar", sound(rng))
    bands = [{"shape": "high_pass", "frequency_hz": 200.0}]
    wishes = [
        {"type": "eq", "engine": "pedalboard", "bands": bands},
        {
            "type": "delay",
            "engine": "pedalboard",
            "time_ms": 250.0,
            "feedback": 0.0,
            "wet_db": -9.0,
        },
    ]
    desk = chains.Desk(
        [
            chains.Strip("a", "track", "guitar", "master", wishes, -3.0, 0.4),
            chains.Strip("master", "master", "master", ""),
        ]
    )
    mix, truth = strips.mixed(desk, [dry])
    again, _ = strips.mixed(desk, [dry])
    np.testing.assert_array_equal(mix, again)
    track, master = truth["strips"]
    # A high-pass of first order, an echo 9 dB below the sound, a pan of equal power.
    sections = scipy.signal.butter(1, 200.0, "high", fs=44_100, output="sos")
    passed = np.asarray(scipy.signal.sosfilt(sections, dry.audio[0]))
    echo = np.concatenate([np.zeros(11_025), passed[:-11_025]])
    echo *= 10.0 ** (-9.0 / 20.0) * np.sqrt(np.sum(passed**2) / np.sum(echo**2))
    angle = 0.25 * np.pi * 1.4
    gain = np.sqrt(2.0) * 10.0 ** ((track["level_db"] + master["level_db"]) / 20.0)
    expected = gain * np.outer([np.cos(angle), np.sin(angle)], passed + echo)
    # Single precision, and levels told with two digits.
    assert np.abs(mix - expected).max() < 2e-4 * np.abs(expected).max()
    # Levels told with two digits.
    assert np.abs(mix).max() == pytest.approx(10.0 ** (-1.0 / 20.0), rel=1e-3)
    gains_db = np.interp([200.0, 2000.0], truth["grid_hz"], track["eq_db"])
    # The -3 dB point; a decade above, 0.04 dB are left.
    np.testing.assert_allclose(gains_db, [-3.01, -0.04], atol=0.05)


def test_a_compressor_is_set_by_what_it_does(benchmark_module: Load):
    pytest.importorskip("pedalboard")
    chains, strips = benchmark_module("known_chains"), benchmark_module("known_strips")
    dry = benchmark_module("known_sources").Dry("a", "bass", sound(np.random.default_rng(0)))
    wish = {
        **{"type": "compressor", "engine": "pedalboard", "ratio": 4.0, "attack_ms": 5.0},
        **{"release_ms": 50.0, "make_up_db": 0.0, "reduction_db": 6.0, "detector": "peak"},
    }
    desk = chains.Desk(
        [
            chains.Strip("a", "track", "bass", "master", [wish]),
            chains.Strip("master", "master", "master", ""),
        ]
    )
    _, truth = strips.mixed(desk, [dry])
    (told,) = truth["strips"][0]["processors"]
    on = np.array(truth["strips"][0]["blocks_db"])
    on = on >= on.max() - 40.0
    # Thresholds are set until the reduction is within 0.2 dB, and told with one digit.
    assert -np.percentile(np.array(told["curve_db"])[on], 5.0) == pytest.approx(6.0, abs=0.3)
