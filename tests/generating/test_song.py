"""A generated song: the same bits from the same seed, whole, heard, and mixed by its graph."""

import numpy as np
import pytest
import torch
from scipy import signal

from mixtrace.generating import RATE_HZ, GeneratedSong, generate_song
from mixtrace.generating.players import players_of_others
from mixtrace.generating.score import draw_score
from mixtrace.generating.settling import change_db
from mixtrace.generating.wishes import Compression, Levelling, loud_db, peak_db, sounding_db
from mixtrace.rendering import render_song, render_taps

SECONDS = 8.0
NUMBERS = (1, 2, 3)


@pytest.fixture(scope="module")
def songs() -> list[GeneratedSong]:
    return [generate_song(7, number, SECONDS) for number in NUMBERS]


def dry(song: GeneratedSong) -> list[torch.Tensor]:
    return [torch.from_numpy(track) for track in song.tracks.values()]


def same(one: GeneratedSong, other: GeneratedSong) -> bool:
    return (
        list(one.tracks) == list(other.tracks)
        and all(np.array_equal(one.tracks[name], other.tracks[name]) for name in one.tracks)
        and np.array_equal(one.mix, other.mix)
        and one.graph == other.graph
    )


@pytest.mark.usefixtures("two_threads")
def test_the_same_seed_gives_the_same_bits_on_two_threads(songs: list[GeneratedSong]):
    assert same(generate_song(7, 2, SECONDS), songs[1])


def test_other_seeds_and_numbers_give_other_songs(songs: list[GeneratedSong]):
    other = generate_song(8, 2, SECONDS)
    for one in songs[0], other:
        shared = set(one.tracks) & set(songs[1].tracks)
        assert not any(np.array_equal(one.tracks[n], songs[1].tracks[n]) for n in shared)


def test_tracks_and_mix_are_whole_songs_without_clipping(songs: list[GeneratedSong]):
    for song in songs:
        for audio in (*song.tracks.values(), song.mix):
            assert audio.dtype == np.float32 and audio.shape[1] == SECONDS * RATE_HZ
            assert np.isfinite(audio).all() and np.abs(audio).max() < 1.0
        # Faders end at -1 dB within a tenth; limiters hold their ceiling.
        assert peak_db(song.mix) == pytest.approx(-1.0, abs=0.15)
        for name, audio in song.tracks.items():
            assert sounding_db(audio) > -45.0, name


def test_the_graph_renders_the_mix(songs: list[GeneratedSong]):
    for song in songs:
        again = render_song(song.graph, song.settings, dry(song), RATE_HZ).numpy()
        # 24 bits: steps of 2^-23, rounded to half of one.
        np.testing.assert_allclose(again, song.mix, atol=2.0**-24 + 1e-9)


def test_every_processor_on_a_track_is_heard(songs: list[GeneratedSong]):
    for song in songs:
        graph = song.graph
        inside = [i for i in graph.processors if graph.nodes[i].kind != "send"]
        on_tracks = [i for i in inside if graph.strips[graph.nodes[i].strip].role == "track"]
        feeds = {edge.destination: edge.source for edge in graph.edges}
        wanted = {*on_tracks, *(feeds[i] for i in on_tracks)}
        _, heard = render_taps(graph, song.settings, dry(song), RATE_HZ, wanted)
        for i in on_tracks:
            before, after = (_magnitudes(heard[each].numpy()) for each in (feeds[i], i))
            strong = np.maximum(before, after) > 0.01 * max(before.max(), after.max())
            change = 20.0 * np.log10((after[strong] + 1e-9) / (before[strong] + 1e-9))
            assert np.abs(change).max() > 0.3, (graph.name(i), graph.nodes[i].kind)


def _magnitudes(audio: np.ndarray) -> np.ndarray:
    """Return an oracle of its own: single bins of 1024 samples, no bands."""
    _, _, spectra = signal.stft(np.broadcast_to(audio, (2, audio.shape[-1])), nperseg=1024)
    return np.abs(spectra)


def test_a_threshold_takes_what_is_wished_for():
    tone = 0.5 * np.sin(2.0 * np.pi * 500.0 * np.arange(RATE_HZ) / RATE_HZ)[None].astype("f4")
    # The mean square of a sine of peak 0.5 is -9.03 dB; 6 dB at 4:1 are 8 dB above the threshold.
    assert loud_db(tone) == pytest.approx(-9.03, abs=0.05)
    settings = next(iter(Compression(6.0, 4.0, 0.0, 5.0, 100.0).tries(tone)))
    assert settings.number("threshold_db") == pytest.approx(-17.0, abs=0.1)


def test_a_fader_brings_a_track_to_its_level_whatever_its_pauses():
    rng = np.random.default_rng(0)
    sound = rng.normal(0.0, 0.1, (1, 2 * RATE_HZ)).astype("f4")
    sound[:, RATE_HZ:] = 0.0
    settings = next(iter(Levelling(-30.0, 0.25).tries(sound)))
    # Noise of 0.1 lies at -20 dB; a tenth of a dB is dialled.
    assert settings.number("level_db") == pytest.approx(-10.0, abs=0.11)


def test_a_pan_that_keeps_the_louder_side_is_heard_as_a_change():
    sound = np.random.default_rng(0).normal(0.0, 0.1, (1, RATE_HZ)).astype("f4")
    assert change_db(sound, np.concatenate([0.5 * sound, sound])) == pytest.approx(6.02, abs=0.01)
    assert change_db(sound, sound) == 0.0


@pytest.mark.parametrize("name", list(players_of_others(True)))
@pytest.mark.parametrize("seconds", [8.0, 20.0])
def test_everyone_has_something_to_play_in_short_songs_too(name: str, seconds: float):
    for seed in range(3):
        score = draw_score(seconds, np.random.default_rng(seed))
        take = players_of_others(True)[name](score, np.random.default_rng(seed))
        assert take.shape[-1] == seconds * RATE_HZ
        assert np.abs(take).max() > 0.01
