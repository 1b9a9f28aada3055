"""Which method the options of `fit` ask for."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mixtrace.errors import MixtraceError

if TYPE_CHECKING:
    from mixtrace.methods import Method

__all__ = ["Of", "check_no_search", "method_of"]

Recipe = Literal["recovery", "published"]


@dataclass(frozen=True)
class Of:
    """What only the published search has; None where it was not given.

    Attributes:
        preset: the console.
        policy: how it is pruned.
        tolerance: how much worse than the console the result may be.
    """

    preset: str | None
    policy: Literal["hybrid", "brute-force", "dry-wet", "none"] | None
    tolerance: float | None

    @property
    def given(self) -> bool:
        """Whether any of it was given."""
        return (self.preset, self.policy, self.tolerance) != (None, None, None)


def method_of(recipe: Recipe | None, published: Of, steps: int | None, seed: int) -> "Method":
    """Return the method that options ask for.

    Raises:
        MixtraceError: options that do not belong together.
    """
    from mixtrace.prune import PublishedSearch, SearchConfig
    from mixtrace.recovery import Recovery, RecoveryConfig

    if recipe == "recovery" and published.given:
        raise MixtraceError(
            "Expected no --preset, --policy, --tolerance or --no-prune with --recipe recovery, "
            "which prunes no console; got one of them. Leave it out, or pass --recipe published."
        )
    if recipe == "recovery" or (recipe is None and not published.given):
        return Recovery(RecoveryConfig(steps=steps, seed=seed))
    own = {name: value for name, value in vars(published).items() if value is not None}
    return PublishedSearch(SearchConfig(seed=seed, console_steps=steps, **own))


def check_no_search(*, searched: bool) -> None:
    """Refuse options of a search where the graphs are there already.

    Raises:
        MixtraceError: some were given.
    """
    if searched:
        raise MixtraceError(
            "Expected --truth alone or with --dataset, --shard, --retry or --mix-versions, for "
            "nothing is searched for or rendered; got an option of a search or of its workers. "
            "Leave that out."
        )
