"""Tracks of another clock: their drift is measured and taken off; where there is none, none is.

Songs of 31.25 s at 16 kHz, half a million samples: a whole number of samples more or less is a
planted drift in millionths, made by the spectrum and not by the library that is tested.
"""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from sounds import RATE, bursts, delayed, lengthened, mixed, smoothed

from mixtrace.session import Alignment, apply_alignment, estimate_alignments, read_session

TIME = 500_000


def song(count: int = 4) -> list[np.ndarray]:
    return [bursts(k, colour=0.6 + 0.1 * k, time=TIME) for k in range(count)]


def off_by_ms(found: Alignment, planted: Alignment) -> float:
    """Return how far the found line is from the planted one, at the song's start or end."""
    at_start = found.delay_s - planted.delay_s
    at_end = at_start + 1e-6 * (found.drift_ppm - planted.drift_ppm) * TIME / RATE
    return 1e3 * max(abs(at_start), abs(at_end))


@pytest.mark.parametrize("ppm", [20, -50, 100])
def test_a_drift_is_measured_and_taken_off(ppm: int):
    """20 us: a third of a sample; it leaves a fiftieth of a track's power below 4 kHz."""
    dry = song()
    wet = [delayed(lengthened(dry[0], ppm // 2), 37.0)[:, :TIME], *dry[1:]]
    mix = mixed([np.pad(w, ((0, 0), (0, TIME - w.shape[1]))) for w in wet])
    found = estimate_alignments(dry, mix, RATE)
    assert found[0].drift_ppm == pytest.approx(ppm, abs=1.0)
    assert off_by_ms(found[0], Alignment(37.0 / RATE, 1, 1.0, ppm)) < 0.02
    assert found[0].confidence > 0.9
    assert [(a.delay_s, a.drift_ppm) for a in found[1:]] == [(0.0, 0.0)] * 3
    moved = apply_alignment(dry[0], found[0], wet[0].shape[1], RATE)
    unstretched = apply_alignment(dry[0], Alignment(found[0].delay_s), wet[0].shape[1], RATE)
    assert np.sum((moved - wet[0]) ** 2) < 0.02 * np.sum(wet[0] ** 2)
    assert np.sum((unstretched - wet[0]) ** 2) > 0.5 * np.sum(wet[0] ** 2)


def test_a_drift_is_measured_in_a_song_of_eight_seconds():
    """Twelve samples in 120,000: 100 ppm over windows of half a second."""
    dry = [bursts(k, time=120_000) for k in range(3)]
    mix = mixed([lengthened(dry[0], -12), *(d[:, :-12] for d in dry[1:])])
    found = estimate_alignments(dry, mix, RATE)
    assert found[0].drift_ppm == pytest.approx(-100.0, abs=2.0)
    assert [a.drift_ppm for a in found[1:]] == [0.0, 0.0]


def test_stems_of_another_recorder_take_along_one_with_nothing_of_its_own():
    dry = song(3)
    hum = (0.02 * np.sin(2 * np.pi * 50.0 / RATE * np.arange(TIME)))[None].astype(np.float32)
    mix = mixed([lengthened(d, 25) for d in [*dry, hum]])
    found = estimate_alignments([*dry, hum], mix, RATE)
    assert [a.drift_ppm for a in found] == pytest.approx([50.0] * 4, abs=1.0)
    assert found[3].confidence == 0.0


def test_a_drifting_track_far_from_home_is_found():
    """The master was trimmed by 7.85 s, and one track runs slow."""
    dry, trim = song(), int(7.85 * RATE)
    mix = mixed([lengthened(dry[0], -25), *(d[:, :-25] for d in dry[1:])])[:, trim:]
    found = estimate_alignments(dry, mix, RATE)
    assert off_by_ms(found[0], Alignment(-trim / RATE, 1, 1.0, -50.0)) < 0.02
    assert [a.delay_s * RATE for a in found[1:]] == [-trim] * 3
    assert [a.drift_ppm for a in found[1:]] == [0.0] * 3


def squeezed(audio: np.ndarray) -> np.ndarray:
    """Return the audio through a compressor of ratio 4 and 10 ms."""
    level = np.sqrt(smoothed(audio[0] ** 2, np.exp(-1.0 / (0.01 * RATE)))) + 1e-4
    return (audio * (level / level.max()) ** -0.75).astype(np.float32)


def in_a_room(audio: np.ndarray) -> np.ndarray:
    """Return the audio with half a second of reverb, as loud as itself."""
    rng = np.random.default_rng(9)
    tail = rng.standard_normal(RATE // 2) * np.exp(-np.arange(RATE // 2) / (0.1 * RATE))
    tail[: RATE // 100] = 0.0
    tail *= 1.0 / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    spectrum = np.fft.rfft(audio, 2 * TIME) * np.fft.rfft(tail, 2 * TIME)
    return np.fft.irfft(spectrum, 2 * TIME)[:, :TIME].astype(np.float32)


def faster_and_faster(seed: int) -> np.ndarray:
    """Return a click track whose tempo doubles from beginning to end."""
    beats = np.cumsum(0.5 / np.linspace(1.0, 2.0, 90)) * RATE
    track = np.zeros(TIME)
    hit = np.random.default_rng(seed).standard_normal(2000) * np.exp(-np.arange(2000) / 300.0)
    for beat in beats[beats < TIME - 2000].astype(int):
        track[beat : beat + 2000] += 0.1 * hit
    return track[None].astype(np.float32)


def sustained(seed: int) -> np.ndarray:
    """Return a chord held through, that swells slowly."""
    clock = np.arange(TIME) / RATE
    phase = np.random.default_rng(seed).uniform(0, 6, 12)
    tones = [np.sin(2 * np.pi * 110.0 * (k + 1) * clock + phase[k]) / (k + 1) for k in range(12)]
    return (0.1 * np.sum(tones, axis=0) * (1.2 + np.sin(clock)))[None].astype(np.float32)


def test_no_drift_is_claimed_where_there_is_none():
    """Tracks of every kind, each through what could look like one."""
    dry = [
        faster_and_faster(0),
        sustained(1),
        bursts(2, time=TIME, rate=0.15),
        bursts(3, time=TIME),
        bursts(4, colour=0.9, time=TIME),
        bursts(5, time=TIME),
    ]
    wet = [*dry[:3], squeezed(dry[3]), in_a_room(dry[4]), in_a_room(squeezed(dry[5]))]
    found = estimate_alignments(dry, mixed(wet), RATE)
    assert [(a.delay_s, a.drift_ppm) for a in found] == [(0.0, 0.0)] * 6
    assert min(a.confidence for a in found[2:]) > 0.4


def test_a_delay_that_wanders_is_no_drift():
    """A tape whose speed wavers: to and fro by a millisecond in six seconds."""
    dry = song(3)
    time = np.arange(TIME)
    wave = 8.0 * np.sin(2 * np.pi * time / (6.0 * RATE))
    wavering = np.interp(time + wave, time, dry[0][0])[None].astype(np.float32)
    found = estimate_alignments(dry, mixed([wavering, *dry[1:]]), RATE)
    assert [a.drift_ppm for a in found] == [0.0] * 3


@pytest.mark.parametrize("rate", [RATE, 12_000])
def test_a_session_is_corrected_and_told_at_any_rate(tmp_path: Path, rate: int):
    dry = song(3)
    wet = [lengthened(dry[0], 25), *dry[1:]]
    mix = mixed([w[:, :TIME] for w in wet])
    (tmp_path / "tracks").mkdir()
    for name, audio in zip(("one", "two", "three"), dry, strict=True):
        soundfile.write(tmp_path / "tracks" / f"{name}.wav", audio.T, RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "mix.wav", mix.T, RATE, subtype="FLOAT")
    session = read_session(tmp_path, sample_rate_hz=rate)
    one = next(t for t in session.tracks if t.name == "one")
    assert one.alignment.drift_ppm == pytest.approx(50.0, abs=1.0)
    told = "of another clock than the mix: one (runs 50 ppm fast against the mix): corrected"
    assert told in session.notes
    given = {t.name: t.alignment for t in session.tracks}
    again = read_session(tmp_path, alignments=given).tracks
    kept = next(t for t in again if t.name == "one").audio[:, RATE:-RATE]
    error = kept - wet[0][:, RATE : TIME - RATE]
    assert np.sum(error**2) < 0.02 * np.sum(kept**2)
