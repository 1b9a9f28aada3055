"""From captured responses and gains to processors and settings that a person could have dialled."""

from mixtrace.interpret.song import Interpreted, interpret

__all__ = ["Interpreted", "interpret"]
