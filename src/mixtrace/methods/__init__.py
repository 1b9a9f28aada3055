"""Ways to invert a mix, all behind one interface."""

from mixtrace.methods.base import Inversion, Method, Work

__all__ = ["Inversion", "Method", "Work"]
