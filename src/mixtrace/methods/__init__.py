"""Ways to invert a mix, all behind one interface, and one of them run from several seeds."""

from mixtrace.methods.base import Inversion, Method, Repeatable, Selective, Work, why_not
from mixtrace.methods.repeated import Repeated, repeated

__all__ = [
    "Inversion",
    "Method",
    "Repeatable",
    "Repeated",
    "Selective",
    "Work",
    "repeated",
    "why_not",
]
