"""From captured responses and gains to processors and settings that a person could have dialled."""

from mixtrace.interpret.song import Interpreted, interpret
from mixtrace.interpret.spectral import Spectral

__all__ = ["Interpreted", "Spectral", "interpret"]
