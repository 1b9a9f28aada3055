"""Every engine by its name."""

from collections.abc import Mapping

from mixtrace.errors import MixtraceError
from mixtrace.refining.engine import PedalboardEngine
from mixtrace.refining.lv2_engine import Lv2Engine

__all__ = ["ENGINES", "engine_named"]

ENGINES: Mapping[str, type[PedalboardEngine]] = {
    "pedalboard": PedalboardEngine,
    "lv2": Lv2Engine,
}
"""Every engine by its name."""


def engine_named(name: str) -> type[PedalboardEngine]:
    """Return the engine of a name.

    Raises:
        MixtraceError: there is none.
    """
    if name not in ENGINES:
        raise MixtraceError(
            f"Expected an engine among {', '.join(ENGINES)}; got '{name}'. Choose one of them."
        )
    return ENGINES[name]
