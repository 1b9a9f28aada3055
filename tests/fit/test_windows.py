"""The windows of a song are compared as the rendered file would be."""

import numpy as np
import pytest
import torch

from mixtrace.demo import plant
from mixtrace.demo.effects import Echo, delay
from mixtrace.fit import SongWindows, song_loss
from mixtrace.metrics import song_loss as file_loss
from mixtrace.render import render_song
from mixtrace.session import Alignment, Session, Track

RATE_HZ = 30_000
TIME = 5 * RATE_HZ


def test_what_rings_on_behind_the_end_of_the_song_is_not_heard() -> None:
    """The loss is that of the rendered file, which is as long as the mix.

    The echo comes 300 ms late, within the warm-up; other taps lie 60 dB below it.
    """
    rng = np.random.default_rng(0)
    audio, mix = (0.1 * rng.standard_normal((n, TIME)).astype(np.float32) for n in (1, 2))
    track = Track("keys", "keys", audio, Alignment(0.0, 1, 1.0), False, None, 0)
    session = Session("song", RATE_HZ, mix, (track,), ())
    mixed = plant([("keys", "keys")], {"keys": [delay([Echo(0.301, 0.0, 0.5)], -3.0)]}, {})
    rendered = render_song(*mixed, [torch.from_numpy(audio)], RATE_HZ)
    of_file = file_loss(target=torch.from_numpy(mix), estimate=rendered)
    windows = SongWindows(session)
    assert windows.starts[-1] + windows.time > TIME + RATE_HZ
    found = song_loss(*mixed, windows)
    for convention, loss in of_file.items():
        assert found[convention] == pytest.approx(loss.l_a, abs=1e-3)
