"""From captured responses and gains to processors and settings that a person could have dialled."""

from mixtrace.interpret.assemble import Desk, TrackStrip
from mixtrace.interpret.dynamics import loud_db, usual
from mixtrace.interpret.nodes import node_of
from mixtrace.interpret.song import Interpreted, interpret, interpret_spectra
from mixtrace.interpret.spectral import Spectral
from mixtrace.interpret.tidy import Missed, fader_behind, louder, tidied

__all__ = [
    "Desk",
    "Interpreted",
    "Missed",
    "Spectral",
    "TrackStrip",
    "fader_behind",
    "interpret",
    "interpret_spectra",
    "loud_db",
    "louder",
    "node_of",
    "tidied",
    "usual",
]
