"""The score of the demo song: ten bars at 100 bpm in A minor, 24 s, written for this project.

Bar 0 is an introduction, bars 1-4 the verse (A), bars 5-8 the chorus (B), bar 9 a held last chord.
A bar has 16 steps. Rhythms are strings of 16 characters: a digit is a hit of that velocity out of
9, a point is a rest. Pitches are MIDI numbers.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from mixtrace.instruments import Note

__all__ = [
    "BARS",
    "CHORDS",
    "SONG_DURATION_S",
    "STEP_S",
    "Chord",
    "backing_notes",
    "bass_notes",
    "chord_notes",
    "hihat_notes",
    "kick_notes",
    "lead_notes",
    "snare_notes",
    "strum_notes",
    "voice_notes",
]

STEPS_PER_BAR = 16
STEP_S = 60.0 / 100.0 / 4.0
BARS = 10
SONG_DURATION_S = BARS * STEPS_PER_BAR * STEP_S


@dataclass(frozen=True)
class Chord:
    """A chord as each instrument plays it."""

    bass_midi: int
    piano_midi: tuple[int, ...]
    guitar_midi: tuple[int, ...]


_A_MINOR = Chord(33, (57, 60, 64, 67), (45, 52, 57, 60, 64))
_F_MAJOR = Chord(29, (57, 60, 64, 65), (41, 48, 53, 57, 60, 65))
_C_MAJOR = Chord(36, (55, 60, 64, 67), (48, 52, 55, 60, 64))
_G_MAJOR = Chord(31, (55, 59, 62, 67), (43, 47, 50, 55, 59, 67))
_D_MINOR = Chord(38, (57, 60, 62, 65), (50, 57, 62, 65))
_E_SEVEN = Chord(28, (56, 59, 62, 64), (40, 47, 50, 56, 59, 64))

CHORDS = (
    _A_MINOR,
    *(_A_MINOR, _F_MAJOR, _C_MAJOR, _G_MAJOR),
    *(_D_MINOR, _F_MAJOR, _C_MAJOR, _E_SEVEN),
    _A_MINOR,
)
"""The chord of each bar."""

_VERSE, _CHORUS, _END = range(1, 5), range(5, 9), 9


def kick_notes() -> list[Note]:
    """Return the bass drum: on one and three in the verse, busier in the chorus."""
    notes = _hits("9.......8.6.....", _VERSE) + _hits("9.....7.8.....5.", _CHORUS)
    return notes + _hits("9...............", [_END])


def snare_notes() -> list[Note]:
    """Return the snare: two and four with ghost notes, and a fill into the last bar."""
    notes = _hits("....8..2....8..2", _VERSE) + _hits("....9..2.2..9...", _CHORUS[:-1])
    return notes + _hits("....9..2.4566789", _CHORUS[-1:]) + _hits("7...............", [_END])


def hihat_notes() -> list[Note]:
    """Return the hi-hat: eighths, then sixteenths in the chorus; its length is how open it is."""
    closed = _hits("6.4.6.4.6.4.6.4.", range(5)) + _hits("7253725372537253", _CHORUS)
    opened = _hits("..............7.", (0, 2, 4, 6, 8)) + _hits("8...............", [_END])
    return closed + [replace(note, duration_s=4 * STEP_S) for note in opened]


def bass_notes() -> list[Note]:
    """Return the bass: syncopated roots in the verse, eighths with fifths in the chorus."""
    verse = _chord_hits("9..7..8...6.7...", _VERSE, _root_or_fifth, 2.4)
    chorus = _chord_hits("9.6.7.6.8.6.7.7.", _CHORUS, _root_or_fifth, 1.8)
    return verse + chorus + _chord_hits("9...............", [_END], _root_or_fifth, 13.0)


def chord_notes() -> list[Note]:
    """Return the electric piano: held, then on the off-beats, then two chords a bar."""
    held = _chord_hits("6...............", [0, _END], _piano, 14.0)
    verse = _chord_hits("7.....5...6.....", _VERSE, _piano, 4.0)
    chorus = _chord_hits("8.......6.....5.", _CHORUS, _piano, 6.5)
    return held + verse + chorus


def strum_notes() -> list[Note]:
    """Return the guitar: one chord a bar from the middle of the verse, then a full pattern."""
    verse = _chord_hits("6.......4...5...", (3, 4), _guitar, 7.0)
    chorus = _chord_hits("8...6.5...5.7.5.", _CHORUS, _guitar, 3.6)
    end = _chord_hits("7...............", [_END], _guitar, 15.0)
    return verse + chorus + end


def lead_notes() -> list[Note]:
    """Return the lead: an opening phrase, answers between the lines of the voice, a last note."""
    opening = [(0, 4, 3, 76), (0, 7, 2, 74), (0, 9, 3, 72), (0, 12, 4, 69)]
    answer = [(2, 12, 2, 72), (2, 14, 2, 74), (4, 10, 2, 74), (4, 12, 2, 71), (4, 14, 2, 79)]
    chorus = [(6, 10, 2, 77), (6, 12, 2, 76), (6, 14, 2, 72), (8, 10, 2, 74), (8, 12, 4, 80)]
    return _melody([*opening, *answer, *chorus, (9, 0, 10, 81)], 0.75)


def voice_notes() -> list[Note]:
    """Return the voice: two short lines in the verse, two louder and higher in the chorus."""
    first = [(1, 0, 2, 64, "sa"), (1, 2, 2, 64, "no"), (1, 4, 3, 67, "li"), (1, 8, 5, 69, "ta")]
    second = [(2, 0, 3, 67, "he"), (2, 4, 2, 65, "ma"), (2, 6, 5, 64, "so")]
    third = [(3, 0, 2, 64, "na"), (3, 2, 2, 67, "ti"), (3, 4, 3, 67, "lo"), (3, 8, 6, 72, "sa")]
    fourth = [(4, 0, 3, 71, "he"), (4, 4, 5, 67, "mo")]
    fifth = [(5, 0, 4, 74, "ha"), (5, 4, 2, 72, "ti"), (5, 6, 2, 74, "no"), (5, 8, 7, 77, "sa")]
    sixth = [(6, 0, 4, 76, "le"), (6, 4, 5, 72, "mo")]
    seventh = [(7, 0, 4, 72, "ta"), (7, 4, 2, 71, "li"), (7, 6, 2, 72, "so"), (7, 8, 7, 76, "ha")]
    last = [(8, 0, 3, 76, "ti"), (8, 3, 6, 71, "no"), (9, 0, 9, 69, "ma")]
    verse = _melody([*first, *second, *third, *fourth], 0.55)
    return verse + _melody([*fifth, *sixth, *seventh, *last], 0.9)


def backing_notes() -> list[Note]:
    """Return the backing voice: long vowels below the chorus, and the last bar."""
    line = [(5, 0, 7, 69, "u"), (5, 8, 7, 74, "u"), (6, 0, 10, 69, "u"), (7, 0, 7, 67, "o")]
    return _melody([*line, (7, 8, 7, 72, "o"), (8, 0, 9, 68, "o"), (9, 0, 11, 64, "a")], 0.8)


def _start_s(bar: int, step: int) -> float:
    return (bar * STEPS_PER_BAR + step) * STEP_S


def _hits(rhythm: str, bars: Sequence[int]) -> list[Note]:
    return _chord_hits(rhythm, bars, lambda chord, step: (), 1.0)


def _chord_hits(
    rhythm: str,
    bars: Sequence[int],
    pitches_midi: Callable[[Chord, int], tuple[int, ...]],
    steps_long: float,
) -> list[Note]:
    """Return a note for each digit of a rhythm in each bar, with pitches from the bar's chord."""
    return [
        Note(
            start_s=_start_s(bar, step),
            duration_s=steps_long * STEP_S,
            pitches_midi=pitches_midi(CHORDS[bar], step),
            velocity=int(level) / 9.0,
        )
        for bar in bars
        for step, level in enumerate(rhythm)
        if level != "."
    ]


def _piano(chord: Chord, step: int) -> tuple[int, ...]:
    return chord.piano_midi


def _guitar(chord: Chord, step: int) -> tuple[int, ...]:
    return chord.guitar_midi


def _root_or_fifth(chord: Chord, step: int) -> tuple[int]:
    """Return the bass note of a step: the fifth above the root on steps 10 and 14."""
    return (chord.bass_midi + (7 if step in (10, 14) else 0),)


def _melody(line: Iterable[tuple], velocity: float) -> list[Note]:
    """Return the notes of a line of (bar, step, steps long, pitch) or (..., syllable)."""
    return [
        Note(_start_s(bar, step), steps * STEP_S, (pitch_midi,), velocity, "".join(syllable))
        for bar, step, steps, pitch_midi, *syllable in line
    ]
