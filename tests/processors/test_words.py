"""Settings in words: the numbers are those a calculation by hand gives."""

import math
from typing import Any

import pytest
import torch

from mixtrace.processors import PROCESSORS, NodeSettings


def describe(kind: str, values: dict[str, torch.Tensor], wet: float) -> str:
    return PROCESSORS[kind].describe(NodeSettings(kind, values, wet))


def values(**named: Any) -> dict[str, torch.Tensor]:
    return {name: torch.tensor(value, dtype=torch.float32) for name, value in named.items()}


def detector(threshold_db: float, slope: float) -> dict[str, torch.Tensor]:
    return values(threshold_db=threshold_db, knee_db=6.0, time_ms=20.0, slope=slope)


def test_compressor():
    words = describe("one_pole_compressor", detector(-24.0, -0.75), 0.8)
    assert words == "above -24 dB, 4:1 (slope -0.75), knee 6 dB, 20 ms, wet 80 %"
    assert ", 1.5:1 " in describe("one_pole_compressor", detector(-24.0, -1 / 3), 1.0)
    for slope in (-1.0, -1.7):
        assert ", inf:1 or beyond (slope" in describe(
            "one_pole_compressor", detector(-24.0, slope), 1.0
        )


def test_gate():
    words = describe("one_pole_gate", detector(-45.0, -3.0), 0.5)
    assert words == "1:4 below -45 dB, knee 6 dB, 20 ms, wet 50 %"


def test_gain_and_pan():
    assert describe("gain_panning", values(gain_db=[-3.0, -3.0]), 1.0) == "-3.0 dB, centre"
    # Half wet: the gain is the mean of 1 and 10^(6/20), 3.5 dB.
    assert describe("gain_panning", values(gain_db=[6.0, 6.0]), 0.5) == "+3.5 dB, centre"
    # A constant-power pot at 20 % right: gains root 2 cos, root 2 sin of 54 degrees.
    angle = math.radians(54.0)
    gains = [20.0 * math.log10(math.sqrt(2.0) * f(angle)) for f in (math.cos, math.sin)]
    words = describe("gain_panning", values(gain_db=gains), 1.0)
    assert words == "0.0 dB, pan 20 % right (right 2.8 dB louder)"
    words = describe("gain_panning", values(gain_db=[0.0, -80.0]), 1.0)
    assert words == "-3.0 dB, pan 100 % left (left 80.0 dB louder)"


def test_imager():
    assert describe("stereo_imager", values(side_gain_db=6.0), 1.0) == "side +6.0 dB (wider)"
    assert describe("stereo_imager", values(side_gain_db=-80.0), 0.5) == "side -6.0 dB (narrower)"
    assert describe("stereo_imager", values(side_gain_db=-80.0), 1.0) == "mono"
    assert describe("stereo_imager", values(side_gain_db=0.0), 1.0) == "side 0.0 dB"


def test_equalizer():
    flat = values(magnitude_db=[0.0] * 1024)
    assert describe("equalizer", flat, 1.0) == "flat"
    lifted = values(magnitude_db=[6.0] * 1024)
    assert describe("equalizer", lifted, 0.5) == "+3.5 dB overall"
    curve = torch.zeros(1024)
    curve[:7] = -60.0  # below 95 Hz
    words = describe("equalizer", {"magnitude_db": curve}, 1.0)
    assert words.startswith("low cut ")
    cutoff_hz = float(words.removeprefix("low cut ").removesuffix(" Hz"))
    # A brick wall between the bins at 88 and 103 Hz, seen through a third of an octave: +-12 %.
    assert 88.0 / 1.12 < cutoff_hz < 103.0 * 1.12


def test_reverb():
    rt60_s = torch.full((2, 193), 1.5)
    rt60_s[:, :3] = 2.0  # 0 to 156 Hz of the 0 to 234 Hz that count as low
    rt60_s[:, 53:] = 0.5  # above 4.1 kHz
    reverb = {"rt60_s": rt60_s, "initial_db": torch.zeros(2, 193)}
    words = describe("noise_reverb", reverb, 0.1)
    assert words == "RT60 low 2 s, mid 1.5 s, high 500 ms, level -20.0 dB, wet 10 %"


def test_delay():
    offset_s = torch.full((2, 20), 0.05)
    color_db = torch.full((2, 20, 20), -80.0)
    color_db[:, 3] = 0.0  # both sides at 0.35 s
    color_db[0, 7] = -6.0  # left at 0.75 s, half the amplitude
    taps = torch.stack([offset_s, torch.full((2, 20), 0.9)], -1)
    words = describe("twenty_tap_delay", {"taps": taps, "color_db": color_db}, 0.5)
    # Energies 1 + 1/4 left, 1 right: their mean is 1.125, so the strong echo has 1/1.125.
    strong_db = 20.0 * math.log10(0.5) - 10.0 * math.log10(1.125)
    echoes = words.removeprefix("strongest echoes ").removesuffix(", wet 50 %").split(", ")
    assert echoes[0] == f"0.35 s {strong_db:+.1f} dB"
    assert f"0.75 s {strong_db - 6.0:+.1f} dB left" in echoes


def test_automation():
    ride_db = torch.zeros(64)
    ride_db[20:30] = 2.0
    automation = {"ride_db": ride_db, "duration_s": torch.tensor(126.0)}
    assert describe("gain_automation", automation, 1.0) == "0.0 dB to +2.0 dB"
    ride_db[-11:] = torch.linspace(0.0, -60.0, 11)  # 6 dB a knot of 2 s, from 1:46.0 on
    words = describe("gain_automation", automation, 1.0)
    assert words == "0.0 dB to +2.0 dB, fade-out 1:46.0 to 2:06.0"


@pytest.mark.parametrize("kind", PROCESSORS)
@pytest.mark.parametrize("end", ["low", "high"])
def test_range_ends_have_words(kind: str, end: str):
    """Weights of 0 and 1 and the extremes of every range give words without nan or infinities."""
    extremes = {
        spec.name: torch.as_tensor(getattr(spec, end)).expand(spec.shape).clone()
        for spec in PROCESSORS[kind].params
    }
    for wet in (0.0, 1.0):
        words = describe(kind, extremes, wet)
        assert words
        assert "nan" not in words
        assert "inf" not in words.replace("inf:1", "")
