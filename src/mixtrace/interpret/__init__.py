"""From captured responses and gains to processors and settings that a person could have dialled."""

from mixtrace.interpret.assemble import Desk, TrackStrip
from mixtrace.interpret.nodes import node_of
from mixtrace.interpret.song import Interpreted, interpret, interpret_spectra
from mixtrace.interpret.spectral import Spectral
from mixtrace.interpret.tidy import tidied

__all__ = [
    "Desk",
    "Interpreted",
    "Spectral",
    "TrackStrip",
    "interpret",
    "interpret_spectra",
    "node_of",
    "tidied",
]
