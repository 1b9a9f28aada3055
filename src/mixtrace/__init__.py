"""mixtrace finds out how a mix was made: which processors sit where, with which settings.

>>> import mixtrace
>>> mixtrace.fit.__module__
'mixtrace.verbs.fitting'
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from mixtrace import runtime

if TYPE_CHECKING:
    from mixtrace.verbs import capture, compare, demo, evaluate, fit, render, report, show

__all__ = [
    "__version__",
    "capture",
    "compare",
    "demo",
    "evaluate",
    "fit",
    "render",
    "report",
    "show",
]

__version__ = "0.1.0"

runtime.tune()

_VERBS = frozenset(__all__) - {"__version__"}


class _Package(ModuleType):
    """The package: verbs are imported when first asked for, and are not hidden by rooms.

    `fit` and `render` are rooms too, and importing one would bind its name here to the module;
    `from mixtrace.fit import ...` needs no such binding.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _VERBS and isinstance(value, ModuleType)):
            super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        if name in _VERBS:
            from mixtrace import verbs

            return getattr(verbs, name)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")


sys.modules[__name__].__class__ = _Package
