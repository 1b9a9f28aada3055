"""The incremental renderer against the compiled one on graphs made smaller for good."""

import numpy as np
import pytest
import torch
from consoles import STUDIO

from mixtrace.errors import GraphError
from mixtrace.graph import CONSOLES, build_console, remove_nodes
from mixtrace.rendering import Incremental, Prepared, render_compiled

TRACKS = [("kick", "drums"), ("snare", "drums"), ("bass", "bass"), ("lead", "keys")]


def from_scratch(song, removed, **options):
    smaller = remove_nodes(song.graph, removed)
    settings = song.settings.only(smaller.processors)
    audio = render_compiled(smaller, settings, song.dry, song.rate, time=song.time, **options)
    assert audio is not None
    return audio


def leaves_a_track_idle(song, i: int) -> bool:
    """Say whether a track leads to nothing but a send."""
    try:
        remove_nodes(song.graph, [i])
    except GraphError:
        return song.graph.nodes[i].kind == "send"
    return False


def rendered(incremental: Incremental, removed: list[int]) -> torch.Tensor:
    audio = incremental.render(removed)
    assert audio is not None
    return audio


@pytest.mark.parametrize("preset", [CONSOLES["paper"], STUDIO])
@pytest.mark.parametrize("seed", range(2))
def test_any_sequence_of_removals_equals_rendering_from_scratch(random_song, preset, seed):
    song = random_song(seed, graph=build_console(TRACKS, preset))
    prepared = Prepared(song.graph, song.settings, song.rate, song.time)
    incremental = Incremental(prepared, song.dry)
    rng = np.random.default_rng(seed)
    removed: list[int] = []
    for i in rng.permutation(song.graph.processors)[:10].tolist():
        ours, theirs = rendered(incremental, [*removed, i]), from_scratch(song, [*removed, i])
        # float32 rounding at other transform lengths and in another order of sums.
        assert ours.shape == theirs.shape
        assert (ours - theirs).abs().max() < 2e-5 * theirs.abs().max()
        if rng.random() < 0.7:
            removed.append(i)
            incremental.base = frozenset(removed)


@pytest.mark.parametrize("seed", range(6))
def test_any_graph_renders_but_for_the_edges(random_song, seed):
    song = random_song(seed)
    prepared = Prepared(song.graph, song.settings, song.rate, song.time)
    incremental = Incremental(prepared, song.dry)
    for i in [None, *song.graph.processors]:
        removed = [] if i is None else [i]
        if i is not None and leaves_a_track_idle(song, i):
            continue
        ours, theirs = rendered(incremental, removed), from_scratch(song, removed)
        assert ours.shape == theirs.shape
        # Where a region must be divided the compiled renderer cuts what rings past the window; the
        # songs begin with silence as long as their equalizers' leads.
        leads = 1023 * len(song.graph.of_kind("equalizer"))
        assert (ours - theirs)[..., : song.time - leads].abs().max() < 2e-5 * theirs.abs().max()


def test_what_a_removal_does_not_touch_is_not_computed_again(random_song, monkeypatch):
    song = random_song(0, graph=build_console(TRACKS, CONSOLES["paper"]))
    incremental = Incremental(Prepared(song.graph, song.settings, song.rate, song.time), song.dry)
    followed: list[int] = []
    follow = Incremental._follow
    monkeypatch.setattr(
        Incremental, "_follow", lambda self, i, *rest: followed.append(i) or follow(self, i, *rest)
    )
    incremental.render([])
    assert len(followed) == len({*followed}) == 2 * 7
    followed.clear()
    gone = next(i for i in song.graph.of_kind("noise_reverb") if song.graph.name(i) == "kick")
    incremental.render([gone])
    names = {song.graph.name(i) for i in followed}
    assert names == {"kick", "drums"}


def test_silence_is_nothing(random_song):
    song = random_song(0, graph=build_console(TRACKS, CONSOLES["paper"]))
    dry = song.dry
    dry.tracks = [None] * len(dry.tracks)
    prepared = Prepared(song.graph, song.settings, song.rate, song.time)
    assert Incremental(prepared, dry).render([]) is None


def test_the_limit_is_that_of_the_compiled_renderer(random_song):
    limit, time = 72_000, 66_000
    song = random_song(0, graph=build_console([("a", "b")], CONSOLES["paper"]), time=time)
    exact = Prepared(song.graph, song.settings, song.rate, time)
    assert exact.fft_length > time + 4 * 60_000 - 1
    prepared = Prepared(song.graph, song.settings, song.rate, time, limit)
    assert prepared.fft_length == limit
    ours, whole = (rendered(Incremental(p, song.dry), []) for p in (prepared, exact))
    theirs = from_scratch(song, [], fft_limit=limit)
    # float32 rounding at other transform lengths; what wraps around is far more than that.
    assert (ours - theirs).abs().max() < 2e-5 * theirs.abs().max()
    assert (ours - whole).abs().max() > 1e-3 * whole.abs().max()
