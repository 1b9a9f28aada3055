"""The windows of a song are compared as the rendered file would be."""

import numpy as np
import pytest
import torch
from consoles import STUDIO

from mixtrace.descent import SongWindows, Variables, song_loss, song_parts
from mixtrace.graph import build_console
from mixtrace.interpret import Desk, TrackStrip, node_of
from mixtrace.losses import combine
from mixtrace.metrics import audio_loss as file_loss
from mixtrace.rendering import render_song
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
    delay = node_of("feedback_delay", wet=0.4, time_ms=301.0, feedback=0.0, ping_pong=1.0)
    mixed = Desk([TrackStrip("keys", "keys", [delay])]).built()
    rendered = render_song(*mixed, [torch.from_numpy(audio)], RATE_HZ)
    of_file = file_loss(target=torch.from_numpy(mix), estimate=rendered)
    windows = SongWindows(session)
    assert windows.starts[-1] + windows.time > TIME + RATE_HZ
    found = song_loss(*mixed, windows)
    for convention, loss in of_file.items():
        assert found[convention] == pytest.approx(loss.l_a, abs=1e-3)


def three_windows() -> Session:
    """Return a song of three windows, with a track that is silent in the first of them alone."""
    rng = np.random.default_rng(0)
    low, high, mix = (
        0.1 * rng.standard_normal((n, 9 * RATE_HZ)).astype(np.float32) for n in (1, 2, 2)
    )
    high[:, : 4 * RATE_HZ] = 0.0
    tracks = [
        Track(name, "all", audio, Alignment(0.0, 1, 1.0), False, None, 0)
        for name, audio in (("low", low), ("high", high))
    ]
    return Session("song", RATE_HZ, mix, tuple(tracks), ())


def test_windows_are_rendered_in_pairs_where_all_of_them_are_kept() -> None:
    windows = SongWindows(three_windows())
    assert windows.count == 3
    assert windows.groups([0, 1, 2]) == [(0, 1), (2,)]
    assert windows.groups([1, 2, 0]) == [(1,), (2,), (0,)]
    windows.capacity = 2
    assert windows.groups([0, 1, 2]) == [(0,), (1,), (2,)]


def test_a_window_of_a_pair_is_what_it_is_alone() -> None:
    session = three_windows()
    paired, apart = SongWindows(session), SongWindows(session)
    apart.capacity = 2
    for number in range(3):
        (dry, target), (alone, its_target) = paired.window(number), apart.window(number)
        assert dry.channels == alone.channels == ((1, 0) if number == 0 else (1, 2))
        assert dry.start_s.tolist() == alone.start_s.tolist()
        for track in range(2):
            if dry.channels[track]:
                found, expected = (a.spectrum(track, 1 << 17) for a in (dry, alone))
                torch.testing.assert_close(found, expected)
        for name in ("mel", "norm"):
            found, expected = getattr(target.features, name), getattr(its_target.features, name)
            torch.testing.assert_close(found, expected)
        assert (target.within is None) == (its_target.within is None)


def test_the_loss_of_windows_does_not_depend_on_what_they_are_rendered_with() -> None:
    session = three_windows()
    graph = build_console([("low", "all"), ("high", "all")], STUDIO)
    settings = Variables.random(graph, torch.Generator().manual_seed(0)).settings()
    paired, apart = SongWindows(session), SongWindows(session)
    apart.capacity = 2
    for numbers in ([0, 1, 2], [2, 1, 0]):
        together = combine(song_parts(graph, settings, paired, numbers), "published")
        alone = combine(song_parts(graph, settings, apart, numbers), "published")
        torch.testing.assert_close(together, alone)


def test_the_order_in_which_windows_get_their_turn_changes_no_bit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Transforms of other stacks round otherwise: what is stacked must not depend on it."""
    names = [("low", "all"), ("high", "all")]
    console = build_console(names, STUDIO)
    settings = Variables.random(console, torch.Generator().manual_seed(0)).settings()
    windows = SongWindows(three_windows())
    windows.capacity = 2  # each by itself: in the first one, a plan without the silent track
    in_order = song_parts(console, settings, windows)

    def last_first(work, items, before):
        for item in items:
            before(item)
        return [work(item) for item in reversed(items)][::-1]

    monkeypatch.setattr(windows, "each", last_first)
    reverse = song_parts(console, settings, windows)
    for name, values in vars(in_order).items():
        assert torch.equal(values, getattr(reverse, name)), name
