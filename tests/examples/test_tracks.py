"""The demo song's dry tracks: their levels, pitches, pauses, and that they are reproducible."""

import numpy as np
import pytest
from scipy import signal

from mixtrace.examples import DEMO_GROUPS, synthesise_tracks

RATE_HZ = 44100
SLOW_RATE_HZ = 24000
BAR_S = 2.4
BARS = 10

Tracks = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def tracks() -> Tracks:
    return synthesise_tracks(RATE_HZ, seed=0)


@pytest.fixture(scope="module")
def slow_tracks() -> Tracks:
    return synthesise_tracks(SLOW_RATE_HZ, seed=0)


def level_db(audio: np.ndarray) -> float:
    return float(10.0 * np.log10(np.mean(audio.astype(np.float64) ** 2)))


def bar_levels_db(track: np.ndarray) -> np.ndarray:
    return np.array([level_db(bar) for bar in np.split(track, BARS, axis=1)])


def share_of_power(track: np.ndarray, low_hz: float, high_hz: float) -> float:
    frequency_hz, power = signal.welch(track.mean(axis=0), RATE_HZ, nperseg=4096)
    return float(power[(frequency_hz >= low_hz) & (frequency_hz < high_hz)].sum() / power.sum())


def test_there_are_at_least_eight_tracks_on_three_buses(tracks: Tracks):
    assert list(tracks) == list(DEMO_GROUPS)
    assert len(tracks) >= 8
    assert set(DEMO_GROUPS.values()) == {"drums", "music", "vocals"}


def test_every_track_is_24_seconds_of_mono_or_stereo_float32(tracks: Tracks):
    for track in tracks.values():
        assert track.dtype == np.float32
        assert track.shape in {(1, 24 * RATE_HZ), (2, 24 * RATE_HZ)}
        assert np.isfinite(track).all()


def test_the_chords_are_truly_stereo(tracks: Tracks):
    left, right = tracks["chords"]
    # A mono signal on two channels has no side; keys and tremolo put it about 12 dB below.
    assert level_db(left - right) > level_db(left + right) - 20.0


def test_peaks_lie_near_minus_6_dbfs(tracks: Tracks):
    for name, track in tracks.items():
        # Noise and bleed are added after the level is set: up to 0.09 of the peak, 0.8 dB.
        assert 20.0 * np.log10(np.abs(track).max()) == pytest.approx(-6.0, abs=1.0), name


def test_quiet_noise_fills_the_pauses(tracks: Tracks):
    for name, track in tracks.items():
        quietest = min(level_db(part) for part in np.split(track, 480, axis=1))
        # 50 ms of noise at -58 dBFS; over that time and band its level varies by about 0.5 dB, and
        # the quietest of many parts lies below the mean.
        assert -60.5 < quietest < -56.0, (name, quietest)


@pytest.mark.parametrize("name", ["voice", "guitar", "kick"])
def test_the_chorus_is_louder_than_the_verse(tracks: Tracks, name: str):
    levels_db = bar_levels_db(tracks[name])
    # A compressor or a fader must have something to do; 1 dB is the least a listener notices.
    assert levels_db[5:9].mean() > levels_db[3:5].mean() + 1.0


@pytest.mark.parametrize(
    ("name", "silent_bars"),
    [
        ("kick", [0]),
        ("guitar", [0, 1, 2]),
        ("backing", [0, 1, 2, 3]),
        ("hihat", []),
        ("chords", []),
    ],
)
def test_tracks_enter_as_the_score_says(tracks: Tracks, name: str, silent_bars: list[int]):
    # Noise lies at -58 dB; the quietest sound in a bar is the breath before the backing voice, -49.
    assert np.flatnonzero(bar_levels_db(tracks[name]) < -54.0).tolist() == silent_bars


@pytest.mark.parametrize(
    ("name", "low_hz", "high_hz"),
    [
        ("kick", 30.0, 250.0),
        ("hihat", 4000.0, 20000.0),
        ("bass", 30.0, 500.0),
        ("chords", 150.0, 2500.0),
        ("guitar", 70.0, 5000.0),
        ("lead", 400.0, 5000.0),
        ("voice", 200.0, 12000.0),
        ("backing", 200.0, 6000.0),
    ],
)
def test_each_track_sounds_in_its_own_range(
    tracks: Tracks, name: str, low_hz: float, high_hz: float
):
    # The rest is bleed, noise and the skirts of the window.
    assert share_of_power(tracks[name], low_hz, high_hz) > 0.9


def test_the_snare_has_a_body_and_wires(tracks: Tracks):
    assert share_of_power(tracks["snare"], 150.0, 400.0) > 0.2
    assert share_of_power(tracks["snare"], 1000.0, 10000.0) > 0.2


def test_consonants_reach_where_vowels_do_not(tracks: Tracks):
    # The first syllable, "sa", starts bar 1; its s ends there, its vowel follows.
    word = tracks["voice"][:, round(2.3 * RATE_HZ) : round(2.42 * RATE_HZ)]
    vowel = tracks["voice"][:, round(2.5 * RATE_HZ) : round(2.62 * RATE_HZ)]
    assert share_of_power(word, 5000.0, 12000.0) > 0.3
    assert share_of_power(vowel, 5000.0, 12000.0) < 0.05


@pytest.mark.parametrize(("name", "expected_hz"), [("bass", 55.0), ("lead", 880.0)])
def test_the_last_note_is_an_a(tracks: Tracks, name: str, expected_hz: float):
    note = tracks[name][0, round(9.05 * BAR_S * RATE_HZ) : round(9.45 * BAR_S * RATE_HZ)]
    spectrum = np.abs(np.fft.rfft(note * np.hanning(len(note)), 8 * RATE_HZ))
    # An eighth of a hertz a bin; the lead's vibrato spreads its line by 1.5 %.
    assert np.argmax(spectrum) / 8.0 == pytest.approx(expected_hz, rel=0.015)


def test_the_same_seed_gives_the_same_bits_and_another_seed_another_take(slow_tracks: Tracks):
    again, other = (synthesise_tracks(SLOW_RATE_HZ, seed=seed) for seed in (0, 1))
    for name in DEMO_GROUPS:
        np.testing.assert_array_equal(again[name], slow_tracks[name])
        assert np.abs(other[name] - slow_tracks[name]).max() > 0.01


def test_another_sample_rate_plays_the_same_song(tracks: Tracks, slow_tracks: Tracks):
    for name in ("kick", "bass", "chords", "lead"):
        fast_db, slow_db = bar_levels_db(tracks[name]), bar_levels_db(slow_tracks[name])
        sounding = fast_db > -45.0
        # The peak that sets the level falls between samples: tenths of a dB.
        np.testing.assert_allclose(slow_db[sounding], fast_db[sounding], atol=0.5)
