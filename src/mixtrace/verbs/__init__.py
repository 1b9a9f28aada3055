"""What the command line offers, as functions."""

from mixtrace.verbs.fitting import Fit, fit
from mixtrace.verbs.looking import evaluate, show
from mixtrace.verbs.rendering import Rendering, render

__all__ = ["Fit", "Rendering", "evaluate", "fit", "render", "show"]
