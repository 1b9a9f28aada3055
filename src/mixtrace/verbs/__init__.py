"""What the command line offers, as functions."""

from mixtrace.verbs.demonstrating import Demo, demo
from mixtrace.verbs.fitting import Fit, fit
from mixtrace.verbs.looking import evaluate, show
from mixtrace.verbs.rendering import Rendering, render

__all__ = ["Demo", "Fit", "Rendering", "demo", "evaluate", "fit", "render", "show"]
