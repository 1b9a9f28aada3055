"""What a song is before anyone plays: tempo, key, and the chord and the section of each bar."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from mixtrace.generating.harmony import Chord, Key, draw_key, draw_progression
from mixtrace.instruments import Note

__all__ = ["STEPS", "Bar", "Score", "draw_score"]

STEPS = 16
"""Steps of a bar."""

TEMPO_BPM = (70.0, 160.0)
_BLOCK = 8  # bars of a section, where the song is long enough
_SWINGS = (0.0, 0.0, 0.0, 0.12, 0.22)  # by what part of a step every other one comes later


@dataclass(frozen=True)
class Bar:
    """A bar.

    Attributes:
        number: from 0.
        section: `intro`, `verse`, `chorus` or `end`.
        chord: that all play.
        closes: whether another section follows.
    """

    number: int
    section: str
    chord: Chord
    closes: bool


@dataclass(frozen=True)
class Score:
    """A song before anyone plays it.

    Attributes:
        seconds: how long it is.
        tempo_bpm: quarters a minute.
        swing: by what part of a step every other step comes late.
        key: its key.
        bars: all of them; the song may ring on behind the last.
    """

    seconds: float
    tempo_bpm: float
    swing: float
    key: Key
    bars: tuple[Bar, ...]

    @property
    def beat_s(self) -> float:
        """How long a quarter is."""
        return 60.0 / self.tempo_bpm

    @property
    def step_s(self) -> float:
        """How long a step is."""
        return self.beat_s / 4.0

    def start_s(self, bar: Bar, step: int) -> float:
        """Return when a step of a bar begins."""
        late = self.swing * (step % 2)
        return (bar.number * STEPS + step + late) * self.step_s

    def hits(
        self,
        rhythms: Callable[[Bar], str],
        pitches: Callable[[Bar, int], tuple[int, ...]] = lambda bar, step: (),
        steps_long: float = 1.0,
    ) -> list[Note]:
        """Return a note for each digit of the rhythms: how hard, out of nine; a point is a rest.

        Args:
            rhythms: the rhythm of a bar, `STEPS` characters; empty where nothing is played.
            pitches: what is played in a bar at a step.
            steps_long: how long a note is, at most; notes in the last bar last for all of it.
        """
        notes = []
        for bar in self.bars:
            rhythm = rhythms(bar)
            long = STEPS if bar.section == "end" and pitches(bar, 0) else steps_long
            notes += [
                Note(
                    self.start_s(bar, step),
                    long * self.step_s,
                    pitches(bar, step),
                    int(level) / 9.0,
                )
                for step, level in enumerate(rhythm)
                if level != "."
            ]
        return notes


def draw_score(seconds: float, rng: Generator) -> Score:
    """Return a song of some length: 70 to 160 quarters a minute, half of the songs 92 to 132."""
    low, high = TEMPO_BPM
    tempo_bpm = round(float(np.clip(rng.normal(112.0, 28.0), low, high)), 1)
    key = draw_key(rng)
    verse, chorus = draw_progression(key, rng), draw_progression(key, rng)
    count = max(2, int(seconds * tempo_bpm / 240.0))
    sections = _sections(count, bool(rng.random() < 0.6))
    bars = []
    for number, section in enumerate(sections):
        since = number - sections.index(section)
        chord = (chorus if section == "chorus" else verse)[since % 4]
        if section == "end":
            chord = Chord.on(key, 1)
        closes = number + 1 < count and sections[number + 1] != section
        bars.append(Bar(number, section, chord, closes))
    swing = float(rng.choice(_SWINGS))
    return Score(seconds, tempo_bpm, swing, key, tuple(bars))


def _sections(count: int, intro: bool) -> Sequence[str]:
    """Return the section of each bar: perhaps an introduction, verses and choruses, the end."""
    begun = ["intro"] * (1 if intro and count >= 8 else 0)
    body = count - len(begun) - 1
    block = max(1, min(_BLOCK, (body + 1) // 2))
    names = ["verse" if (bar // block) % 2 == 0 else "chorus" for bar in range(body)]
    return [*begun, *(names if body > 1 else ["chorus"] * body), "end"]
