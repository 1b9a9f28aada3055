"""Repeats and tails: found where they were put, and told from noise."""

import numpy as np
import pytest

from mixtrace.interpret.space import after_direct, read_echoes, read_tail, spike_of

RATE = 30_000.0
TAPS = 24_000
POWER = np.ones(513)


def sound() -> np.ndarray:
    """Return a dull direct sound."""
    direct = np.zeros(TAPS)
    direct[:40] = 0.8 ** np.arange(40)
    return direct


def spread(at: int, level: float) -> np.ndarray:
    return level * np.roll(sound(), at)


def followed(rest: np.ndarray) -> np.ndarray:
    return after_direct(rest, sound(), POWER, RATE)


@pytest.mark.parametrize("time", [1500, 6511, 10_170])
def test_a_delay_is_found_with_its_feedback(time: int):
    rest = sum(spread(time * (k + 1), 0.2 * 0.3**k) for k in range(2)) * np.ones((2, 1))
    rest += 1e-5 * np.random.default_rng(0).standard_normal(rest.shape)
    echoes, left = read_echoes(followed(rest)[None], spike_of(sound(), POWER), RATE)
    assert echoes is not None
    assert echoes.time_s == pytest.approx(time / RATE, abs=1.0 / RATE)
    assert echoes.feedback == pytest.approx(0.3, abs=0.01)
    assert echoes.ping_pong == pytest.approx(0.0, abs=0.01)
    # .2 to either side of what hears both: the root of both energies.
    assert echoes.amplitude == pytest.approx(0.2 * np.sqrt(2.0), rel=0.01)
    assert (left**2).sum() < 1e-3 * (followed(rest) ** 2).sum()


def test_echoes_from_side_to_side_are_told():
    rest = np.stack([spread(3000, 0.3), spread(6000, 0.15)])
    echoes, _ = read_echoes(followed(rest)[None], spike_of(sound(), POWER), RATE)
    assert echoes is not None
    assert echoes.ping_pong == pytest.approx(1.0, abs=0.01)


def test_an_echo_among_reflections_is_found_where_another_track_has_one():
    rng = np.random.default_rng(4)
    room = 0.012 * rng.standard_normal((2, TAPS)) * 10 ** (-3.0 * np.arange(TAPS) / 30000.0)
    room[:, :400] = 0.0
    rest = np.stack([np.convolve(side, sound()[:40])[:TAPS] for side in room])
    rest += spread(7000, 0.03)
    after, spike = followed(rest)[None], spike_of(sound(), POWER)
    assert read_echoes(after, spike, RATE)[0] is None
    assert read_echoes(after, spike, RATE, (0.3,))[0] is None
    echoes, left = read_echoes(after, spike, RATE, (0.3, 7010 / RATE))
    assert echoes is not None
    assert echoes.time_s == pytest.approx(7000 / RATE, abs=1.0 / RATE)
    assert np.abs(left[0, :, 7000]).max() < 0.01  # of .03: reflections there are as loud


def test_a_reflection_of_a_room_is_no_echo():
    rng = np.random.default_rng(5)
    room = 0.012 * rng.standard_normal((2, TAPS)) * 10 ** (-3.0 * np.arange(TAPS) / 9000.0)
    rest = np.stack([np.convolve(side, sound()[:40])[:TAPS] for side in room])
    alone = np.outer([0.0, 1.0], spread(1066, 0.3))
    assert read_echoes(followed(rest + alone)[None], spike_of(sound(), POWER), RATE)[0] is None
    assert read_echoes(followed(alone)[None], spike_of(sound(), POWER), RATE)[0] is not None


def test_a_stereo_track_has_one_delay_for_both_sides():
    rests = [np.outer(side, spread(5000, 0.2)) for side in ([1.0, 0.0], [0.0, 1.0])]
    after = np.stack([followed(rest) for rest in rests])
    echoes, left = read_echoes(after, spike_of(sound(), POWER), RATE)
    assert echoes is not None
    assert echoes.time_s == pytest.approx(5000 / RATE, abs=1.0 / RATE)
    assert echoes.ping_pong == pytest.approx(0.0, abs=0.01)
    assert (left**2).sum() < 1e-3 * (after**2).sum()


def test_a_room_is_no_delay_and_comes_back_as_it_was():
    rng = np.random.default_rng(2)
    room = rng.standard_normal((2, TAPS)) * 10 ** (-3.0 * np.arange(TAPS) / 9000.0)
    room[:, :400] = 0.0
    rest = np.stack([np.convolve(side, sound()[:40])[:TAPS] for side in 0.02 * room])
    after = followed(rest)
    echoes, left = read_echoes(after[None], spike_of(sound(), POWER), RATE)
    assert echoes is None
    tail = read_tail(left.swapaxes(0, 1), POWER, RATE)
    # The division gives back all but what the dull sound has lost in the treble.
    assert np.corrcoef(tail.taps[0, 0], 0.02 * room[0])[0, 1] > 0.99
