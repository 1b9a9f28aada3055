"""The embedded demo song: dry tracks made by code and their mix, to try the tool at once."""

from mixtrace.examples.compare import PlantedAndFound, compare
from mixtrace.examples.listen import Facts
from mixtrace.examples.mix import DEMO_RATE_HZ, demo_session, plant_demo, write_demo_song
from mixtrace.examples.planting import Chain, Mixed, Place, chains, plant
from mixtrace.examples.tracks import DEMO_GROUPS, synthesise_tracks

__all__ = [
    "DEMO_GROUPS",
    "DEMO_RATE_HZ",
    "Chain",
    "Facts",
    "Mixed",
    "Place",
    "PlantedAndFound",
    "chains",
    "compare",
    "demo_session",
    "plant",
    "plant_demo",
    "synthesise_tracks",
    "write_demo_song",
]
