"""What is usually done to each family of instruments in a mix: figures to draw chains by.

They are an engineer's habits, not measured on mixes. docs/corpus.md, "Generated songs", tells what
they agree with.
"""

from typing import NamedTuple

__all__ = ["BELL", "HABITS", "Chances", "Habit", "Place"]

BELL = "bell"


class Place(NamedTuple):
    """Where an instrument is boosted or cut.

    Attributes:
        shape: `bell`, `low_shelf` or `high_shelf`.
        low_hz, high_hz: where.
        boosts: how often it is a boost, 0 to 1.
    """

    shape: str
    low_hz: float
    high_hz: float
    boosts: float


class Chances(NamedTuple):
    """How often a track has each effect, 0 to 1."""

    compressor: float
    gate: float
    saturation: float
    delay: float
    reverb: float


class Habit(NamedTuple):
    """What is usually done to a family.

    Attributes:
        high_pass: how often, from and to which frequency in Hz.
        places: of bells and shelves.
        chances: of other effects.
        attack_ms, release_ms: of its compressor, from and to.
        pan: how far from the centre, 0 to 1, from and to.
        level_db: in the mix, against the other families.
        send: how often it is sent to a reverb.
    """

    high_pass: tuple[float, float, float]
    places: tuple[Place, ...]
    chances: Chances
    attack_ms: tuple[float, float]
    release_ms: tuple[float, float]
    pan: tuple[float, float]
    level_db: float
    send: float


HABITS: dict[str, Habit] = {
    "kick": Habit(
        high_pass=(0.1, 25, 35),
        places=(
            Place("bell", 50, 80, 0.9),
            Place("bell", 280, 450, 0.1),
            Place("bell", 2500, 5000, 0.9),
        ),
        chances=Chances(0.65, 0.3, 0.15, 0.0, 0.0),
        attack_ms=(3, 25),
        release_ms=(50, 160),
        pan=(0.0, 0.0),
        level_db=-3.0,
        send=0.1,
    ),
    "snare": Habit(
        high_pass=(0.8, 70, 120),
        places=(
            Place("bell", 180, 250, 0.8),
            Place("bell", 500, 900, 0.15),
            Place("high_shelf", 5000, 9000, 0.9),
        ),
        chances=Chances(0.7, 0.4, 0.2, 0.0, 0.4),
        attack_ms=(3, 25),
        release_ms=(50, 180),
        pan=(0.0, 0.1),
        level_db=-4.0,
        send=0.8,
    ),
    "overheads": Habit(
        high_pass=(0.9, 150, 350),
        places=(
            Place("bell", 350, 600, 0.1),
            Place("high_shelf", 8000, 12000, 0.85),
        ),
        chances=Chances(0.25, 0.0, 0.0, 0.0, 0.0),
        attack_ms=(5, 30),
        release_ms=(80, 250),
        pan=(0.0, 0.0),
        level_db=-9.0,
        send=0.2,
    ),
    "toms": Habit(
        high_pass=(0.7, 50, 80),
        places=(
            Place("bell", 80, 130, 0.85),
            Place("bell", 350, 550, 0.1),
            Place("bell", 3500, 5500, 0.9),
        ),
        chances=Chances(0.35, 0.5, 0.0, 0.0, 0.2),
        attack_ms=(3, 20),
        release_ms=(60, 200),
        pan=(0.25, 0.6),
        level_db=-10.0,
        send=0.6,
    ),
    "drums": Habit(
        high_pass=(0.5, 25, 40),
        places=(
            Place("low_shelf", 70, 110, 0.8),
            Place("bell", 300, 500, 0.1),
            Place("high_shelf", 6000, 10000, 0.85),
        ),
        chances=Chances(0.7, 0.05, 0.3, 0.0, 0.2),
        attack_ms=(5, 30),
        release_ms=(60, 250),
        pan=(0.0, 0.0),
        level_db=-2.0,
        send=0.4,
    ),
    "bass": Habit(
        high_pass=(0.25, 28, 42),
        places=(
            Place("low_shelf", 70, 120, 0.7),
            Place("bell", 180, 320, 0.15),
            Place("bell", 700, 1200, 0.85),
        ),
        chances=Chances(0.85, 0.0, 0.3, 0.0, 0.0),
        attack_ms=(5, 30),
        release_ms=(80, 300),
        pan=(0.0, 0.0),
        level_db=-3.0,
        send=0.05,
    ),
    "guitar": Habit(
        high_pass=(0.85, 80, 140),
        places=(
            Place("bell", 220, 400, 0.15),
            Place("bell", 2000, 4000, 0.7),
            Place("high_shelf", 6000, 9000, 0.6),
        ),
        chances=Chances(0.3, 0.0, 0.15, 0.25, 0.3),
        attack_ms=(5, 30),
        release_ms=(80, 300),
        pan=(0.25, 0.85),
        level_db=-7.0,
        send=0.5,
    ),
    "keys": Habit(
        high_pass=(0.8, 80, 160),
        places=(
            Place("bell", 280, 450, 0.15),
            Place("bell", 1800, 3500, 0.75),
            Place("high_shelf", 7000, 11000, 0.7),
        ),
        chances=Chances(0.3, 0.0, 0.05, 0.1, 0.3),
        attack_ms=(5, 30),
        release_ms=(100, 300),
        pan=(0.2, 0.6),
        level_db=-8.0,
        send=0.6,
    ),
    "vocal": Habit(
        high_pass=(0.95, 80, 130),
        places=(
            Place("bell", 200, 380, 0.1),
            Place("bell", 2500, 5000, 0.8),
            Place("high_shelf", 8000, 12000, 0.9),
        ),
        chances=Chances(0.9, 0.0, 0.15, 0.3, 0.5),
        attack_ms=(2, 15),
        release_ms=(60, 250),
        pan=(0.0, 0.1),
        level_db=-1.0,
        send=0.95,
    ),
    "backing": Habit(
        high_pass=(0.95, 110, 200),
        places=(
            Place("bell", 250, 450, 0.1),
            Place("bell", 2500, 4500, 0.6),
            Place("high_shelf", 8000, 12000, 0.8),
        ),
        chances=Chances(0.7, 0.0, 0.0, 0.2, 0.5),
        attack_ms=(2, 15),
        release_ms=(60, 250),
        pan=(0.2, 0.5),
        level_db=-7.0,
        send=0.9,
    ),
    "percussion": Habit(
        high_pass=(0.8, 120, 300),
        places=(
            Place("bell", 400, 700, 0.2),
            Place("bell", 2500, 5000, 0.7),
            Place("high_shelf", 7000, 11000, 0.8),
        ),
        chances=Chances(0.3, 0.0, 0.05, 0.0, 0.2),
        attack_ms=(3, 20),
        release_ms=(60, 200),
        pan=(0.2, 0.7),
        level_db=-11.0,
        send=0.5,
    ),
    "pad": Habit(
        high_pass=(0.8, 90, 220),
        places=(
            Place("bell", 250, 500, 0.15),
            Place("bell", 1500, 3500, 0.4),
            Place("high_shelf", 6000, 10000, 0.5),
        ),
        chances=Chances(0.15, 0.0, 0.05, 0.05, 0.3),
        attack_ms=(10, 40),
        release_ms=(150, 400),
        pan=(0.0, 0.2),
        level_db=-11.0,
        send=0.5,
    ),
    "lead": Habit(
        high_pass=(0.8, 90, 180),
        places=(
            Place("bell", 280, 500, 0.2),
            Place("bell", 1500, 3500, 0.75),
            Place("high_shelf", 6000, 10000, 0.5),
        ),
        chances=Chances(0.4, 0.0, 0.15, 0.35, 0.3),
        attack_ms=(5, 30),
        release_ms=(80, 250),
        pan=(0.1, 0.5),
        level_db=-6.0,
        send=0.7,
    ),
}
