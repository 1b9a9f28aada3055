"""Delays of which no response holds the second echo, or the first."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mixtrace.captured import capture_session
from mixtrace.interpret.echoes import DelayReading
from mixtrace.interpret.mixed import Mixed
from mixtrace.interpret.returns import Late
from mixtrace.interpret.space import Repeats
from mixtrace.interpret.strips import Fixed
from mixtrace.session import Alignment, Session, Track

RATE, SECONDS, TIME_S = 30_000, 12, 0.6


def song(feedback: float) -> Session:
    """Return noise in the middle of a mix, with echoes, beside softer noise."""
    rng = np.random.default_rng(0)
    voice, other = (0.1 * rng.standard_normal((1, SECONDS * RATE)) for _ in range(2))
    late = round(TIME_S * RATE)
    mix = np.repeat(voice + 0.1 * other, 2, 0)
    for number in (1, 2, 3):
        level = 0.3 * feedback ** (number - 1)
        mix[:, number * late :] += level * voice[:, : -number * late]
    tracks = [
        Track(name, name, audio.astype(np.float32), Alignment(0.0, 1, 1.0), False, None, 0)
        for name, audio in (("voice", voice), ("other", other))
    ]
    return Session("echoes", RATE, mix.astype(np.float32), tuple(tracks), ())


def strip(feedback: float, first: float) -> Fixed:
    """Return a strip whose echo was read at an amplitude."""
    echoes = Repeats(TIME_S, feedback, first, 0.0)
    nothing = Late(np.zeros((1, 2, 1)), np.zeros((1, 1)), np.zeros(1))
    return Fixed(None, 0.0, 0.0, (1.0, 1.0), 0, echoes, None, -100.0, nothing, 0.0)


@pytest.mark.parametrize("feedback", [0.0, 0.25, 0.5])
def test_the_second_echo_is_found_in_what_is_left(feedback: float):
    session = song(feedback)
    mixed = Mixed(session, capture_session(session), [])
    held = session.mix - np.repeat(session.tracks[0].audio, 2, 0)
    mixed.rest = torch.from_numpy(held)  # as if nothing but the dry sound had been read
    found = DelayReading(mixed, "voice").told(strip(0.0, 0.01)).echoes
    assert found is not None
    # Noise of 12 s: what else is there correlates with an echo by a hundredth.
    assert found.amplitude == pytest.approx(0.3, abs=0.02)
    assert found.feedback == pytest.approx(feedback, abs=0.05)


def test_echoes_from_side_to_side_are_left():
    session = song(0.3)
    mixed = Mixed(session, capture_session(session), [])
    one = strip(0.1, 0.3)
    assert one.echoes is not None
    bouncing = replace(one, echoes=replace(one.echoes, ping_pong=0.9))
    assert DelayReading(mixed, "voice").told(bouncing).echoes is bouncing.echoes


def test_a_delay_slower_than_the_response_is_found_in_what_is_left():
    session = song(0.3)
    mixed = Mixed(session, capture_session(session), [])
    held = session.mix - np.repeat(session.tracks[0].audio, 2, 0)
    mixed.rest = torch.from_numpy(held)
    assert mixed.taps_from(0) < TIME_S * RATE
    dry = replace(strip(0.0, 0.01), echoes=None)
    reading = DelayReading(mixed, "voice")
    found = reading.told(dry).echoes
    assert found is not None
    assert found.time_s == pytest.approx(TIME_S, abs=1.0 / RATE)
    # As above: what else is there correlates with an echo by a hundredth.
    assert found.amplitude == pytest.approx(0.3, abs=0.02)
    assert found.feedback == pytest.approx(0.3, abs=0.05)
    assert reading.told(dry, (0.5 * TIME_S,)).echoes is None
    known = reading.told(dry, (TIME_S,)).echoes
    assert known is not None and known.time_s == found.time_s
    assert DelayReading(mixed, "other").told(dry).echoes is None
