"""A song as the sum of what was captured of its tracks, under gains that move."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mixtrace.captured import Capture, capture_session
from mixtrace.interpret.mixed import Mixed
from mixtrace.session import Alignment, Session, Track

RATE, SECONDS = 30_000, 4


@pytest.fixture(scope="module")
def session() -> Session:
    """Return three sounds of noise at three levels, and their sum."""
    rng = np.random.default_rng(0)
    audio = [0.1 * rng.standard_normal((1, SECONDS * RATE)).astype(np.float32) for _ in range(3)]
    tracks = tuple(
        Track(name, "all", one, Alignment(0.0, 1, 1.0), False, None, 0)
        for name, one in zip(("kick", "snare", "toms"), audio, strict=True)
    )
    mix = np.repeat(audio[0] + 0.5 * audio[1] + 0.25 * audio[2], 2, 0)
    return Session("drums", RATE, mix, tracks, ())


@pytest.fixture(scope="module")
def capture(session) -> Capture:
    return capture_session(session)


def test_the_gain_of_a_track_that_is_not_captured_again_is_let_go(session, capture):
    lost = replace(capture, tracks=tuple(t for t in capture.tracks if t.name != "toms"))
    frames = Mixed(session, capture, []).frames
    down, half = np.full(frames, 0.8), np.full(frames, 0.5)
    known = {("toms",): half, ("kick", "snare", "toms"): down, ("snare", "toms"): half}
    mixed = Mixed(session, lost, [], known)
    assert set(mixed.gains) == {("kick", "snare"), ("snare",)}
    assert mixed.gain("kick") == pytest.approx(0.8)
    assert mixed.gain("snare") == pytest.approx(0.8 * 0.5)
    for members in mixed.gains:
        assert torch.isfinite(mixed.asked(members).target).all()
    again = Mixed(session, capture, [], known)
    assert set(again.gains) == set(known)
