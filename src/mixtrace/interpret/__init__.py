"""From captured responses and gains to processors and settings that a person could have dialled."""

from mixtrace.interpret.song import Interpreted, interpret
from mixtrace.interpret.spectral import Spectral
from mixtrace.interpret.tidy import tidied

__all__ = ["Interpreted", "Spectral", "interpret", "tidied"]
