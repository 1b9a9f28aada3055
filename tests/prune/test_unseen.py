"""Nothing of what is held out reaches a search: whatever stands there, the result is the same."""

from dataclasses import replace

import numpy as np
import pytest

from mixtrace.graph import Graph
from mixtrace.methods import Inversion
from mixtrace.processors import Settings
from mixtrace.prune import PublishedSearch, SearchConfig
from mixtrace.session import Session
from mixtrace.unseen import Unseen, ranges_between

Planted = tuple[Session, Graph, Settings]

CONFIG = SearchConfig(preset="small", tolerance=0.05, console_steps=6, rounds=2, round_steps=2)

pytestmark = pytest.mark.usefixtures("small_console")


@pytest.fixture
def song(planted: Planted) -> Session:
    """Return the planted song, three times in a row, with an echo in its mix; 21 s."""
    short = planted[0]
    tracks = tuple(replace(t, kept=np.tile(t.audio, 3)) for t in short.tracks)
    mix, late = np.tile(short.mix, 3), round(0.3 * short.sample_rate_hz)
    mix[:, late:] += 0.4 * tracks[1].audio[:, :-late]
    return replace(short, mix=mix, tracks=tracks)


def with_noise(song: Session, ranges: list[tuple[int, int]]) -> Session:
    mix, rng = song.mix.copy(), np.random.default_rng(0)
    for start, stop in ranges:
        mix[:, start:stop] = rng.standard_normal((2, stop - start))
    return replace(song, mix=mix)


def bits(found: Inversion) -> list[bytes]:
    return [value.numpy().tobytes() for value in found.settings.tensors()]


@pytest.mark.parametrize("spelling", ["end:40", "blocks:40"])
def test_what_stands_in_the_unseen_part_changes_no_bit(song: Session, spelling: str) -> None:
    held_out = Unseen.parse(spelling).ranges(song.mix.shape[-1], song.sample_rate_hz)
    found = PublishedSearch(CONFIG).invert(song, held_out)
    garbled = PublishedSearch(CONFIG).invert(with_noise(song, held_out), held_out)
    assert len(found.graph.processors) < len(found.console.processors)
    assert garbled.graph == found.graph
    assert garbled.evidence["removed"] == found.evidence["removed"]
    assert garbled.losses == found.losses
    assert bits(garbled) == bits(found)


@pytest.mark.parametrize("spelling", ["end:40", "blocks:40"])
def test_what_stands_in_the_seen_part_does(song: Session, spelling: str) -> None:
    """The test above would pass for a search that looks at nothing."""
    config, rate = replace(CONFIG, policy="none"), song.sample_rate_hz
    held_out = Unseen.parse(spelling).ranges(song.mix.shape[-1], rate)
    found = PublishedSearch(config).invert(song, held_out)
    for start, stop in ranges_between(song.mix.shape[-1], held_out):
        moment = ((start + stop) // 2, (start + stop) // 2 + rate // 10)
        noisy = PublishedSearch(config).invert(with_noise(song, [moment]), held_out)
        # Few steps come past few moments, but all of the song is judged.
        assert noisy.losses["final"] != found.losses["final"]
