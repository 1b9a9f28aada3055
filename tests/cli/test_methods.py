"""Which method the options of `fit` ask for."""

from typing import Any

import pytest

from mixtrace.cli.methods import Of, method_of
from mixtrace.errors import MixtraceError
from mixtrace.prune import PublishedSearch, SearchConfig
from mixtrace.recovery import Recovery, RecoveryConfig

NOTHING = Of(None, None, None)
OF_CONSOLES: list[dict[str, Any]] = [
    {"preset": "paper"},
    {"policy": "dry-wet"},
    {"policy": "none"},
    {"tolerance": 0.02},
]


@pytest.mark.parametrize("recipe", [None, "recovery"])
def test_recovery_is_the_default(recipe: Any):
    expected = Recovery(RecoveryConfig(steps=7, seed=3))
    assert method_of(recipe, NOTHING, 7, 3) == expected


@pytest.mark.parametrize("given", OF_CONSOLES, ids=str)
@pytest.mark.parametrize("recipe", [None, "published"])
def test_what_only_the_published_search_has_asks_for_it(recipe: Any, given: dict[str, Any]):
    options = Of(**{"preset": None, "policy": None, "tolerance": None} | given)
    expected = PublishedSearch(SearchConfig(console_steps=7, seed=3, **given))
    assert method_of(recipe, options, 7, 3) == expected


def test_the_published_search_has_its_own_defaults():
    method = method_of("published", NOTHING, None, 0)
    assert isinstance(method, PublishedSearch)
    assert (method.config.preset, method.config.policy) == ("paper", "hybrid")
    assert method.choices()["recipe"] == "published"


@pytest.mark.parametrize("given", OF_CONSOLES, ids=str)
def test_with_a_recovery_it_is_refused(given: dict[str, Any]):
    options = Of(**{"preset": None, "policy": None, "tolerance": None} | given)
    with pytest.raises(MixtraceError, match="or pass --recipe published"):
        method_of("recovery", options, None, 0)
