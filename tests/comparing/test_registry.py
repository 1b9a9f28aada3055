"""Methods of other packages arrive by entry points, or are left out with a word."""

import logging
import sys
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any

import pytest

from mixtrace.baselines import Sum
from mixtrace.comparing import METHODS, method_named, registry, usual_methods
from mixtrace.comparing.registry import ENTRY_POINTS, Registry
from mixtrace.errors import MixtraceError
from mixtrace.methods import Method
from mixtrace.recovery import Recovery


def installed(monkeypatch: pytest.MonkeyPatch, name: str, added: Any) -> Registry:
    """Return the registry with a package that adds one thing under a name."""
    package = ModuleType("package")
    package.Toy = added  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "package", package)
    point = EntryPoint(name, "package:Toy", ENTRY_POINTS)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    return Registry()


class Toy(Sum):
    """A method of somebody else."""


def fails() -> Method:
    raise RuntimeError("no licence")


def test_ours_are_there():
    assert {"sum", "equal-loudness", "random", "published", "mixtrace"} <= set(METHODS)
    assert method_named("mixtrace") == Recovery()
    assert all(isinstance(method_named(name), Method) for name in METHODS)
    assert "published" not in usual_methods() and "mixtrace" in usual_methods()


def test_a_name_that_is_none_is_told_with_those_that_are():
    with pytest.raises(MixtraceError, match=r"among sum, equal-loudness, .*; got 'sums'"):
        method_named("sums")


def test_a_method_of_a_package_is_added(monkeypatch: pytest.MonkeyPatch):
    methods = installed(monkeypatch, "toy-2", Toy)
    assert isinstance(methods["toy-2"](), Toy)
    assert list(methods)[-1] == "toy-2"


@pytest.mark.parametrize(
    ("name", "added", "why"),
    [
        ("toy", fails, "it fails with RuntimeError"),
        ("toy", dict, "it is no mixtrace.methods.Method"),
        ("../toy", Toy, "its name is not of small letters"),
        (".state", Toy, "its name is not of small letters"),
        ("sum", Toy, "there is a method 'sum' already"),
    ],
)
def test_what_is_no_method_is_left_out_with_a_warning(
    name: str,
    added: Any,
    why: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    with caplog.at_level(logging.WARNING, "mixtrace"):
        methods = installed(monkeypatch, name, added)
        assert methods["sum"] is Sum and len(methods) == len(registry._OWN)
    assert why in caplog.text
