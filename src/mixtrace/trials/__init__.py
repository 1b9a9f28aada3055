"""What a graph scores as it is, and with some of its processors removed."""

from mixtrace.trials.looks import CONVENTIONS, Look, look_at
from mixtrace.trials.trials import Trials

__all__ = ["CONVENTIONS", "Look", "Trials", "look_at"]
