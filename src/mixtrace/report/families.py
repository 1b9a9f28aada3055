"""The families of processors that pictures give a colour, and short names for little room."""

from typing import NamedTuple

from mixtrace.processors import processor

__all__ = ["FAMILIES", "Look", "look"]

FAMILIES = {
    "tone": "tone",
    "dynamics": "dynamics",
    "place": "level and width",
    "space": "delay and reverb",
    "ride": "automation",
}
"""Class in the style sheet, and what it is called."""


class Look(NamedTuple):
    """How a type of processor is drawn: its short name and its family."""

    short: str
    family: str


_LOOKS = {
    "equalizer": Look("EQ", "tone"),
    "compressor": Look("Comp", "dynamics"),
    "noise_gate": Look("Gate", "dynamics"),
    "stereo_imager": Look("Wide", "place"),
    "gain_panning": Look("Pan", "place"),
    "multitap_delay": Look("Delay", "space"),
    "reverb": Look("Rev", "space"),
    "gain_automation": Look("Auto", "ride"),
}


def look(kind: str) -> Look:
    """Return how a type is drawn; one without an entry by the letter it bears in the graph.

    >>> look("reverb")
    Look(short='Rev', family='space')
    """
    return _LOOKS.get(kind) or Look(processor(kind).letter.upper(), "tone")
