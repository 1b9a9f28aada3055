"""Rhythms: strings of a digit or a point for each of the sixteen steps of a bar, drawn and varied.

A digit is how hard a note is, out of nine; a point is a rest.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from numpy.random import Generator

from mixtrace.generating.score import Bar

__all__ = ["DRUM_GROOVES", "DrumGroove", "draw_drums", "draw_rhythm", "varied"]

_ENDING = "9..............."


@dataclass(frozen=True)
class DrumGroove:
    """A beat: what kick, snare, hi-hat and open hi-hat play in the verse, and in the chorus."""

    kick: tuple[str, str]
    snare: tuple[str, str]
    hihat: tuple[str, str]
    opened: str


DRUM_GROOVES = (
    DrumGroove(  # straight rock
        ("9.......8.6.....", "9.....7.8.....5."),
        ("....8.......8...", "....9.......9..2"),
        ("6.4.6.4.6.4.6.4.", "8.5.8.5.8.5.8.5."),
        "..............7.",
    ),
    DrumGroove(  # four to the floor
        ("9...8...9...8...", "9...8...9...8..5"),
        ("....7.......7...", "....9.......9..."),
        ("..6...6...6...6.", "3.7.3.7.3.7.3.7."),
        "..7...7...7...7.",
    ),
    DrumGroove(  # half time
        ("9.....7.........", "9.....8...7....."),
        ("........9.......", "........9.....3."),
        ("7.5.7.5.7.5.7.5.", "8.6.8.6.8.6.8.6."),
        "............7...",
    ),
    DrumGroove(  # sixteenths, funk
        ("9..5......8.....", "9..6..7...8..5.."),
        ("....8..3.2..8..2", "....9..3.3..9..3"),
        ("7353735373537353", "8464846484648464"),
        "..........7.....",
    ),
    DrumGroove(  # syncopated pop
        ("9.....8..7......", "9..8..8..7..8..."),
        ("....8.......8...", "....9.......9..."),
        ("5.5.5.5.5.5.5.55", "7.5.7.5.7.5.7.57"),
        "..............6.",
    ),
    DrumGroove(  # train beat, ballad
        ("8.......7.......", "9.......8...5..."),
        ("....7.......7..2", "....8..2....8.2."),
        ("6...5...6...5...", "7.4.7.4.7.4.7.4."),
        "8...............",
    ),
)


def varied(rhythm: str, rng: Generator, chance: float) -> str:
    """Return a rhythm in which some rests are soft notes and some soft notes are rests.

    Args:
        rhythm: as drawn.
        rng: source of the changes.
        chance: of a change at a step.
    """
    changed = [
        ("." if step in "234" else "3" if step == "." else step) if draw < chance else step
        for step, draw in zip(rhythm, rng.random(len(rhythm)), strict=True)
    ]
    return "".join(changed)


def draw_drums(rng: Generator) -> DrumGroove:
    """Return a beat, varied."""
    beat = DRUM_GROOVES[int(rng.integers(len(DRUM_GROOVES)))]

    def both(rhythms: tuple[str, str], chance: float) -> tuple[str, str]:
        verse, chorus = rhythms
        return varied(verse, rng, chance), varied(chorus, rng, chance)

    return DrumGroove(
        both(beat.kick, 0.05), both(beat.snare, 0.04), both(beat.hihat, 0.06), beat.opened
    )


def draw_rhythm(
    choices: Sequence[str], rng: Generator, enters: str = "verse", chance: float = 0.05
) -> Callable[[Bar], str]:
    """Return what is played in each bar: one rhythm for the verse, another for the chorus.

    Args:
        choices: rhythms to draw from.
        rng: source of the draws.
        enters: `intro`, `verse` or `chorus`: where it is first heard.
        chance: of a change at a step.
    """
    drawn = [varied(choices[int(rng.integers(len(choices)))], rng, chance) for _ in range(2)]
    rhythms = {"verse": drawn[0], "chorus": drawn[1], "end": _ENDING}
    if enters == "intro":
        rhythms["intro"] = drawn[0]
    if enters == "chorus":
        del rhythms["verse"]
    return lambda bar: rhythms.get(bar.section, "")
