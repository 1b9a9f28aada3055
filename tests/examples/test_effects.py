"""Effects against closed forms, and against what their processors do to audio."""

import math

import numpy as np
import pytest
import torch
from scipy import signal

from mixtrace.examples.effects import (
    Curve,
    Effect,
    PlantedEcho,
    bell,
    delay,
    equalizer,
    gain_panning,
    high_pass,
    high_shelf,
    low_pass,
    low_shelf,
    noise_reverb,
    one_pole_compressor,
    one_pole_gate,
    stereo_imager,
)
from mixtrace.processors import FilterProcessor, processor
from mixtrace.processors.equalizer import equalizer_frequencies

RATE_HZ = 30_000


def at(curve: Curve, *frequency_hz: float) -> list[float]:
    return curve(torch.tensor(frequency_hz)).tolist()


def played(effect: Effect, audio: torch.Tensor) -> torch.Tensor:
    """Return [2, time] of audio through the effect, fully wet."""
    values = {name: value[None] for name, value in effect.values.items()}
    return processor(effect.kind).forward(audio.expand(2, -1)[None], values, RATE_HZ)[0]


def response(effect: Effect) -> torch.Tensor:
    entry = processor(effect.kind)
    assert isinstance(entry, FilterProcessor)
    values = {name: value[None] for name, value in effect.values.items()}
    return entry.impulse_response(values, RATE_HZ).taps[0]


def level_db(audio: torch.Tensor) -> float:
    return 10.0 * math.log10(float(audio.double().square().mean()))


def test_a_bell_has_its_gain_in_the_middle_and_its_width_from_q():
    # Of a bell of quality q, the half-gain (in dB) frequencies f1 < f2 have f1 f2 = f0² and
    # (f2 - f1) / f0 = 1 / q, whatever the gain.
    middle, q = 1000.0, 1.6
    low = middle * (math.sqrt(1.0 + 0.25 / q**2) - 0.5 / q)
    levels = at(bell(middle, -7.0, q), 1.0, low, middle, middle**2 / low, 1e6)
    assert levels == pytest.approx([0.0, -3.5, -7.0, -3.5, 0.0], abs=1e-3)


@pytest.mark.parametrize(("shelf", "levels"), [(low_shelf, (5, 2.5, 0)), (high_shelf, (0, 2.5, 5))])
def test_a_shelf_has_half_its_gain_at_its_frequency(shelf, levels):
    assert at(shelf(500.0, 5.0), 1.0, 500.0, 1e6) == pytest.approx(levels, abs=1e-3)


@pytest.mark.parametrize(("curve", "order"), [(high_pass(300.0), -2), (low_pass(300.0), 2)])
def test_passes_are_butterworth(curve: Curve, order: int):
    frequency_hz = np.geomspace(20.0, 15_000.0, 40)
    expected = -10.0 * np.log10(1.0 + (frequency_hz / 300.0) ** (2 * order))
    # float32 at levels of up to 70 dB.
    np.testing.assert_allclose(curve(torch.from_numpy(frequency_hz)), expected, atol=1e-4)


def test_an_equalizer_adds_its_curves_and_stays_in_range():
    effect = equalizer(bell(2000.0, 3.0), high_pass(100.0), gain_db=-2.0)
    magnitude_db = effect.values["magnitude_db"]
    # A high-pass is silent at 0 Hz; the parameter ends at -80 dB.
    assert magnitude_db[0] == -80.0
    peak = int(torch.argmin((equalizer_frequencies() - 2000.0).abs()))
    assert magnitude_db[peak] == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(
    ("make", "direction", "step"), [(one_pole_compressor, +1, 1 / 4), (one_pole_gate, -1, 4.0)]
)
def test_dynamics_turn_a_step_in_level_into_another(make, direction: int, step: float):
    # Sines of 500 Hz, smoothed over 50 ms, so that their gain hardly ripples; mean square -40 to
    # -10 dB, 10 and 16 dB beyond the knee's end.
    time_s = torch.arange(RATE_HZ) / RATE_HZ
    tone = math.sqrt(2.0) * torch.sin(2.0 * math.pi * 500.0 * time_s)
    effect = make(-25.0, 4.0, time_ms=50.0, knee_db=6.0)
    levels = []
    for distance_db in (9.0, 15.0):
        audio = 10.0 ** ((-25.0 + direction * distance_db) / 20.0) * tone
        levels.append(level_db(played(effect, audio)[:, RATE_HZ // 2 :]))
    # The detector adds 1e-5 (-50 dB) to the energy: 0.4 dB at -40 dB, times a slope of 3.
    tolerance = 0.02 if direction > 0 else 1.5
    assert direction * (levels[1] - levels[0]) == pytest.approx(6.0 * step, abs=tolerance)


@pytest.mark.parametrize("pan", [-1.0, -0.4, 0.0, 0.25])
def test_panning_keeps_the_power(pan: float):
    left, right = played(gain_panning(-6.0, pan), torch.ones(2, 1))[:, 0].tolist()
    # What is panned hard leaves -80 dB, the lowest gain, on the other side: 1.4e-4 of the rest.
    assert left**2 + right**2 == pytest.approx(2.0 * 10.0**-0.6, rel=1e-6)
    assert right / left == pytest.approx(math.tan(math.pi / 4.0 * (1.0 + pan)), abs=2e-4)


def test_an_imager_raises_the_side_only():
    out = played(stereo_imager(6.0), torch.tensor([[1.0], [0.5]]))
    assert float(out.sum()) == pytest.approx(1.5)
    assert float(out[0] - out[1]) == pytest.approx(0.5 * 10.0**0.3)


@pytest.mark.parametrize("level", [-12.0, 0.0])
def test_the_weight_sets_a_level(level: float):
    wet = noise_reverb(1.0, level).wet
    assert 20.0 * math.log10(wet / (1.0 - wet)) == pytest.approx(level)


def test_a_reverb_decays_in_its_time():
    taps = response(noise_reverb(0.8, -6.0, damping_hz=1e9, low_cut_hz=1.0))
    power = taps.square().sum(0)
    early, late = power[6000:9000].mean(), power[18_000:21_000].mean()
    # 60 dB in 0.8 s are 30 dB in 0.4 s. The mean over 3,000 samples of noise is known to about
    # 0.2 dB.
    assert 10.0 * math.log10(float(early / late)) == pytest.approx(30.0, abs=1.0)


def test_a_reverb_decays_faster_where_it_is_damped():
    taps = response(noise_reverb(0.8, -6.0, damping_hz=6000.0, low_cut_hz=1.0))
    sos = signal.butter(4, (5500.0, 6500.0), "bandpass", fs=RATE_HZ, output="sos")
    power = np.square(signal.sosfilt(sos, taps.numpy())).sum(0)
    # Half the time at the damping frequency: 30 dB in 0.2 s; a band of 1 kHz leaves some 200
    # independent values in 0.1 s, and the decay varies by a sixth over the band.
    decay_db = 10.0 * math.log10(power[3000:6000].mean() / power[9000:12_000].mean())
    assert decay_db == pytest.approx(30.0, abs=3.0)


def test_a_delay_repeats_where_it_was_told():
    taps = response(delay([PlantedEcho(0.44, 0.0, 0.5), PlantedEcho(0.88, -6.0, -0.5)], -6.0))
    at_s = [int(torch.argmax(part)) / RATE_HZ for part in (taps[1, :21_000], taps[0, 21_000:])]
    assert at_s == pytest.approx([0.44, 0.88 - 0.7], abs=1e-4)
    first, second = (taps[:, n - 30 : n + 30].square().sum(-1) for n in (13_200, 26_400))
    # The silent taps are 40 dB below the least of these: 1e-4 in energy.
    assert float(first.sum() / second.sum()) == pytest.approx(10.0**0.6, rel=1e-3)
    assert float(first[1] / first[0]) == pytest.approx(math.tan(math.pi / 8 * 3) ** 2, rel=1e-3)
    assert float(first.sum() + second.sum()) / 2.0 == pytest.approx(1.0, rel=1e-3)
