"""Two hundred drawn mixes: within the ranges that docs/corpus.md states, as often as it states."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

from mixtrace.generating import SongDraws, draw_song
from mixtrace.generating.band import FEWEST_TRACKS, INSTRUMENTS, MOST_TRACKS
from mixtrace.generating.habits import HABITS
from mixtrace.generating.wishes import (
    Compression,
    Dialled,
    Driving,
    Gating,
    Levelling,
    Limiting,
    Peaking,
)
from mixtrace.processors import NodeSettings

SONGS = 200


@pytest.fixture(scope="module")
def songs() -> list[SongDraws]:
    return [draw_song(0, number, 30.0) for number in range(1, SONGS + 1)]


def chains(song: SongDraws) -> Iterator[tuple]:
    yield from (track.chain for track in song.mix.tracks)
    yield from song.mix.buses.values()
    yield from song.mix.returns.values()
    yield song.mix.master


def dialled(songs: list[SongDraws], kind: str) -> list[NodeSettings]:
    every = [wish for song in songs for chain in chains(song) for wish in chain]
    return [w.settings for w in every if isinstance(w, Dialled) and w.settings.kind == kind]


def share(found: int, of: int, expected: float) -> bool:
    """Return whether a share is as expected, within four standard deviations of a draw."""
    return abs(found / of - expected) <= 4.0 * np.sqrt(expected * (1.0 - expected) / of)


def test_bands_have_four_to_twelve_tracks_and_every_instrument_plays(songs: list[SongDraws]):
    sizes = Counter(len(song.band) for song in songs)
    assert set(sizes) == set(range(FEWEST_TRACKS, MOST_TRACKS + 1))
    assert {one.name for song in songs for one in song.band} == set(INSTRUMENTS)
    assert all(len({one.name for one in song.band}) == len(song.band) for song in songs)


def test_tempo_key_and_length_are_songs(songs: list[SongDraws]):
    tempos = [song.score.tempo_bpm for song in songs]
    assert min(tempos) >= 70.0 and max(tempos) <= 160.0
    assert np.quantile(tempos, 0.75) - np.quantile(tempos, 0.25) > 20.0
    assert {song.score.key.tonic for song in songs} == set(range(12))
    assert {song.score.key.mode for song in songs} == {"major", "minor", "dorian", "mixolydian"}
    for song in songs:
        bar_s = 4.0 * song.score.beat_s
        assert len(song.score.bars) * bar_s <= 30.0 < (len(song.score.bars) + 1) * bar_s
        assert song.score.bars[-1].section == "end"


def test_no_two_songs_are_drawn_alike(songs: list[SongDraws]):
    drawn = {(s.score.tempo_bpm, s.score.key, tuple(b.name for b in s.band)) for s in songs}
    assert len(drawn) == SONGS


def test_compressors_of_tracks_follow_the_habits_of_their_instruments(songs: list[SongDraws]):
    wishes = [
        (HABITS[track.instrument.family], wish)
        for song in songs
        for track in song.mix.tracks
        for wish in track.chain
        if isinstance(wish, Compression)
    ]
    assert len(wishes) > 300
    for habit, wish in wishes:
        assert 1.5 <= wish.ratio <= 10.0 and 2.0 <= wish.reduction_db <= 8.0
        # Times have three digits: up to half a percent beyond an end.
        assert 0.995 * habit.attack_ms[0] <= wish.attack_ms <= 1.005 * habit.attack_ms[1]
        assert 0.995 * habit.release_ms[0] <= wish.release_ms <= 1.005 * habit.release_ms[1]
    # The median of the draw is e^1.2 = 3.3; of some 500 draws it lies within 0.2.
    assert np.median([wish.ratio for _, wish in wishes]) == pytest.approx(3.3, abs=0.3)


def test_each_effect_is_as_frequent_as_the_habits_say(songs: list[SongDraws]):
    for family, habit in HABITS.items():
        tracks = [
            track for song in songs for track in song.mix.tracks
            if track.instrument.family == family
        ]  # fmt: skip
        if not tracks:
            continue
        found = Counter(type(wish) for track in tracks for wish in track.chain)
        recorded = all(track.instrument.recorded for track in tracks)
        assert share(found[Compression], len(tracks), habit.chances.compressor), family
        assert share(found[Gating], len(tracks), habit.chances.gate if recorded else 0.0), family
        assert share(found[Driving], len(tracks), habit.chances.saturation), family
        assert found[Levelling] == len(tracks)


def test_gates_stand_on_drums_alone(songs: list[SongDraws]):
    gated = {
        track.instrument.name
        for song in songs
        for track in song.mix.tracks
        if any(isinstance(wish, Gating) for wish in track.chain)
    }
    assert gated == {"kick", "snare", "toms"}


def test_equalizers_lie_at_usual_places(songs: list[SongDraws]):
    for node in dialled(songs, "parametric_equalizer"):
        gains_db = [
            *node.array("bell_db"),
            node.number("low_shelf_db"),
            node.number("high_shelf_db"),
        ]
        passes = node.number("high_pass_db_per_octave")
        assert all(gain == 0.0 or 0.79 <= abs(gain) <= 7.51 for gain in gains_db)
        assert any(gains_db) or passes
        assert passes in (0.0, 12.0, 24.0)
        assert 0.39 <= node.array("bell_q").min() and node.array("bell_q").max() <= 3.01


def test_rides_echoes_and_reverbs_lie_within_their_ranges(songs: list[SongDraws]):
    for node in dialled(songs, "fader_automation"):
        knots_s = node.array("knot_s")
        assert 4 <= len(knots_s) <= 8 and (np.diff(knots_s) > 0.0).all()
        assert (knots_s[0], knots_s[-1]) == (0.0, 30.0)
        assert np.abs(node.array("knot_db")).max() <= 5.01
    for node in dialled(songs, "parametric_reverb"):
        assert 0.19 <= node.array("rt60_s").min() and node.array("rt60_s").max() <= 3.2
        assert node.number("pre_delay_ms") <= 45.01 and 0.49 <= node.number("width") <= 1.0
    for song in songs:
        for wish in song.mix.returns.get("echo", ()):
            assert isinstance(wish, Dialled)
            beats = wish.settings.number("time_ms") / 1000.0 / song.score.beat_s
            assert min(abs(beats - part) for part in (0.5, 0.75, 1.0)) < 1e-3
            assert 0.099 <= wish.settings.number("feedback") <= 0.501
    assert len(dialled(songs, "fader_automation")) > 50


def test_returns_are_fed_by_two_tracks_at_least(songs: list[SongDraws]):
    fed = Counter()
    for number, song in enumerate(songs):
        for track in song.mix.tracks:
            for name, send in track.sends.items():
                assert name in song.mix.returns
                assert -22.01 <= send.settings.number("level_db") <= -2.99
                fed[number, name] += 1
    assert all(count >= 2 for count in fed.values())
    assert {number_name for number_name in fed} == {
        (number, name) for number, song in enumerate(songs) for name in song.mix.returns
    }
    names = Counter(name for _, name in fed)
    assert share(names["reverb"], SONGS, 0.8) and share(names["echo"], SONGS, 0.5)
    assert names["parallel"] > 10


def test_pans_lie_as_far_out_as_the_habits_say_and_on_both_sides(songs: list[SongDraws]):
    sides = Counter()
    for song in songs:
        for track in song.mix.tracks:
            (fader,) = (wish for wish in track.chain if isinstance(wish, Levelling))
            habit = HABITS[track.instrument.family]
            # Pans stand on twentieths: up to half of one beyond an end.
            assert abs(fader.pan) <= habit.pan[1] + 0.026
            assert track.instrument.family == "overheads" or abs(fader.pan) >= habit.pan[0] - 0.026
            sides[np.sign(fader.pan)] += 1
    assert 0.8 < sides[1.0] / sides[-1.0] < 1.25


def test_masters_end_at_their_peak(songs: list[SongDraws]):
    limited = [song for song in songs if isinstance(song.mix.master[-1], Limiting)]
    assert share(len(limited), SONGS, 0.45)
    for song in songs:
        last = song.mix.master[-1]
        if isinstance(last, Limiting):
            assert last.ceiling_db == -1.0
        else:
            assert last == Peaking(-1.0)
