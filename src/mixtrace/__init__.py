"""mixtrace finds out how a mix was made: which processors sit where, with which settings.

>>> import mixtrace
>>> mixtrace.fit.__module__
'mixtrace.verbs.fitting'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mixtrace import runtime

if TYPE_CHECKING:
    from mixtrace import corpus as corpus
    from mixtrace.verbs import (
        apply,
        capture,
        collect,
        collect_truths,
        compare,
        demo,
        diff,
        evaluate,
        evaluate_folders,
        export,
        fit,
        generate,
        index,
        listening_results,
        listening_test,
        refine,
        render,
        report,
        show,
        simplify,
        stats,
        train_inference,
        transfer,
    )

__all__ = [
    "__version__",
    "apply",
    "capture",
    "collect",
    "collect_truths",
    "compare",
    "demo",
    "diff",
    "evaluate",
    "evaluate_folders",
    "export",
    "fit",
    "generate",
    "index",
    "listening_results",
    "listening_test",
    "refine",
    "render",
    "report",
    "show",
    "simplify",
    "stats",
    "train_inference",
    "transfer",
]

__version__ = "0.1.0"

runtime.tune()


def __getattr__(name: str) -> Any:
    """Import a verb, or the data sets, when first asked for: what needs neither starts faster."""
    if name == "corpus":
        return import_module("mixtrace.corpus")
    if name in __all__:
        from mixtrace import verbs

        return getattr(verbs, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
