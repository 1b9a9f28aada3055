"""The families of processors, and what they are called."""

from mixtrace.processors.base import Family

__all__ = ["FAMILIES"]

FAMILIES: dict[Family, str] = {
    "tone": "tone",
    "dynamics": "dynamics",
    "colour": "distortion",
    "place": "level and width",
    "space": "delay and reverb",
    "ride": "automation",
}
"""Family -> its name in words, in the order in which a strip is told."""
