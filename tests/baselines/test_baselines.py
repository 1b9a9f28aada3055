"""Methods that search nothing: what they promise of a song, and that nothing else may change it."""

from dataclasses import replace

import numpy as np
import pyloudnorm
import pytest
import torch

from mixtrace.baselines import EqualLoudness, RandomSettings, Sum
from mixtrace.errors import AudioError, MixtraceError
from mixtrace.methods import Inversion, Method, Repeatable, repeated
from mixtrace.rendering import render_song
from mixtrace.session import Alignment, Session, Track

RATE = 30_000
SECONDS = 5
GAINS_DB = (-30.0, -12.0, 0.0)


@pytest.fixture(scope="module")
def song() -> Session:
    """Return three tracks of noise of different levels, one of them stereo, and a mix."""
    rng = np.random.default_rng(0)
    tracks = []
    for number, gain_db in enumerate(GAINS_DB):
        shape = (1 + number % 2, SECONDS * RATE)
        audio = (0.1 * 10 ** (gain_db / 20) * rng.standard_normal(shape)).astype(np.float32)
        name = f"track {number}"
        tracks.append(Track(name, "all", audio, Alignment(0.0, 1, 1.0), False, None, 0))
    mix = np.zeros((2, SECONDS * RATE), np.float32)
    for track in tracks:
        mix += 0.5 * track.audio
    return Session("song", RATE, mix, tuple(tracks), ())


def heard(song: Session, found: Inversion) -> np.ndarray:
    audio = [torch.from_numpy(np.array(track.audio)) for track in song.tracks]
    return render_song(found.graph, found.settings, audio, float(RATE)).numpy()


def lufs(audio: np.ndarray) -> float:
    stereo = np.repeat(audio, 2, axis=0) if len(audio) == 1 else audio
    return pyloudnorm.Meter(RATE).integrated_loudness(stereo.T.astype(np.float64))


@pytest.mark.parametrize(
    "method",
    [Sum(), EqualLoudness(), RandomSettings(draws=1)],
    ids=lambda method: type(method).__name__,
)
def test_each_is_a_method_whose_settings_fit_its_graph(method: Method, song: Session):
    assert isinstance(method, Method)
    found = method.invert(song)
    graph = found.graph
    found.settings.check({i: graph.nodes[i].kind for i in graph.processors})
    assert [graph.name(i) for i in graph.inputs] == [track.name for track in song.tracks]
    assert found.ended == "finished" and found.why


def test_the_sum_is_the_sum(song: Session):
    found = Sum().invert(song)
    expected = sum(np.broadcast_to(track.audio, song.mix.shape) for track in song.tracks)
    # Single precision: sums in another order.
    np.testing.assert_allclose(heard(song, found), expected, atol=1e-6)
    assert found.losses["sum"] == found.losses["final"]
    # The mix is the sum at half its level: spectral convergence over twice the norm is 1/2, and
    # log magnitudes are off by log 2, so that neither is nothing.
    assert found.losses["final"]["published"] > 0.1


def test_tracks_are_equally_loud_and_their_sum_is_as_loud_as_the_mix(song: Session):
    found = EqualLoudness().invert(song)
    assert lufs(heard(song, found)) == pytest.approx(lufs(song.mix), abs=0.01)
    alone = []
    for track in song.tracks:
        (fader,) = [i for i in found.graph.of_kind("fader") if found.graph.name(i) == track.name]
        level_db = float(found.settings.value(fader, "level_db"))
        alone.append(lufs(track.audio) + level_db)
        assert float(found.settings.value(fader, "pan")) == 0.0
    # One meter for both: gains in single precision, gating blocks do not depend on a gain here.
    assert max(alone) - min(alone) < 0.01


def test_the_held_out_part_of_the_mix_changes_nothing(song: Session):
    start = 4 * RATE
    other = song.mix.copy()
    other[:, start:] *= 4.0
    held_out = [(start, song.mix.shape[-1])]
    for method in (EqualLoudness(), RandomSettings(draws=2)):
        a = method.invert(song, held_out)
        b = method.invert(replace(song, mix=other), held_out)
        for one, two in zip(a.settings.tensors(), b.settings.tensors(), strict=True):
            assert torch.equal(one, two)


def test_a_silent_track_has_no_fader_and_a_silent_song_is_refused(song: Session):
    silent = replace(song.tracks[0], kept=np.zeros_like(song.tracks[0].audio), silent=True)
    found = EqualLoudness().invert(replace(song, tracks=(silent, *song.tracks[1:])))
    assert len(found.graph.of_kind("fader")) == 2
    with pytest.raises(AudioError, match="the sum of all tracks of song nowhere exceeds"):
        EqualLoudness().invert(replace(song, tracks=(silent,)))


def test_of_random_draws_the_one_nearest_their_mean_is_kept(song: Session):
    found = RandomSettings(draws=3).invert(song)
    losses = [draw["published"] for draw in found.evidence["draws"]]
    assert len(set(losses)) == 3  # each draw is another
    assert found.losses["mean"]["published"] == pytest.approx(np.mean(losses))
    assert found.losses["least"]["published"] == min(losses)
    assert found.losses["most"]["published"] == max(losses)
    nearest = min(losses, key=lambda loss: abs(loss - np.mean(losses)))
    # The very graph was judged twice.
    assert found.losses["final"]["published"] == pytest.approx(nearest, rel=1e-6)


def test_random_draws_follow_their_seed(song: Session):
    first, again, other = (RandomSettings(seed, 1).invert(song).settings for seed in (3, 3, 4))
    same = [torch.equal(a, b) for a, b in zip(first.tensors(), again.tensors(), strict=True)]
    assert all(same)
    levels = [settings.stack("fader").values["level_db"] for settings in (first, other)]
    assert not torch.equal(*levels)


def test_random_settings_can_be_repeated_and_refuse_what_they_cannot_do():
    assert isinstance(RandomSettings(), Repeatable)
    assert repeated(RandomSettings(seed=2), 3).choices()["runs"] == 3
    with pytest.raises(MixtraceError, match="0 draws"):
        RandomSettings(draws=0).choices()
