"""The four ways to draw the numbers of a turn."""

import numpy as np
import pytest
import torch
from learned_song import RATE_HZ, session_of

from mixtrace.descent import SongWindows
from mixtrace.errors import MixtraceError
from mixtrace.learned import OwnEngine, Sampling
from mixtrace.learned.excerpts import Excerpts
from mixtrace.learned.sampling import drawn_pairs

ESTIMATE = torch.zeros((500, 16))


def spread(sampling: Sampling, turn: int) -> float:
    return float(sampling.draw(ESTIMATE, turn, np.random.default_rng(0)).std())


def test_draws_shrink_from_turn_to_turn() -> None:
    sampling = Sampling("decreasing", width=0.2, shrinking=0.5)
    # 8,000 draws: their spread is known to 1 %, three standard errors to 3 %.
    for turn, width in ((0, 0.2), (1, 0.1), (3, 0.025)):
        assert spread(sampling, turn) == pytest.approx(width, rel=0.03)


def test_a_fixed_width_stays_and_none_draws_nothing() -> None:
    fixed = Sampling("fixed", width=0.2, shrinking=0.5)
    assert spread(fixed, 0) == spread(fixed, 9) == pytest.approx(0.2, rel=0.03)
    assert spread(Sampling("none"), 0) == 0.0


def test_random_draws_do_not_know_the_estimate() -> None:
    sampling, far = Sampling("random"), torch.ones((500, 16))
    drawn = sampling.draw(far, 0, np.random.default_rng(0))
    # Uniform between -1 and 1: mean 0, spread 1 / sqrt(3); both known to 1 %.
    assert float(drawn.mean()) == pytest.approx(0.0, abs=0.03)
    assert float(drawn.std()) == pytest.approx(3.0**-0.5, rel=0.03)
    assert torch.equal(drawn, sampling.draw(-far, 0, np.random.default_rng(0)))


def test_no_draw_leaves_the_range() -> None:
    drawn = Sampling("fixed", width=2.0).draw(ESTIMATE + 0.9, 0, np.random.default_rng(0))
    assert float(drawn.max()) == 1.0 and float(drawn.min()) == -1.0


@pytest.mark.parametrize(
    ("sampling", "words"),
    [
        (Sampling("wild"), "got 'wild'"),
        (Sampling(width=0.0), "a width of the sampling above 0"),
        (Sampling(width=float("nan")), "got nan"),
        (Sampling(shrinking=1.5), "at most 1; got 1.5"),
    ],
)
def test_what_cannot_be_drawn_is_refused(sampling: Sampling, words: str) -> None:
    with pytest.raises(MixtraceError, match=words):
        sampling.check()


def test_a_song_without_a_sound_is_refused() -> None:
    silence = np.zeros((1, 3 * RATE_HZ), np.float32)
    noise = np.random.default_rng(0).standard_normal((2, 3 * RATE_HZ)).astype(np.float32)
    session = session_of([silence], 0.1 * noise)
    excerpts = Excerpts(session, SongWindows(session))
    rng = np.random.default_rng(0)
    with pytest.raises(MixtraceError, match="Expected tracks that sound"):
        drawn_pairs(excerpts, OwnEngine(), 2, rng, lambda: torch.zeros((1, 16)))


def test_no_more_tracks_are_mixed_than_asked_for() -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal((5, 1, 3 * RATE_HZ)).astype(np.float32)
    session = session_of(list(noise), np.repeat(noise.sum(0), 2, 0))
    excerpts = Excerpts(session, SongWindows(session))
    rng = np.random.default_rng(0)
    pairs = drawn_pairs(excerpts, OwnEngine(), 4, rng, lambda: torch.zeros((5, 16)), 2)
    rows = [pair.rows for pair in pairs]
    assert all(len(each) == 2 == len(pair.tracks) for each, pair in zip(rows, pairs, strict=True))
    assert len(set(rows)) > 1  # others each time
