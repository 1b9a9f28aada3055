"""Compressor and gate in dB and milliseconds, measured from outside with sines and steps."""

import numpy as np
import pytest
import torch
from scipy import signal

from mixtrace.processors import PROCESSORS

RATE_HZ = 30_000.0


def settings(**values: float) -> dict[str, torch.Tensor]:
    return {k: torch.tensor([v], dtype=torch.float64) for k, v in values.items()}


def sine(level_db: float, rate_hz: float = RATE_HZ) -> np.ndarray:
    """Return one second of 1 kHz with this mean square in dB."""
    time_s = np.arange(round(rate_hz)) / rate_hz
    return np.sqrt(2.0) * 10.0 ** (level_db / 20.0) * np.sin(2.0 * np.pi * 1000.0 * time_s)


def gain_db(kind: str, audio: np.ndarray, rate_hz: float = RATE_HZ, **values: float) -> float:
    """Return the level of the last 0.1 s of the output over that of the input."""
    tensor = torch.from_numpy(np.atleast_2d(audio)).expand(2, -1)[None]
    output = PROCESSORS[kind].forward(tensor, settings(**values), rate_hz)[0].numpy()
    last = round(0.1 * rate_hz)
    ratio = np.mean(output[:, -last:] ** 2) / np.mean(tensor.numpy()[..., -last:] ** 2)
    return 10.0 * np.log10(ratio)


STEADY = {"time_ms": 50.0}
"""Ripple at 2 kHz is down to 1 / (2 pi 2000 Hz 50 ms) = 0.0016 of the energy, 0.007 dB."""

RIPPLE_DB = 0.02


@pytest.mark.parametrize(
    ("slope", "level_db", "expected_db"),
    [
        (-0.75, -8.0, -9.0),  # 4:1, 12 dB above: comes out 3 dB above
        (-0.5, -8.0, -6.0),  # 2:1
        (-1.0, -14.0, -6.0),  # a limiter
        (-1.0, -2.0, -18.0),
        (-1.5, -8.0, -18.0),  # louder comes out softer
        (-0.75, -25.0, 0.0),  # below the threshold
    ],
)
@pytest.mark.parametrize("rate_hz", [30_000.0, 48_000.0])
def test_ratios_of_the_compressor(slope, level_db, expected_db, rate_hz):
    values = {"threshold_db": -20.0, "knee_db": 0.1, "slope": slope, **STEADY}
    measured = gain_db("one_pole_compressor", sine(level_db, rate_hz), rate_hz, **values)
    # The floor of 1e-5 lies 30 dB below the threshold: 0.003 dB.
    assert measured == pytest.approx(expected_db, abs=RIPPLE_DB)


@pytest.mark.parametrize(
    ("slope", "level_db", "expected_db"),
    [
        (-3.0, -25.0, -15.0),  # 1:4, 5 dB below: comes out 20 dB below
        (-1.0, -30.0, -10.0),  # 1:2
        (-3.0, -15.0, 0.0),  # above the threshold
    ],
)
def test_ratios_of_the_gate(slope, level_db, expected_db):
    values = {"threshold_db": -20.0, "knee_db": 0.1, "slope": slope, **STEADY}
    # The floor of 1e-5 lifts -30 dB by 0.043 dB, -25 dB by 0.014 dB; the slope multiplies it.
    tolerance = RIPPLE_DB + 0.06
    assert gain_db("one_pole_gate", sine(level_db), **values) == pytest.approx(
        expected_db, abs=tolerance
    )


def knee_db(distance_db: float, width_db: float) -> float:
    """Return the excess of Giannoulis et al. 2012, eq. (4), for a level relative to threshold."""
    if 2.0 * distance_db < -width_db:
        return 0.0
    if 2.0 * abs(distance_db) <= width_db:
        return (distance_db + width_db / 2.0) ** 2 / (2.0 * width_db)
    return distance_db


@pytest.mark.parametrize(
    ("kind", "direction"), [("one_pole_compressor", 1.0), ("one_pole_gate", -1.0)]
)
@pytest.mark.parametrize("distance_db", [-14.0, -9.0, -5.0, 0.0, 4.0, 9.0, 14.0])
def test_the_whole_curve_with_a_soft_knee(kind, direction, distance_db):
    level_db = -24.0 + distance_db
    expected = -0.9 * knee_db(
        direction * (10.0 * np.log10(10.0 ** (level_db / 10.0) + 1e-5) + 24.0), 20.0
    )
    values = {"threshold_db": -24.0, "knee_db": 20.0, "slope": -0.9, **STEADY}
    measured = gain_db(kind, sine(level_db), **values)
    assert measured == pytest.approx(expected, abs=RIPPLE_DB)
    if distance_db == 0.0:
        assert measured == pytest.approx(-0.9 * 20.0 / 8.0, abs=0.05)  # floor included


@pytest.mark.parametrize("kind", ["one_pole_compressor", "one_pole_gate"])
def test_both_channels_share_the_gain_of_their_mean_energy(kind):
    one_side = np.stack([sine(-10.0), np.zeros(30_000)])
    values = {"threshold_db": -16.0, "knee_db": 30.0, "slope": -0.8, **STEADY}
    # One silent channel halves the energy.
    both = gain_db(kind, sine(-10.0 - 10.0 * np.log10(2.0)), **values)
    assert gain_db(kind, one_side, **values) == pytest.approx(both, abs=1e-9)
    quiet_right = np.stack([sine(-10.0), 0.1 * sine(-10.0)])
    audio = torch.from_numpy(quiet_right)[None]
    output = PROCESSORS[kind].forward(audio, settings(**values), RATE_HZ)
    torch.testing.assert_close(output[:, 1], 0.1 * output[:, 0], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("rate_hz", [30_000.0, 44_100.0, 48_000.0])
@pytest.mark.parametrize("time_ms", [1.0, 20.0, 400.0])
def test_the_detector_reaches_its_share_of_a_step_in_its_time(time_ms, rate_hz):
    # Far above a hard threshold the gain in dB is slope times level: the level can be read back.
    samples = round(3.0 * time_ms * rate_hz / 1000.0)
    values = settings(threshold_db=-45.0, knee_db=0.1, slope=-0.1, time_ms=time_ms)
    step = torch.ones(1, 2, samples, dtype=torch.float64)
    output = PROCESSORS["one_pole_compressor"].forward(step, values, rate_hz)[0, 0].numpy()
    level_db = 20.0 * np.log10(output) / -0.1 - 45.0
    energy = 10.0 ** (level_db / 10.0) - 1e-5
    pole = np.exp(-1.0 / (time_ms / 1000.0 * rate_hz))
    expected = np.asarray(signal.lfilter([1.0 - pole], [1.0, -pole], np.ones(samples)))
    heard = expected > 1e-4  # above the knee
    np.testing.assert_allclose(energy[heard], expected[heard], rtol=1e-9)
    reached = energy[round(time_ms * rate_hz / 1000.0) - 1]
    # Whole samples: at 1 ms and 30 kHz, thirty of them.
    assert reached == pytest.approx(1.0 - 1.0 / np.e, abs=0.01)
