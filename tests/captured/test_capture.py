"""Whole captures of mixes that code made: linear ones, with a shared reverb, and hostile tracks."""

import numpy as np
import pytest
import scipy.signal
import torch

from mixtrace.captured import Anatomy, Capture, anatomy, capture_session, tail_likeness
from mixtrace.metrics import LOSS_RATE_HZ, audio_loss
from mixtrace.session import Alignment, Session, Track

RATE_HZ = LOSS_RATE_HZ
TIME = 40 * RATE_HZ
CUT = 24 * RATE_HZ
RT60_S = 0.8
SENT = (0, 2, 3)
DELAY_S = 0.0012345
PEAK_HZ, PEAK_DB, Q = 1_000.0, 5.0, 1.0


def part(seed: int) -> np.ndarray:
    """Notes of noise and a few harmonics at random times, [time]."""
    rng = np.random.default_rng(seed)
    audio, t = np.zeros(TIME), int(rng.uniform(0, 0.2) * RATE_HZ)
    while t < TIME:
        length = int(rng.uniform(0.1, 0.7) * RATE_HZ)
        time_s = np.arange(length) / RATE_HZ
        hertz = 110.0 * 2 ** rng.uniform(0, 3)
        note = 0.5 * rng.standard_normal(length)
        note += sum(np.sin(2 * np.pi * hertz * k * time_s) / k for k in range(1, 8))
        note *= np.exp(-time_s / rng.uniform(0.05, 0.3)) * rng.uniform(0.2, 1.0)
        audio[t : t + length] += note[: TIME - t]
        t += int(rng.uniform(0.1, 0.6) * RATE_HZ)
    return 0.1 * audio


def peak_filter() -> tuple[np.ndarray, np.ndarray]:
    """The bell of the Audio EQ Cookbook."""
    amplitude, w = 10 ** (PEAK_DB / 40), 2 * np.pi * PEAK_HZ / RATE_HZ
    alpha = np.sin(w) / (2 * Q)
    b = np.array([1 + alpha * amplitude, -2 * np.cos(w), 1 - alpha * amplitude])
    a = np.array([1 + alpha / amplitude, -2 * np.cos(w), 1 - alpha / amplitude])
    return b / a[0], a / a[0]


def reverb(seed: int) -> np.ndarray:
    """Stereo noise that falls by 60 dB in RT60_S, after 20 ms of nothing."""
    rng = np.random.default_rng(seed)
    length = int(1.2 * RT60_S * RATE_HZ)
    fall = 10 ** (-3 * np.arange(length) / (RT60_S * RATE_HZ))
    wet = rng.standard_normal((2, length)) * fall
    return np.pad(wet / np.sqrt(np.sum(wet**2, 1, keepdims=True)), ((0, 0), (600, 0)))


def a_song(dry: list[np.ndarray], mix: np.ndarray, silent: int | None = None) -> Session:
    tracks = tuple(
        Track(f"track {k}", "other", a[None].astype(np.float32), Alignment(), k == silent, None, 0)
        for k, a in enumerate(dry)
    )
    return Session("made", RATE_HZ, mix.astype(np.float32), tracks, ())


def taken_apart(capture: Capture, track: int) -> Anatomy:
    found = capture.tracks[track]
    return anatomy(found.responses, found.sounding, capture.lead, RATE_HZ)


GAINS = ((0.8, 0.3), (0.5, 0.5), (0.2, 0.9), (0.6, 0.6), (0.4, 0.7))


@pytest.fixture(scope="module")
def linear() -> tuple[list[np.ndarray], Capture, np.ndarray]:
    """Five tracks: gain and pan on all, a bell on 1, a delay with feedback on 4, a send on three.

    Track 2 comes late by a fraction of a sample.
    """
    dry = [part(k) for k in range(5)]
    direct = [*dry]
    direct[1] = np.asarray(scipy.signal.lfilter(*peak_filter(), dry[1]))
    phase = np.exp(-2j * np.pi * np.fft.rfftfreq(2 * TIME) * DELAY_S * RATE_HZ)
    direct[2] = np.fft.irfft(np.fft.rfft(dry[2], 2 * TIME) * phase)[:TIME]
    mix = np.sum([np.outer(g, d) for g, d in zip(GAINS, direct, strict=True)], 0)
    tap, repeats = round(0.2 * RATE_HZ), dry[4].copy()
    for n in range(1, 4):
        mix[:, n * tap :] += np.outer(GAINS[4], 0.5**n * repeats[: TIME - n * tap])
    bus = sum(0.5 * dry[k] for k in SENT)
    mix += np.stack([scipy.signal.fftconvolve(bus, wet)[:TIME] for wet in reverb(7)])
    return dry, capture_session(a_song(dry, mix), [(CUT, TIME)]), mix


def test_a_linear_mix_is_met_where_it_was_not_read(linear):
    _, capture, mix = linear
    target, estimate = torch.tensor(mix).float(), capture.estimate
    loss = audio_loss(target=target[:, CUT:], estimate=estimate[:, CUT:])
    assert loss["published"].l_a < 0.02


def test_gain_and_pan_are_those_that_were_set(linear):
    _, capture, _ = linear
    lead = capture.lead
    for track, gains in zip(capture.tracks, GAINS, strict=True):
        if track.name in ("track 1",):  # its bell is part of its level
            continue
        direct = track.responses[:, 0, lead - 60 : lead + 100].sum(-1).numpy()
        found_db = 20 * np.log10(np.abs(direct))
        np.testing.assert_allclose(found_db, 20 * np.log10(gains), atol=0.1)
        pan = found_db[1] - found_db[0]
        assert abs(pan - 20 * np.log10(gains[1] / gains[0])) < 0.3


def test_the_bell_is_read_where_the_track_sounds(linear):
    _, capture, _ = linear
    b, a = peak_filter()
    hertz = np.geomspace(100.0, 8_000.0, 40)
    delays = np.exp(-2j * np.pi * hertz[:, None] / RATE_HZ * np.arange(capture.lead + 600))
    true = delays[:, :3] @ b / (delays[:, :3] @ a)
    response = capture.tracks[1].responses[0, 0, : capture.lead + 600].double().numpy()
    off_db = 20 * np.log10(np.abs(delays @ response) / (GAINS[1][0] * np.abs(true)))
    assert np.max(np.abs(off_db)) < 0.3


def test_arrival_is_read_to_two_microseconds(linear):
    _, capture, _ = linear
    for k, delay_s in ((0, 0.0), (2, DELAY_S), (3, 0.0), (4, 0.0)):
        found = taken_apart(capture, k)
        assert abs(found.arrival_s - delay_s) < 2e-6


def test_exactly_the_tracks_that_were_sent_share_a_tail(linear):
    _, capture, _ = linear
    responses = [track.responses for track in capture.tracks]
    likeness = tail_likeness(responses, capture.lead, RATE_HZ)
    for k in range(5):
        for other in range(k):
            together = k in SENT and other in SENT
            assert (float(likeness[k, other]) > 0.5) == together, (k, other, likeness)
            assert together or float(likeness[k, other]) < 0.25


def test_the_reverbs_time_and_the_delays_repeats_are_read(linear):
    _, capture, _ = linear
    for k in SENT:
        found = taken_apart(capture, k)
        assert found.rt60_s == pytest.approx(RT60_S, rel=0.05)
        assert not found.echoes
    repeats = taken_apart(capture, 4).echoes
    np.testing.assert_allclose([t for t, _ in repeats], [0.2, 0.4, 0.6], atol=1.1e-3)
    np.testing.assert_allclose([level for _, level in repeats], [-6.02, -12.04, -18.06], atol=0.3)
    assert not taken_apart(capture, 1).echoes


def test_a_track_of_another_song_is_named_and_spoils_nothing():
    dry = [part(k) for k in range(3)]
    mix = np.outer((0.8, 0.3), dry[0]) + np.outer((0.2, 0.9), dry[1])
    capture = capture_session(a_song([*dry, np.zeros(TIME)], mix, silent=3))
    assert [track.name for track in capture.tracks] == ["track 0", "track 1"]
    assert {track.name for track in capture.unread} == {"track 2", "track 3"}
    assert capture.error_seen < 1e-4 and capture.error_unseen is None
