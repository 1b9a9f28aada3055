"""The demo song's score: inside the song, on its grid, and played as a person would."""

from collections.abc import Callable

import numpy as np
import pytest

from mixtrace.examples import score
from mixtrace.instruments import Note, humanise

PARTS = [
    score.kick_notes,
    score.snare_notes,
    score.hihat_notes,
    score.bass_notes,
    score.chord_notes,
    score.strum_notes,
    score.lead_notes,
    score.voice_notes,
    score.backing_notes,
]


@pytest.mark.parametrize("part", PARTS)
def test_every_note_starts_on_a_step_inside_the_song(part: Callable[[], list[Note]]):
    steps = np.array([note.start_s for note in part()]) / score.STEP_S
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-9)
    assert steps.min() >= 0 and steps.max() < 16 * score.BARS


@pytest.mark.parametrize("part", [score.lead_notes, score.voice_notes, score.backing_notes])
def test_a_melody_has_one_note_at_a_time_in_order(part: Callable[[], list[Note]]):
    notes = part()
    ends_s = np.array([note.start_s + note.duration_s for note in notes])
    starts_s = np.array([note.start_s for note in notes])
    assert (starts_s[1:] >= ends_s[:-1] - 1e-9).all()


def test_the_song_has_ten_chords_and_lasts_24_seconds():
    assert len(score.CHORDS) == score.BARS == 10
    assert pytest.approx(24.0) == score.SONG_DURATION_S


def test_a_person_varies_time_and_velocity():
    written = [Note(10.0, 0.1, (60,), 0.5)] * 2000
    played = humanise(written, np.random.default_rng(0), timing_s=0.01)
    # Standard deviations of 2000 draws are known to 1/sqrt(4000), 1.6 %; 8 % is five of those.
    assert np.std([note.start_s for note in played]) == pytest.approx(0.01, rel=0.08)
    assert np.std([note.velocity for note in played]) == pytest.approx(0.035, rel=0.08)


def test_a_person_plays_neither_before_the_song_nor_beyond_full_velocity():
    written = [Note(0.0, 0.1, (60,), 1.0)] * 100
    played = humanise(written, np.random.default_rng(0), timing_s=0.01)
    assert min(note.start_s for note in played) == 0.0
    assert max(note.velocity for note in played) == 1.0
