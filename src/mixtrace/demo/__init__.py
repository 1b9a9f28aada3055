"""The embedded demo song: dry tracks made by code, so that anyone can try the tool at once."""

from mixtrace.demo.tracks import DEMO_GROUPS, synthesise_tracks

__all__ = ["DEMO_GROUPS", "synthesise_tracks"]
