"""What the command line offers, as functions."""

from mixtrace.verbs.applying import Applied, apply
from mixtrace.verbs.benchmarking import Benchmark, benchmark
from mixtrace.verbs.capturing import Captured, capture
from mixtrace.verbs.collecting import Limits, collect
from mixtrace.verbs.collection_run import Collected, Shard
from mixtrace.verbs.comparing_methods import ComparedMethods, compare_methods
from mixtrace.verbs.demonstrating import Demo, demo
from mixtrace.verbs.differing import diff
from mixtrace.verbs.evaluating import Evaluated, evaluate, evaluate_folders
from mixtrace.verbs.exporting import Exported, export
from mixtrace.verbs.fitting import Fit, fit
from mixtrace.verbs.generating import Generated, generate
from mixtrace.verbs.indexing import Index, IndexedSong, Split, index
from mixtrace.verbs.inverting import Found, invert
from mixtrace.verbs.learning import Learnt, train_inference
from mixtrace.verbs.listening import ListeningTest, listening_results, listening_test
from mixtrace.verbs.looking import show
from mixtrace.verbs.refining import Turned, refine
from mixtrace.verbs.rendering import Rendering, render
from mixtrace.verbs.reporting import compare, report
from mixtrace.verbs.results import Rendered, measure_result, publish_result, store_result
from mixtrace.verbs.simplifying import Simple, simplify
from mixtrace.verbs.surveying import Stats, stats
from mixtrace.verbs.transferring import Transfer, transfer
from mixtrace.verbs.truths import collect_truths

__all__ = [
    "Applied",
    "Benchmark",
    "Captured",
    "Collected",
    "ComparedMethods",
    "Demo",
    "Evaluated",
    "Exported",
    "Fit",
    "Found",
    "Generated",
    "Index",
    "IndexedSong",
    "Learnt",
    "Limits",
    "ListeningTest",
    "Rendered",
    "Rendering",
    "Shard",
    "Simple",
    "Split",
    "Stats",
    "Transfer",
    "Turned",
    "apply",
    "benchmark",
    "capture",
    "collect",
    "collect_truths",
    "compare",
    "compare_methods",
    "demo",
    "diff",
    "evaluate",
    "evaluate_folders",
    "export",
    "fit",
    "generate",
    "index",
    "invert",
    "listening_results",
    "listening_test",
    "measure_result",
    "publish_result",
    "refine",
    "render",
    "report",
    "show",
    "simplify",
    "stats",
    "store_result",
    "train_inference",
    "transfer",
]
