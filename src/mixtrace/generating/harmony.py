"""Keys, modes and progressions of chords; chords as each instrument plays them.

Progressions are those that songs share most: T. de Clercq, D. Temperley, "A corpus analysis of rock
harmony", Popular Music 30(1), 2011, for which chords and roots follow each other most often.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from numpy.random import Generator

__all__ = ["MODES", "Chord", "Key", "draw_key", "draw_progression"]

MODES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
}
"""Steps of each mode above its tonic, in semitones."""

_MODE_CHANCES = (0.45, 0.35, 0.08, 0.12)

_PROGRESSIONS: dict[str, tuple[tuple[int, ...], ...]] = {
    "major": ((1, 5, 6, 4), (6, 4, 1, 5), (1, 6, 4, 5), (1, 4, 5, 4), (1, 4, 6, 5), (2, 5, 1, 6)),
    "minor": ((1, 6, 3, 7), (1, 4, 6, 5), (1, 7, 6, 7), (1, 3, 7, 4), (6, 7, 1, 1), (1, 1, 4, 5)),
    "dorian": ((1, 4, 1, 4), (1, 7, 4, 1), (1, 3, 4, 1)),
    "mixolydian": ((1, 7, 4, 1), (1, 4, 7, 4), (1, 5, 7, 4)),
}
"""Degrees of four bars."""

_LOWEST_BASS, _LOWEST_GUITAR = 28, 40  # the open E strings
_OCTAVE = 12


@dataclass(frozen=True)
class Key:
    """A key.

    Attributes:
        tonic: 0 for C to 11 for B.
        mode: one of `MODES`.
    """

    tonic: int
    mode: str

    def pitch(self, degree: int) -> int:
        """Return the pitch of a degree of the scale, 1 for the tonic, as semitones above C."""
        steps = MODES[self.mode]
        octave, step = divmod(degree - 1, len(steps))
        return self.tonic + _OCTAVE * octave + steps[step]

    def scale(self, low_midi: int, high_midi: int) -> list[int]:
        """Return the notes of the scale within a range."""
        inside = {self.pitch(degree) % _OCTAVE for degree in range(1, 8)}
        return [pitch for pitch in range(low_midi, high_midi + 1) if pitch % _OCTAVE in inside]


@dataclass(frozen=True)
class Chord:
    """A triad: the pitches of its root, third and fifth, 0 for C to 11 for B."""

    root: int
    third: int
    fifth: int

    @classmethod
    def on(cls, key: Key, degree: int) -> "Chord":
        """Return the triad on a degree of a key."""
        return cls(*(key.pitch(degree + step) % _OCTAVE for step in (0, 2, 4)))

    @property
    def pitches(self) -> tuple[int, int, int]:
        """Root, third and fifth."""
        return self.root, self.third, self.fifth

    @property
    def bass_midi(self) -> int:
        """The root on the lowest strings of a bass."""
        return _at_or_above(_LOWEST_BASS, self.root)

    @property
    def guitar_midi(self) -> tuple[int, ...]:
        """The chord over five strings of a guitar."""
        root = _at_or_above(_LOWEST_GUITAR, self.root)
        fifth = _at_or_above(root, self.fifth)
        third = _at_or_above(root + _OCTAVE, self.third)
        return root, fifth, root + _OCTAVE, third, _at_or_above(third, self.fifth)

    def around(self, centre_midi: int, count: int = 3) -> tuple[int, ...]:
        """Return the chord near a pitch, so that chords that follow each other move little."""
        low = centre_midi - _OCTAVE // 2
        close = sorted(_at_or_above(low, pitch) for pitch in self.pitches)
        return tuple([*close, *(pitch + _OCTAVE for pitch in close)][:count])

    def nearest(self, pitch_midi: int) -> int:
        """Return the chord's note that is nearest to a pitch."""
        around = [pitch + _OCTAVE * octave for pitch in self.pitches for octave in range(2, 9)]
        return min(around, key=lambda each: abs(each - pitch_midi))


def draw_key(rng: Generator) -> Key:
    """Return any tonic, and a mode as often as songs have it."""
    return Key(int(rng.integers(_OCTAVE)), str(rng.choice(list(MODES), p=_MODE_CHANCES)))


def draw_progression(key: Key, rng: Generator) -> Sequence[Chord]:
    """Return four chords, a bar each."""
    choices = _PROGRESSIONS[key.mode]
    return [Chord.on(key, degree) for degree in choices[int(rng.integers(len(choices)))]]


def _at_or_above(low_midi: int, pitch: int) -> int:
    """Return the lowest note of a pitch that is not below another note."""
    return low_midi + (pitch - low_midi) % _OCTAVE
