"""What the instruments play has the pitch that was asked for, and does as its dials say."""

import numpy as np
import pytest

from mixtrace.instruments import Note, percussion, synths
from mixtrace.instruments.drums import Tom, crash, tom
from mixtrace.instruments.synths import Lead, Organ, Pad, Pluck
from mixtrace.instruments.tonal import Strings, fingered

RATE_HZ = 44_100
A2 = Note(0.0, 1.0, (45,), 0.8)  # 110 Hz
ORGAN = Organ((0, 0, 8, 0, 0, 0, 0, 0, 0), 6.0, 0.3, 0.0)
"""The 8' drawbar alone: the pitch itself."""


def strongest_hz(sound: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(np.atleast_2d(sound).sum(0), 1 << 18))
    return float(np.fft.rfftfreq(1 << 18, 1.0 / RATE_HZ)[spectrum.argmax()])


@pytest.mark.parametrize(
    "sound",
    [
        synths.pluck(A2, RATE_HZ, Pluck(0.0, 2000.0, 300.0, 0.1, 1.0)),
        synths.pad(A2, RATE_HZ, np.random.default_rng(0), Pad(4.0, 400.0, 0.2, 0.3)),
        synths.organ(A2, RATE_HZ, np.random.default_rng(0), ORGAN),
        synths.lead(A2, RATE_HZ, Lead(1.0, 400.0, 5.0, 0.0, 0.01)),
        fingered(A2, RATE_HZ, np.random.default_rng(0), Strings(0.8, 0.1)),
        tom(A2, RATE_HZ, np.random.default_rng(0), Tom(0.3, 0.0)),
        percussion.conga(A2, RATE_HZ, np.random.default_rng(0), 0.3),
    ],
    ids=["pluck", "pad", "organ", "lead", "bass", "tom", "conga"],
)
def test_the_pitch_is_the_notes(sound: np.ndarray):
    # Detuned pads beat, drums fall to their pitch: two percent is a third of a semitone.
    assert strongest_hz(sound) == pytest.approx(110.0, rel=0.02)
    assert np.isfinite(sound).all()


def test_a_table_read_at_a_pitch_is_the_sum_of_its_harmonics():
    cycles = 110.0 * np.arange(2000) / RATE_HZ
    amplitudes = np.array([1.0, 0.5, 0.25])
    expected = sum(a * np.sin(2 * np.pi * (k + 1) * cycles) for k, a in enumerate(amplitudes))
    # Straight lines between 4096 points: (2 pi 3 / 4096)^2 / 8 of the third harmonic is 3e-6.
    np.testing.assert_allclose(synths.read(synths.period(amplitudes), cycles), expected, atol=1e-5)


def test_a_pluck_grows_darker():
    sound = synths.pluck(A2, RATE_HZ, Pluck(0.0, 6000.0, 200.0, 0.05, 1.0))
    early, late = (
        np.abs(np.fft.rfft(sound[begin : begin + 8820] * np.hanning(8820))) for begin in (0, 30000)
    )
    above = int(1500.0 * 8820 / RATE_HZ)
    # The filter has closed by more than three octaves at 12 dB each.
    assert early[above:].sum() / early.sum() > 4.0 * late[above:].sum() / late.sum()


@pytest.mark.parametrize(("play", "dial"), [(percussion.shaker, 4000.0), (percussion.clap, 0.05)])
def test_noise_varies_from_stroke_to_stroke_but_not_with_the_same_seed(play, dial):
    one, same, other = (play(A2, RATE_HZ, np.random.default_rng(seed), dial) for seed in (0, 0, 1))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_a_tambourine_rings_as_long_as_it_is_told():
    short, long = (
        percussion.tambourine(A2, RATE_HZ, np.random.default_rng(0), ring_s)
        for ring_s in (0.01, 0.05)
    )
    late = slice(4410, 8820)
    assert np.abs(long[late]).mean() > 10.0 * np.abs(short[late]).mean()  # 2^-10 against 2^-2


def test_a_crash_rings_longer_than_a_second():
    sound = crash(A2, RATE_HZ, np.random.default_rng(0))
    # It halves every 0.52 s, twice within a second: 12 dB.
    begin, later = (np.abs(sound[at : at + 4410]).mean() for at in (441, 44_541))
    assert later == pytest.approx(begin * 2.0 ** (-1.0 / 0.52), rel=0.1)
