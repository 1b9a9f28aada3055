"""Variations of one node against rendering the changed graph from scratch."""

import torch

from mixtrace.graph import CONSOLES, build_console
from mixtrace.processors import Settings, Stack
from mixtrace.rendering import Prepared, Varied, render_compiled

TRACKS = [("kick", "drums"), ("snare", "drums"), ("bass", "bass")]


def alone(song):
    """Return the first window of a song."""
    return song.dry.window(0, 0.0)


def scratch(song, settings: Settings) -> torch.Tensor:
    audio = render_compiled(song.graph, settings, alone(song), song.rate, time=song.time)
    assert audio is not None
    return audio


def test_other_settings_of_one_node_equal_rendering_from_scratch(random_song):
    song = random_song(0, graph=build_console(TRACKS, CONSOLES["paper"]))
    other = random_song(1, graph=song.graph).settings
    varied = Varied(Prepared(song.graph, song.settings, song.rate, song.time), alone(song))
    for i in song.graph.processors:
        (own,), (new,) = song.settings.groups([i]), other.groups([i])
        both = Stack(
            own.kind,
            (i, i),
            {name: torch.cat([own.values[name], new.values[name]]) for name in own.values},
            torch.cat([own.wet, new.wet]),
        )
        ours = varied.under(i, both)
        assert ours is not None
        rest = [song.settings[n] if n != i else other[n] for n in song.graph.processors]
        theirs = scratch(song, Settings.of(dict(zip(song.graph.processors, rest, strict=True))))
        # float32 rounding at other transform lengths and in another order of sums.
        bound = 2e-5 * theirs.abs().max()
        assert (ours[1:] - theirs).abs().max() < bound
        assert (ours[:1] - scratch(song, song.settings)).abs().max() < bound
