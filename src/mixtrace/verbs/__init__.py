"""What the command line offers, as functions."""

from mixtrace.verbs.capturing import Captured, capture
from mixtrace.verbs.demonstrating import Demo, demo
from mixtrace.verbs.fitting import Fit, fit
from mixtrace.verbs.looking import evaluate, show
from mixtrace.verbs.rendering import Rendering, render
from mixtrace.verbs.reporting import compare, report

__all__ = [
    "Captured",
    "Demo",
    "Fit",
    "Rendering",
    "capture",
    "compare",
    "demo",
    "evaluate",
    "fit",
    "render",
    "report",
    "show",
]
