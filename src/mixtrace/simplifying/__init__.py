"""From processors that only a search can turn to the dialable ones nearest to them."""

from mixtrace.simplifying.nearest import Nearest, Place
from mixtrace.simplifying.simplify import Simplified, simplified

__all__ = ["Nearest", "Place", "Simplified", "simplified"]
