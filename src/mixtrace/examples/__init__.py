"""The embedded demo song: dry tracks made by code and their mix, to try the tool at once."""

from mixtrace.examples.compare import Mixed, PlantedAndFound, compare
from mixtrace.examples.mix import DEMO_RATE_HZ, demo_session, plant_demo, write_demo_song
from mixtrace.examples.tracks import DEMO_GROUPS, synthesise_tracks

__all__ = [
    "DEMO_GROUPS",
    "DEMO_RATE_HZ",
    "Mixed",
    "PlantedAndFound",
    "compare",
    "demo_session",
    "plant_demo",
    "synthesise_tracks",
    "write_demo_song",
]
