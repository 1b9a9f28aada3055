"""Processors of other packages arrive by entry points, or are left out with a word."""

import logging
import sys
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any

import pytest
import torch

from mixtrace.errors import GraphError
from mixtrace.params import Affine, ParamSpec
from mixtrace.processors import Heard, MatrixProcessor, NodeSettings, processor, registry
from mixtrace.processors.registry import ENTRY_POINTS, Registry


class Halver(MatrixProcessor):
    """As little as a processor of somebody else may say."""

    kind = "halver"
    letter = "h"
    label = "halver"
    family = "place"
    widens = False
    params = (
        ParamSpec(
            name="amount_db",
            unit="dB",
            low=-60.0,
            high=0.0,
            neutral=0.0,
            init=0.0,
            warp=Affine(1.0),
            shape=(),
            label="amount",
        ),
    )

    def matrix(self, values: Any) -> torch.Tensor:
        return torch.diag_embed((10.0 ** (values["amount_db"] / 20.0))[:, None].expand(-1, 2))


class Nameless(Halver):
    kind = "equalizer"


class Nowhere(Halver):
    family = "distortion"  # type: ignore[assignment]


class Silent(MatrixProcessor):
    kind, letter, label, params = "silent", "h", "silent", ()

    def matrix(self, values: Any) -> torch.Tensor:
        raise NotImplementedError


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch):
    """Return a function that gives the registry with a package that adds one thing."""

    def installed(added: Any) -> Registry:
        package = ModuleType("package")
        if added is not None:
            package.Toy = added  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "package", package)
        point = EntryPoint("toy", "package:Toy", ENTRY_POINTS)
        monkeypatch.setattr(registry, "entry_points", lambda group: [point])
        return Registry()

    return installed


def test_a_processor_of_an_installed_package_is_found(installed):
    assert list(installed(Halver))[-1] == "halver"


@pytest.mark.parametrize(
    ("loaded", "problem"),
    [
        (None, "it fails with"),
        (dict, "it is no mixtrace.processors.Processor"),
        (Silent, "it does not say its family, widens"),
        (Nowhere, "its family 'distortion' is none of tone, dynamics"),
        (Nameless, "there is a processor 'equalizer' already"),
    ],
)
def test_what_is_none_is_left_out_with_a_warning(
    installed, caplog: pytest.LogCaptureFixture, loaded: Any, problem: str
):
    with caplog.at_level(logging.WARNING, "mixtrace"):
        assert "halver" not in installed(loaded)
    assert problem in caplog.text and "package:Toy" in caplog.text


def test_who_says_little_is_told_by_names_and_numbers():
    node = NodeSettings("halver", {"amount_db": torch.tensor(-6.0)}, 0.5)
    assert Halver().describe(node) == "amount -6 dB, wet 50 %"
    assert Halver().say(node, Heard()).words == (
        "a processor mixtrace has no words for: amount -6 dB, wet 50 %",
    )
    assert [*Halver().dials(node)] == [("amount", "-6.0 dB")]
    assert Halver().picture(node, Heard()) is None


def test_an_unknown_kind_is_one_sentence():
    with pytest.raises(GraphError, match="install the package that adds this processor"):
        processor("halver")
