"""Returns: tails of one room are told from those of several, under noise."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import scipy.signal

from mixtrace.interpret.returns import Late, alike_delays, shared_rooms
from mixtrace.interpret.space import Repeats

TAPS, BINS = 9_000, 513


def room(seed: int) -> np.ndarray:
    """Return a tail to left and right, silent for its first 300 taps."""
    rng = np.random.default_rng(seed)
    tail = rng.standard_normal((2, TAPS)) * np.exp(-np.arange(TAPS) / 1500.0)
    tail[:, :300] = 0.0
    return tail / np.sqrt((tail**2).sum())


def late(seed: int, tail: np.ndarray, send: float, noise: float) -> Late:
    """Return what follows the direct sound of a track of a colour of its own."""
    rng = np.random.default_rng(100 + seed)
    sound = np.zeros(TAPS)
    sound[:30] = rng.standard_normal(30) * 0.7 ** np.arange(30)
    wet = scipy.signal.fftconvolve(tail, sound[None], axes=-1)[:, :TAPS]
    read = send * wet + noise * rng.standard_normal((2, TAPS))
    return Late(read[None], sound[None], np.full(BINS, noise**2))


def told(sends: Mapping[int, tuple[int, float]], noise: float) -> list[dict[str, float]]:
    lates = {str(k): late(k, room(which), s, noise) for k, (which, s) in sends.items()}
    return [dict(found.sends) for found in shared_rooms(lates)]


# Energy of the softest tail over that of noise: about 200 and 2.
@pytest.mark.parametrize("noise", [1e-4, 1e-3])
def test_tracks_in_one_room_feed_it_at_their_levels(noise: float):
    (sends,) = told({0: (0, 0.5), 1: (0, 0.1), 2: (0, 0.3)}, noise)
    assert sends.keys() == {"0", "1", "2"}
    # What the room has in common is known but for noise that all three average.
    assert sends["0"] / sends["2"] == pytest.approx(5.0 / 3.0, rel=0.1)
    assert sends["0"] / sends["1"] == pytest.approx(5.0, rel=0.2)


def test_the_room_and_its_level_are_those_that_were_put():
    lates = {str(k): late(k, room(0), 0.4, 1e-4) for k in range(3)}
    (found,) = shared_rooms(lates)
    likeness = float((found.taps * room(0)).sum())
    assert likeness > 0.99
    assert found.sends["0"] == pytest.approx(0.4, rel=0.03)


def test_rooms_of_their_own_are_not_shared():
    assert told({k: (k, 0.4) for k in range(4)}, 1e-4) == []


def test_two_rooms_are_told_apart():
    found = told({0: (0, 0.5), 1: (1, 0.4), 2: (0, 0.2), 3: (1, 0.3)}, 1e-4)
    assert sorted(sorted(sends) for sends in found) == [["0", "2"], ["1", "3"]]


def test_noise_is_no_room():
    assert told({k: (0, 0.0) for k in range(3)}, 1e-3) == []


def test_a_send_that_nobody_hears_is_none():
    found = told({0: (0, 0.5), 1: (0, 0.4), 2: (0, 0.005)}, 1e-5)
    assert [sends.keys() for sends in found] == [{"0", "1"}]


def test_delays_are_alike_in_time_and_feedback():
    delays = {
        "a": Repeats(0.300, 0.30, -12.0, 0.0),
        "b": Repeats(0.3004, 0.35, -20.0, 0.0),
        "c": Repeats(0.300, 0.60, -12.0, 0.0),
        "d": Repeats(0.310, 0.30, -12.0, 0.0),
    }
    assert alike_delays(delays) == [("a", "b")]
    assert alike_delays({"a": delays["a"]}) == []


def test_noise_stands_as_high_as_noise():
    assert late(0, room(0), 0.0, 1e-3).over_noise == pytest.approx(1.0, rel=0.1)
    # All of it over the noise of all taps: .01 of energy, noise of .009 a side.
    assert late(0, room(0), 0.1, 1e-3).over_noise > 1.5


def test_what_is_not_known_between_partials_hides_no_room():
    plain = late(0, room(0), 0.3, 1e-3)
    lines = np.linspace(0.0, 1.0, BINS)
    known = np.abs(lines * 20 - np.round(lines * 20)) < 0.15
    spectrum = np.fft.rfft(plain.late, 2 * TAPS)
    there = np.interp(np.linspace(0.0, 1.0, spectrum.shape[-1]), lines, known.astype(float))
    captured = np.fft.irfft(spectrum * (there > 0.5), 2 * TAPS)[..., :TAPS]
    tone = replace(plain, late=captured, unsure=np.where(known, 1e-6, 1e3))
    # Three lines of ten are known, and stand as high as all do.
    assert tone.over_noise == pytest.approx(0.3 * plain.over_noise, rel=0.3)
