"""Which method the options of `fit` ask for."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mixtrace.errors import MixtraceError

if TYPE_CHECKING:
    from mixtrace.methods import Method

__all__ = ["Of", "method_of"]

Recipe = Literal["recovery", "console", "published"]


@dataclass(frozen=True)
class Of:
    """What only a search on a console has; None where it was not given.

    Attributes:
        preset: the console.
        policy: how it is pruned.
        tolerance: how much worse than the console the result may be.
    """

    preset: str | None
    policy: Literal["ordered", "hybrid", "brute-force", "dry-wet", "none"] | None
    tolerance: float | None

    @property
    def given(self) -> bool:
        """Whether any of it was given."""
        return (self.preset, self.policy, self.tolerance) != (None, None, None)


def method_of(recipe: Recipe | None, console: Of, steps: int | None, seed: int) -> "Method":
    """Return the method that options ask for.

    Raises:
        MixtraceError: options that do not belong together.
    """
    from mixtrace.prune import ConsoleSearch, SearchConfig
    from mixtrace.recovery import Recovery, RecoveryConfig

    if recipe == "recovery" and console.given:
        raise MixtraceError(
            "Expected no --preset, --policy, --tolerance or --no-prune with --recipe recovery, "
            "which has no console; got one of them. Leave it out, or pass --recipe console."
        )
    if recipe == "recovery" or (recipe is None and not console.given):
        return Recovery(RecoveryConfig(steps=steps, seed=seed))
    own = {"policy": console.policy, "tolerance": console.tolerance}
    config = SearchConfig(
        recipe=recipe or "console",
        preset=console.preset or ("paper" if recipe == "published" else "studio"),
        seed=seed,
        console_steps=steps,
        **{name: value for name, value in own.items() if value is not None},
    )
    return ConsoleSearch(config)
