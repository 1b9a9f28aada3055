"""Melodies and sung lines: motifs that come back over changing chords."""

from collections.abc import Callable
from dataclasses import dataclass

from numpy.random import Generator

from mixtrace.generating.score import STEPS, Bar, Score
from mixtrace.instruments import Note

__all__ = ["Range", "draw_line", "draw_long_line"]

_VOWELS = tuple("aeiou")
_CONSONANTS = ("s", "t", "h", "n", "l", "m", "")
_MOTIFS = (
    ((0, 3), (4, 2), (6, 5)),
    ((0, 2), (2, 2), (4, 4), (8, 5)),
    ((2, 2), (4, 4), (8, 3), (11, 4)),
    ((0, 6), (8, 2), (10, 4)),
    ((0, 4), (4, 4), (8, 6)),
    ((4, 2), (6, 2), (8, 2), (10, 5)),
    ((0, 3), (3, 3), (6, 6)),
    ((0, 12),),
)
"""Rhythms of a bar of melody: (step, steps long). All leave time to breathe."""


@dataclass(frozen=True)
class Range:
    """The lowest and the highest note of a voice or an instrument, as MIDI numbers."""

    low_midi: int
    high_midi: int

    def nearest(self, pitch_midi: float) -> int:
        """Return a pitch, moved into the range."""
        return round(min(max(pitch_midi, self.low_midi), self.high_midi))


def draw_line(
    score: Score, within: Range, rng: Generator, plays: Callable[[Bar], bool]
) -> list[Note]:
    """Return a melody: a motif for each section, its notes chosen anew over each chord.

    Args:
        score: the song.
        within: the range.
        rng: source of the draws.
        plays: whether something is played in a bar.
    """
    motifs = {
        name: [_MOTIFS[int(rng.integers(len(_MOTIFS)))] for _ in range(2)]
        for name in ("intro", "verse", "chorus")
    }
    scale = score.key.scale(within.low_midi, within.high_midi)
    at, notes = (within.low_midi + within.high_midi) / 2.0, []
    for bar in score.bars:
        if not plays(bar):
            continue
        motif = ((0, 12),) if bar.section == "end" else motifs[bar.section][bar.number % 2]
        height = 0.7 if bar.section == "chorus" else 0.4
        velocity = 0.9 if bar.section == "chorus" else 0.6
        for step, long in motif:
            aim = within.low_midi + height * (within.high_midi - within.low_midi)
            at = within.nearest(at + 0.25 * (aim - at) + rng.normal(0.0, 2.5))
            pitch = _settled(bar, step, at, scale, within)
            notes.append(_note(score, bar, (step, long), pitch, velocity, rng))
            at = pitch
    return notes


def draw_long_line(
    score: Score, within: Range, rng: Generator, plays: Callable[[Bar], bool]
) -> list[Note]:
    """Return a line of one or two long notes a bar, as backing voices sing; see `draw_line`."""
    halves = bool(rng.random() < 0.4)
    at, notes = (within.low_midi + within.high_midi) / 2.0, []
    for bar in score.bars:
        if not plays(bar):
            continue
        begun = (0, STEPS // 2) if halves and bar.section != "end" else (0,)
        for step in begun:
            long = STEPS // len(begun) - 1.5
            pitch = within.nearest(bar.chord.nearest(round(at + rng.normal(0.0, 1.5))))
            pitch = _settled(bar, 0, pitch, [], within)
            vowel = str(rng.choice(_VOWELS))
            start_s, long_s = score.start_s(bar, step), long * score.step_s
            notes.append(Note(start_s, long_s, (pitch,), 0.8, vowel))
            at = 0.5 * (pitch + at)
    return notes


def _settled(bar: Bar, step: int, pitch_midi: int, scale: list[int], within: Range) -> int:
    """Return a note of the chord on beats, one of the scale between them, within the range."""
    if step % 4 == 0 or not scale:
        inside = [p for p in range(within.low_midi, within.high_midi + 1)]
        chord = [p for p in inside if p % 12 in bar.chord.pitches]
        return min(chord, key=lambda each: abs(each - pitch_midi))
    return min(scale, key=lambda each: abs(each - pitch_midi))


def _note(
    score: Score,
    bar: Bar,
    place: tuple[int, int],
    pitch_midi: int,
    velocity: float,
    rng: Generator,
) -> Note:
    step, long = place
    syllable = str(rng.choice(_CONSONANTS)) + str(rng.choice(_VOWELS))
    # A little less than written: words end before the next begin.
    return Note(
        score.start_s(bar, step),
        (long - 0.2) * score.step_s,
        (pitch_midi,),
        velocity * rng.uniform(0.8, 1.1),
        syllable,
    )
