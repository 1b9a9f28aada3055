"""The windows of a step."""

from dataclasses import replace

import pytest

from mixtrace.descent import Recipe, SongWindows, draw_batch
from mixtrace.graph import Graph
from mixtrace.processors import Settings
from mixtrace.session import Session

Planted = tuple[Session, Graph, Settings]

GRID, ANYWHERE = Recipe(windows="grid"), Recipe(windows="uniform")


@pytest.fixture(scope="module")
def windows(planted: Planted) -> SongWindows:
    return SongWindows(planted[0])


def drawn(windows: SongWindows, recipe: Recipe, batch: int, seed: int, step: int) -> list[float]:
    batches = draw_batch(windows, replace(recipe, batch=batch), seed, step)
    return [float(dry.start_s) for dry, _ in batches]


def test_every_window_is_seen_once_an_epoch_whatever_the_batch(windows: SongWindows) -> None:
    starts = sorted(start / windows.sample_rate_hz for start in windows.starts)
    for batch in (1, 2, 3):
        seen = [
            s for step in range(2 * windows.count) for s in drawn(windows, GRID, batch, 0, step)
        ]
        for first in range(0, len(seen), windows.count):
            assert sorted(seen[first : first + windows.count]) == pytest.approx(starts)


def test_what_is_drawn_depends_on_seed_and_step_alone(windows: SongWindows) -> None:
    for recipe in (GRID, ANYWHERE):
        first = [drawn(windows, recipe, 2, 0, step) for step in range(8)]
        assert [drawn(windows, recipe, 2, 0, step) for step in reversed(range(8))][::-1] == first
        assert [drawn(windows, recipe, 2, 1, step) for step in range(8)] != first


def test_windows_anywhere_lie_within_the_song(windows: SongWindows) -> None:
    last = (windows.length - windows.time) / windows.sample_rate_hz
    starts = [s for step in range(40) for s in drawn(windows, ANYWHERE, 2, 0, step)]
    assert 0.0 <= min(starts) < 0.2 * last < 0.8 * last < max(starts) <= last
    assert len(set(starts)) > 70


def test_windows_anywhere_show_nothing_that_is_held_out(planted: Planted) -> None:
    rate = planted[0].sample_rate_hz
    windows = SongWindows(planted[0], held_out=[(round(3.9 * rate), 4 * rate)])
    starts = [s for step in range(40) for s in drawn(windows, ANYWHERE, 2, 0, step)]
    # Counted from a second after the start to 3.8 s after it; the song ends at 7 s.
    early, late = [s for s in starts if s < 2.0], [s for s in starts if s > 2.0]
    assert max(early) <= 0.1 and min(late) >= 3.0 and max(late) <= 3.2
    assert len(set(early)) > 10 and len(set(late)) > 30
