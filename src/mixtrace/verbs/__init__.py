"""What the command line offers, as functions."""

from mixtrace.verbs.capturing import Captured, capture
from mixtrace.verbs.demonstrating import Demo, demo
from mixtrace.verbs.exporting import Exported, export
from mixtrace.verbs.fitting import Fit, fit
from mixtrace.verbs.inverting import Found, invert
from mixtrace.verbs.looking import evaluate, show
from mixtrace.verbs.rendering import Rendering, render
from mixtrace.verbs.reporting import compare, report
from mixtrace.verbs.results import Rendered, measure_result, publish_result, store_result
from mixtrace.verbs.simplifying import Simple, simplify

__all__ = [
    "Captured",
    "Demo",
    "Exported",
    "Fit",
    "Found",
    "Rendered",
    "Rendering",
    "Simple",
    "capture",
    "compare",
    "demo",
    "evaluate",
    "export",
    "fit",
    "invert",
    "measure_result",
    "publish_result",
    "render",
    "report",
    "show",
    "simplify",
    "store_result",
]
