"""Whole captures of small mixes whose gains move, against the gains that made them."""

import numpy as np
import pytest
import scipy.signal
import torch

from mixtrace.captured import Capture, capture_session
from mixtrace.captured.shared import MASTER
from mixtrace.session import Alignment, Session, Track

RATE_HZ = 24_000
TIME = 20 * RATE_HZ
FRAME = 120  # 5 ms
GROUPS = ("drums", "drums", "vocals", "keys")
NOTES_S = (0.1, 0.15, 0.6, 0.8)
GAINS = ((0.5, 0.4), (0.3, 0.6), (0.6, 0.6), (0.4, 0.3))


def dry_track(track: int) -> np.ndarray:
    """Notes of noise and harmonics whose levels lie up to 20 dB apart."""
    rng = np.random.default_rng(track)
    audio, t = np.zeros(TIME), int(0.1 * RATE_HZ)
    while t < TIME:
        length = int(NOTES_S[track] * rng.uniform(0.5, 2) * RATE_HZ)
        time_s = np.arange(length) / RATE_HZ
        hertz = 80.0 * 2 ** (0.5 * track + rng.uniform(0, 2))
        note = (0.5 if track < 2 else 0.05) * rng.standard_normal(length)
        note += sum(np.sin(2 * np.pi * hertz * k * time_s) / k for k in range(1, 8))
        note *= np.exp(-time_s / NOTES_S[track]) * 10 ** rng.uniform(-1, 0)
        audio[t : t + length] += note[: TIME - t]
        t += int(rng.uniform(0.6, 1.6) * length)
    return 0.5 * audio / np.max(np.abs(audio))


def compressor_db(audio: np.ndarray, threshold_db: float, ratio: float) -> np.ndarray:
    """The gain, in dB, of a feed-forward compressor with 5 ms of attack and 100 ms of release."""
    rise, fall = np.exp(-1_000.0 / (np.array([5.0, 100.0]) * RATE_HZ))
    level, levels = 0.0, np.empty(TIME)
    for t, u in enumerate(np.abs(audio).max(0).tolist()):
        level = u + (rise if u > level else fall) * (level - u)
        levels[t] = level
    return (1 / ratio - 1) * np.maximum(20 * np.log10(levels + 1e-9) - threshold_db, 0)


def factor(gain_db: np.ndarray) -> np.ndarray:
    return 10 ** (gain_db / 20)


def reverb(audio: np.ndarray) -> np.ndarray:
    """Add noise that falls by 60 dB in .5 s, 12 dB below the dry sound."""
    length = RATE_HZ // 2
    noise = np.random.default_rng(5).standard_normal((2, length))
    noise *= 10 ** (-3 * np.arange(length) / length)
    noise *= 0.25 / np.sqrt(np.sum(noise**2, 1, keepdims=True))
    wet = [scipy.signal.fftconvolve(a, n)[:TIME] for a, n in zip(audio, noise, strict=True)]
    return audio + np.stack(wet)


def captured(dry: list[np.ndarray], mix: np.ndarray) -> Capture:
    tracks = tuple(
        Track(str(k), GROUPS[k], a[None].astype(np.float32), Alignment(), False, None, 0)
        for k, a in enumerate(dry)
    )
    return capture_session(Session("made", RATE_HZ, mix.astype(np.float32), tracks, ()))


def assert_moves(found_db: torch.Tensor, true_db: np.ndarray, dry: np.ndarray) -> None:
    """The goal: .9 or more where the true gain moves by 3 dB or more and the track sounds."""
    power = np.square(dry).reshape(-1, FRAME).mean(1)
    on = power > 1e-4 * power.max()
    true = true_db.reshape(-1, FRAME).mean(1)[on]
    found = found_db.numpy()[on]
    assert np.ptp(true) > 3
    assert np.corrcoef(true, found)[0, 1] > 0.9
    # Responses keep some of what a compressor does to decays (a sixth of the range), and nine knots
    # under a detector from a coarse grid are off either way by less than that: a quarter in all.
    assert np.ptp(np.percentile(found, (1, 99))) == pytest.approx(
        np.ptp(np.percentile(true, (1, 99))), rel=0.25
    )


@pytest.fixture(scope="module")
def dry() -> list[np.ndarray]:
    return [dry_track(k) for k in range(4)]


@pytest.fixture(scope="module")
def placed(dry) -> list[np.ndarray]:
    return [np.outer(gains, audio) for gains, audio in zip(GAINS, dry, strict=True)]


def test_no_gain_moves_in_a_linear_mix_with_a_reverb(dry, placed):
    capture = captured(dry, placed[0] + placed[1] + reverb(placed[2]) + placed[3])
    assert capture.shared == ()
    for track in capture.tracks:
        assert track.curve is None and not track.ride_db.any() and not track.gain_db.any()


def test_a_voices_compressor_and_that_of_the_drums_are_told_apart(dry, placed):
    voice_db = compressor_db(placed[2], -32.0, 4.0)
    bus = placed[0] + placed[1]
    bus_db = compressor_db(bus, -30.0, 4.0)
    mix = bus * factor(bus_db) + reverb(placed[2] * factor(voice_db)) + placed[3]
    capture = captured(dry, mix)
    assert [(shared.name, shared.tracks) for shared in capture.shared] == [("drums", ("0", "1"))]
    assert capture.shared[0].curve is not None and not capture.shared[0].ride_db.any()
    # Drum 1, the louder one, gets a small curve of its own beside its bus's: the two levels are
    # nearly one, so only the product of both curves is sure, and that is compared.
    assert [capture.tracks[k].curve is not None for k in (0, 2, 3)] == [False, True, False]
    assert_moves(capture.tracks[0].gain_db, bus_db, dry[0])
    assert_moves(capture.tracks[1].gain_db, bus_db, dry[1])
    assert_moves(capture.tracks[2].gain_db, voice_db, dry[2])
    assert not capture.tracks[3].gain_db.any()


def test_a_fade_belongs_to_the_master(dry, placed):
    fade_db = np.interp(np.arange(TIME) / RATE_HZ, (11.0, 20.0), (0.0, -24.0))
    mix = (placed[0] + placed[1] + reverb(placed[2]) + placed[3]) * factor(fade_db)
    capture = captured(dry, mix)
    assert [shared.name for shared in capture.shared] == [MASTER]
    assert capture.shared[0].curve is None
    for track, audio in zip(capture.tracks, dry, strict=True):
        assert track.curve is None and not track.ride_db.any()
        assert_moves(track.gain_db, fade_db, audio)
