"""What is usually done to each family of instruments in a mix: figures to draw chains by.

They are an engineer's habits, not measured on mixes.
"""

from typing import Any

__all__ = ["BELL", "BUSES", "DRUMS", "HABITS"]

# Habits of each family: high-pass (chance, Hz from, to); places of bells and shelves (shape, Hz
# from, to, chance of a boost); chances of compressor, gate, saturation, delay, reverb; attack and
# release in ms; distance of the pan pot from the centre; level in the mix in dB; chance of a send.
BELL, _LOW, _HIGH = "bell", "low_shelf", "high_shelf"
HABITS: dict[str, dict[str, Any]] = {
    "kick": {
        "high_pass": (0.1, 25, 35),
        "places": [(BELL, 50, 80, 0.9), (BELL, 280, 450, 0.1), (BELL, 2500, 5000, 0.9)],
        "chances": (0.65, 0.3, 0.15, 0.0, 0.0),
        "times": ((3, 25), (50, 160)),
        "pan": (0.0, 0.0),
        "level_db": -3.0,
        "send": 0.1,
    },
    "snare": {
        "high_pass": (0.8, 70, 120),
        "places": [(BELL, 180, 250, 0.8), (BELL, 500, 900, 0.15), (_HIGH, 5000, 9000, 0.9)],
        "chances": (0.7, 0.4, 0.2, 0.0, 0.4),
        "times": ((3, 25), (50, 180)),
        "pan": (0.0, 0.1),
        "level_db": -4.0,
        "send": 0.8,
    },
    "overheads": {
        "high_pass": (0.9, 150, 350),
        "places": [(BELL, 350, 600, 0.1), (_HIGH, 8000, 12000, 0.85)],
        "chances": (0.25, 0.0, 0.0, 0.0, 0.0),
        "times": ((5, 30), (80, 250)),
        "pan": (0.0, 0.0),
        "level_db": -9.0,
        "send": 0.2,
    },
    "toms": {
        "high_pass": (0.7, 50, 80),
        "places": [(BELL, 80, 130, 0.85), (BELL, 350, 550, 0.1), (BELL, 3500, 5500, 0.9)],
        "chances": (0.35, 0.5, 0.0, 0.0, 0.2),
        "times": ((3, 20), (60, 200)),
        "pan": (0.25, 0.6),
        "level_db": -10.0,
        "send": 0.6,
    },
    "drums": {
        "high_pass": (0.5, 25, 40),
        "places": [(_LOW, 70, 110, 0.8), (BELL, 300, 500, 0.1), (_HIGH, 6000, 10000, 0.85)],
        "chances": (0.7, 0.05, 0.3, 0.0, 0.2),
        "times": ((5, 30), (60, 250)),
        "pan": (0.0, 0.0),
        "level_db": -2.0,
        "send": 0.4,
    },
    "bass": {
        "high_pass": (0.25, 28, 42),
        "places": [(_LOW, 70, 120, 0.7), (BELL, 180, 320, 0.15), (BELL, 700, 1200, 0.85)],
        "chances": (0.85, 0.0, 0.3, 0.0, 0.0),
        "times": ((5, 30), (80, 300)),
        "pan": (0.0, 0.0),
        "level_db": -3.0,
        "send": 0.05,
    },
    "guitar": {
        "high_pass": (0.85, 80, 140),
        "places": [(BELL, 220, 400, 0.15), (BELL, 2000, 4000, 0.7), (_HIGH, 6000, 9000, 0.6)],
        "chances": (0.3, 0.0, 0.15, 0.25, 0.3),
        "times": ((5, 30), (80, 300)),
        "pan": (0.25, 0.85),
        "level_db": -7.0,
        "send": 0.5,
    },
    "keys": {
        "high_pass": (0.8, 80, 160),
        "places": [(BELL, 280, 450, 0.15), (BELL, 1800, 3500, 0.75), (_HIGH, 7000, 11000, 0.7)],
        "chances": (0.3, 0.0, 0.05, 0.1, 0.3),
        "times": ((5, 30), (100, 300)),
        "pan": (0.2, 0.6),
        "level_db": -8.0,
        "send": 0.6,
    },
    "vocal": {
        "high_pass": (0.95, 80, 130),
        "places": [(BELL, 200, 380, 0.1), (BELL, 2500, 5000, 0.8), (_HIGH, 8000, 12000, 0.9)],
        "chances": (0.9, 0.0, 0.15, 0.3, 0.5),
        "times": ((2, 15), (60, 250)),
        "pan": (0.0, 0.1),
        "level_db": -1.0,
        "send": 0.95,
    },
    "backing": {
        "high_pass": (0.95, 110, 200),
        "places": [(BELL, 250, 450, 0.1), (BELL, 2500, 4500, 0.6), (_HIGH, 8000, 12000, 0.8)],
        "chances": (0.7, 0.0, 0.0, 0.2, 0.5),
        "times": ((2, 15), (60, 250)),
        "pan": (0.2, 0.5),
        "level_db": -7.0,
        "send": 0.9,
    },
}
DRUMS = ("kick", "snare", "overheads", "toms", "drums")
VOICES = ("vocal", "backing")
BUSES = (("drums", DRUMS, 0.8), ("guitars", ("guitar",), 0.3), ("vocals", VOICES, 0.3))
"""Groups: name, families, chance where there are two tracks or more."""
