"""What the command line offers, as functions."""

from mixtrace.verbs.capturing import Captured, capture
from mixtrace.verbs.collecting import Collected, Limits, Shard, collect
from mixtrace.verbs.demonstrating import Demo, demo
from mixtrace.verbs.exporting import Exported, export
from mixtrace.verbs.fitting import Fit, fit
from mixtrace.verbs.generating import Generated, generate
from mixtrace.verbs.inverting import Found, invert
from mixtrace.verbs.looking import evaluate, show
from mixtrace.verbs.rendering import Rendering, render
from mixtrace.verbs.reporting import compare, report
from mixtrace.verbs.results import Rendered, measure_result, publish_result, store_result

__all__ = [
    "Captured",
    "Collected",
    "Demo",
    "Exported",
    "Fit",
    "Found",
    "Generated",
    "Limits",
    "Rendered",
    "Rendering",
    "Shard",
    "capture",
    "collect",
    "compare",
    "demo",
    "evaluate",
    "export",
    "fit",
    "generate",
    "invert",
    "measure_result",
    "publish_result",
    "render",
    "report",
    "show",
    "store_result",
]
