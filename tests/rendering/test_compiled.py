"""The compiled renderer alone: plans, wrapping, kept spectra, silence, several windows."""

import pytest
import torch

from mixtrace.dsp import fast_length
from mixtrace.graph import CONSOLES, Graph, build_console, remove_nodes
from mixtrace.rendering import DryAudio, compile_plan, render_compiled, render_walk

RATE = 30_000.0


def chain(*kinds: str) -> Graph:
    """Return input -> kinds -> output."""
    nodes = [(kind, "voice") for kind in ("input", *kinds, "output")]
    return Graph.of(tuple(nodes), tuple((i, i + 1) for i in range(len(nodes) - 1)))


def render(song, dry=None, **options):
    audio = render_compiled(
        song.graph, song.settings, dry or song.dry, song.rate, time=song.time, **options
    )
    assert audio is not None
    return audio


def test_a_bus_without_dynamics_is_one_region_with_its_tracks():
    tracks = [("kick", "drums"), ("snare", "drums"), ("voice", "vocals")]
    graph = build_console(tracks, CONSOLES["paper"])
    dynamics = {
        i
        for i in graph.processors
        if graph.nodes[i].kind in ("one_pole_compressor", "one_pole_gate")
    }
    smaller = remove_nodes(graph, dynamics)
    (stage,) = compile_plan(smaller, (1, 1, 2), RATE).stages
    drums, vocals = stage.regions
    # Five processors in each chain, and the sum.
    assert (len(drums.nodes), len(vocals.nodes)) == (16, 11)
    assert drums.ends == vocals.ends == (smaller.output,)
    # Track and bus: one equalizer, one delay and one reverb each.
    assert (drums.lead_samples, drums.tail_samples) == (2 * 1023, 2 * (1023 + 120_000))


def test_parallel_compression_divides_a_region_only_where_it_must():
    kinds = ("input", "equalizer", "one_pole_compressor", "gain_panning", "equalizer", "output")
    edges = ((0, 1), (1, 2), (2, 3), (1, 3), (3, 4), (4, 5))
    graph = Graph.of([(kind, "voice") for kind in kinds], edges)
    plan = compile_plan(graph, (1,), RATE)
    first, second = (region for stage in plan.stages for region in stage.regions)
    assert (first.nodes, first.sinks, first.outlets) == ((1,), (2,), (1,))
    assert (second.sources, second.nodes, second.ends) == ((2, 1), (3, 4), (5,))
    assert str(plan).count("\n") == 2


def test_a_silent_track_and_what_stands_behind_it_alone_are_left_out():
    graph = build_console([("kick", "drums"), ("voice", "vocals")], CONSOLES["paper"])
    plan = compile_plan(graph, (1, 0), RATE)
    used = {i for stage in plan.stages for region in stage.regions for i in region.nodes}
    used |= {i for stage in plan.stages for *_, members in stage.dynamics for i in members}
    assert {graph.name(i) for i in used} == {"kick", "drums"}


def test_none_equals_zeros(random_song):
    tracks = [("kick", "drums"), ("snare", "drums"), ("voice", "vocals")]
    song = random_song(0, graph=build_console(tracks, CONSOLES["paper"]))
    tracks = [*song.tracks[:1], None, None]
    zeros = [torch.zeros(2, song.time) if t is None else t for t in tracks]
    dry = DryAudio([None if t is None else t[None] for t in tracks], torch.zeros(1))
    walk = render_walk(song.graph, song.settings, zeros, song.rate)
    error = (render(song, dry)[0] - walk).abs()[:, :-1023]
    # As between the strategies: float32 rounding, and nothing is said of the last 1,023 samples,
    # where the bus equalizer hears the tails of the track's reverb.
    assert error.max() < 1e-5 * walk.abs().max()


def test_nothing_but_silence_gives_nothing(random_song):
    song = random_song(0, graph=chain("noise_reverb"))
    dry = DryAudio([None], torch.zeros(1))
    assert render_compiled(song.graph, song.settings, dry, song.rate, time=song.time) is None


def test_kept_spectra_change_nothing(random_song):
    song = random_song(0)
    dry = song.dry
    first, again, fresh = render(song, dry), render(song, dry), render(song, song.dry)
    assert torch.equal(first, again) and torch.equal(first, fresh)
    number = next(n for n, track in enumerate(song.tracks) if track is not None)
    assert dry.spectrum(number, 16_384) is dry.spectrum(number, 16_384)
    assert dry.spectrum(number, 16_384).shape != dry.spectrum(number, 32_768).shape


@pytest.mark.parametrize("seed", range(4))
def test_several_windows_equal_one_by_one(random_song, seed):
    song = random_song(seed)
    starts = torch.tensor([0.0, 7.5, 31.0])
    heard = [None if t is None else torch.stack([t, t.flip(-1), 0.5 * t]) for t in song.tracks]
    together = render(song, DryAudio(heard, starts))
    for n, start in enumerate(starts):
        alone = DryAudio([None if t is None else t[n : n + 1] for t in heard], start[None])
        # The same sums in batches of another shape: float32 rounding.
        assert (together[n] - render(song, alone)[0]).abs().max() < 1e-5 * together[n].abs().max()


def test_a_limit_wraps_only_into_the_start(random_song):
    # The tail of 61,023 samples no longer fits; the leads of both equalizers still do.
    # The window begins with sound, or there would be nothing in the leads.
    graph = chain("equalizer", "noise_reverb", "equalizer")
    song = random_song(0, graph=graph, time=66_000, silence=0)
    exact, limited = render(song)[0], render(song, fft_limit=song.time)[0]
    error = (exact - limited).abs().amax(0) / exact.abs().max()
    tail = 60_000 + 2 * 1023
    # float32 rounding at two transform lengths.
    assert error[tail:].max() < 1e-5
    assert error[: tail - 1023].max() > 1e-3


def test_a_response_longer_than_the_limit_wraps_as_often_as_needed(random_song):
    song = random_song(4, graph=chain("noise_reverb"))
    assert fast_length(song.time) == song.time, "choose a window that is a good transform length"
    padded = torch.nn.functional.pad(song.sounding[0], (0, 60_000))
    whole = render_walk(song.graph, song.settings, [padded], song.rate)
    wrapped = whole.unflatten(-1, (-1, song.time)).sum(1)
    limited = render(song, fft_limit=song.time)[0]
    # float32 rounding at two transform lengths.
    assert (limited - wrapped).abs().max() < 1e-5 * wrapped.abs().max()


@pytest.mark.parametrize("before", ((), ("equalizer",), ("one_pole_compressor",)))
def test_what_is_not_counted_may_hold_what_wraps_and_nothing_else_changes(random_song, before):
    song = random_song(4, graph=chain(*before, "twenty_tap_delay"), time=66_000)
    uncounted = 30_000
    exact, shorter = render(song)[0], render(song, uncounted=uncounted)[0]
    error = (exact - shorter).abs().amax(0) / exact.abs().max()
    # The tail of two seconds wraps into the first one; what follows differs by rounding alone.
    assert error[:uncounted].max() > 1e-3
    assert error[uncounted:].max() < 1e-5


def test_what_reaches_dynamics_is_exact_from_its_first_sample(random_song):
    song = random_song(0, graph=chain("noise_reverb", "one_pole_compressor"))
    exact, shorter = render(song), render(song, uncounted=30_000)
    torch.testing.assert_close(shorter, exact, rtol=0.0, atol=0.0)
