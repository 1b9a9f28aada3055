"""The embedded demo song: dry tracks made by code and their mix, to try the tool at once."""

from mixtrace.demo.compare import Comparison, compare
from mixtrace.demo.listen import Facts
from mixtrace.demo.mix import DEMO_RATE_HZ, demo_session, plant_demo, write_demo_song
from mixtrace.demo.planting import Chain, Mixed, Place, chains, plant
from mixtrace.demo.tracks import DEMO_GROUPS, synthesise_tracks

__all__ = [
    "DEMO_GROUPS",
    "DEMO_RATE_HZ",
    "Chain",
    "Comparison",
    "Facts",
    "Mixed",
    "Place",
    "chains",
    "compare",
    "demo_session",
    "plant",
    "plant_demo",
    "synthesise_tracks",
    "write_demo_song",
]
