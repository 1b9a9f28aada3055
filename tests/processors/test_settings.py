"""Settings of a whole graph, and what they refuse."""

import math

import pytest
import torch

from mixtrace.errors import GraphError
from mixtrace.processors import PROCESSORS, Settings, processor


def test_an_unknown_kind_is_named():
    assert processor("reverb") is PROCESSORS["reverb"]
    with pytest.raises(GraphError, match="'flanger'"):
        processor("flanger")


def settings() -> Settings:
    return Settings(
        {"gain_panning": {"gain_db": torch.arange(6.0).view(3, 2)}},
        {"gain_panning": torch.tensor([0.0, 0.5, 1.0])},
    )


def test_settings_give_and_keep_rows():
    values, wet = settings().rows("gain_panning", [2, 0])
    assert values["gain_db"].tolist() == [[4.0, 5.0], [0.0, 1.0]]
    assert wet.tolist() == [1.0, 0.0]
    kept = settings().keep({"gain_panning": [1]})
    assert kept.values["gain_panning"]["gain_db"].tolist() == [[2.0, 3.0]]
    assert settings().keep({"gain_panning": []}).values == {}
    doubled = settings().map(lambda tensor: 2.0 * tensor)
    assert doubled.wet["gain_panning"].tolist() == [0.0, 1.0, 2.0]
    assert doubled.values["gain_panning"]["gain_db"][2, 1] == 10.0


def test_settings_that_fit_pass_the_check():
    settings().check({"gain_panning": 3})
    settings().map(torch.Tensor.double).check({"gain_panning": 3})


@pytest.mark.parametrize(
    ("value", "wet", "message"),
    [
        (None, torch.ones(2), "gain_db of gain_panning with shape .2, 2.; got nothing"),
        (torch.zeros(3, 2), torch.ones(2), "got shape .3, 2."),
        (torch.full((2, 2), math.nan), torch.ones(2), "finite numbers in gain_db"),
        (torch.full((2, 2), math.inf), torch.ones(2), "finite numbers in gain_db"),
        (torch.full((2, 2), 40.01), torch.ones(2), "gain_db of gain_panning within its range"),
        (torch.zeros(2, 2), torch.ones(3), "wet of gain_panning with shape"),
        (torch.zeros(2, 2), torch.tensor([0.5, 1.1]), "got 1.1, the nearest allowed is 1"),
        (torch.zeros(2, 2), torch.tensor([-0.1, 0.5]), "wet of gain_panning within its range"),
    ],
)
def test_settings_that_do_not_fit_are_named(value, wet, message):
    named = {} if value is None else {"gain_db": value}
    bad = Settings({"gain_panning": named}, {"gain_panning": wet})
    with pytest.raises(GraphError, match=message):
        bad.check({"gain_panning": 2})


def test_a_missing_kind_is_named():
    with pytest.raises(GraphError, match="magnitude_db of equalizer"):
        settings().check({"gain_panning": 3, "equalizer": 1})
