"""What a target cannot say is played as it was rendered."""

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

from mixtrace.exporting.freezing import frozen


@pytest.fixture(scope="module")
def exports(benchmark_module: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark_module("exports")


def test_a_frozen_processor_is_heard_as_before_and_its_track_is_kept(exports: ModuleType):
    project = exports.desk(22_050)
    (saturation,) = project.graph.of_kind("saturation")
    smaller = frozen(project, [saturation], lambda *step: None)
    assert smaller.graph.nodes[saturation].kind == "input"
    assert not smaller.graph.of_kind("saturation")
    assert smaller.unused_names == ("BASS", "声/низ:")
    # Rendered in single precision either way; blocks of other processors are the same.
    assert np.abs(exports.rendered(smaller) - exports.rendered(project)).max() < 1e-5


def test_nothing_to_freeze_is_the_same_project(exports: ModuleType):
    project = exports.desk(22_050)
    assert frozen(project, [], lambda *step: None) is project
