"""The penalty against its closed form, and what it prefers."""

import math

import pytest
import torch

from mixtrace.descent.parsimony import parsimony
from mixtrace.processors import Settings

NOWHERE = torch.zeros(0, 1024)


def gains(*rows: tuple[float, float], wet: float = 1.0) -> Settings:
    values = {"gain_panning": {"gain_db": torch.tensor(rows)}}
    nodes = {"gain_panning": range(len(rows))}
    return Settings.by_kind(nodes, values, {"gain_panning": torch.full((len(rows),), wet)})


def test_the_closed_form() -> None:
    rms_db = math.sqrt((6.0**2 + 2.0**2) / 2.0)
    # The rounding of the square root at zero adds less than a millionth here.
    assert float(parsimony(gains((6.0, -2.0)), NOWHERE)) == pytest.approx(
        math.log(1.0 + rms_db), rel=1e-5
    )


def test_the_weight_counts() -> None:
    half_db = 20.0 * math.log10(0.5 + 0.5 * 10.0 ** (12.0 / 20.0))
    expected = math.log(1.0 + half_db)
    assert float(parsimony(gains((12.0, 12.0), wet=0.5), NOWHERE)) == pytest.approx(
        expected, rel=1e-5
    )


def test_one_large_effect_costs_less_than_two_halves() -> None:
    one, two = gains((6.0, 6.0), (0.0, 0.0)), gains((3.0, 3.0), (3.0, 3.0))
    assert float(parsimony(one, NOWHERE)) < float(parsimony(two, NOWHERE))


def test_the_gradient_is_finite_at_neutral_and_at_the_end_of_the_range() -> None:
    settings = gains((0.0, 0.0), (-80.0, -80.0))
    value = settings.stack("gain_panning").values["gain_db"].requires_grad_()
    settings.stack("gain_panning").wet.requires_grad_()
    parsimony(settings, NOWHERE).backward()
    assert value.grad is not None and torch.isfinite(value.grad).all()


def test_kinds_whose_effect_is_more_than_gains_cost_nothing() -> None:
    settings = Settings.by_kind(
        {"noise_reverb": range(3)}, {"noise_reverb": {}}, {"noise_reverb": torch.ones(3)}
    )
    assert float(parsimony(settings, NOWHERE)) == 0.0


def test_a_curve_counts_where_it_is_heard() -> None:
    curve_db = torch.zeros(1, 1024)
    curve_db[0, :100], curve_db[0, 100:] = -6.0, 30.0
    settings = Settings.by_kind(
        {"equalizer": [0]}, {"equalizer": {"magnitude_db": curve_db}}, {"equalizer": torch.ones(1)}
    )
    heard = (torch.arange(1024) < 100).float()[None]
    assert float(parsimony(settings, heard)) == pytest.approx(math.log(7.0), rel=1e-5)
    assert math.isfinite(float(parsimony(settings, torch.zeros(1, 1024))))
