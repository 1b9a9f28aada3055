"""What a player is given: notes, and how people play them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from numpy.random import Generator

__all__ = ["Note", "humanise"]


@dataclass(frozen=True)
class Note:
    """One sound to play: when, how long, which pitches, how hard (0 to 1), and what is sung."""

    start_s: float
    duration_s: float
    pitches_midi: tuple[int, ...]
    velocity: float
    syllable: str = ""


def humanise(notes: Iterable[Note], rng: Generator, *, timing_s: float) -> list[Note]:
    """Return the notes played by a person: early or late, harder or softer.

    Args:
        notes: the notes as written.
        rng: source of the variation.
        timing_s: standard deviation of the starts; the velocities vary by 7 %.
    """
    return [
        replace(
            note,
            start_s=max(note.start_s + timing_s * rng.standard_normal(), 0.0),
            velocity=min(note.velocity * (1.0 + 0.07 * rng.standard_normal()), 1.0),
        )
        for note in notes
    ]
