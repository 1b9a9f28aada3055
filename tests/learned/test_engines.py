"""Engines of other makers: they take our dials, and are asked for by name."""

import builtins
from typing import Any

import numpy as np
import pytest
import torch
from learned_song import RATE_HZ, plucks

from mixtrace.errors import MixtraceError
from mixtrace.learned import DIALS, ENGINES, START, Engine, OwnEngine, engine_of

NEUTRAL = dict(ratio=-1.0, wet=-1.0)
"""Numbers at which nothing but gain and pan is left: 1:1, and no reverb."""


def numbers(**chosen: float) -> torch.Tensor:
    found = torch.tensor([START])
    for k, dial in enumerate(DIALS):
        found[0, k] = {**NEUTRAL, **chosen}.get(dial.name, START[k])
    return found


@pytest.fixture(scope="module")
def pedals() -> Engine:
    pytest.importorskip("pedalboard", reason="the extra 'oracle' is not installed")
    return engine_of("pedalboard")


def test_every_name_gives_an_engine(pedals: Engine) -> None:
    assert all(isinstance(engine_of(name), Engine) for name in ENGINES)
    with pytest.raises(MixtraceError, match="got 'tape'"):
        engine_of("tape")


def test_both_have_the_same_gain_and_pan(pedals: Engine) -> None:
    audio = [torch.from_numpy(plucks(0))]
    turned = numbers(gain_db=-0.25, pan=0.6)
    ours, theirs = (e.mix(turned, audio, RATE_HZ).numpy() for e in (OwnEngine(), pedals))
    # Filters that are flat and a compressor of 1:1 round a little.
    np.testing.assert_allclose(theirs, ours, atol=1e-4)


@pytest.mark.parametrize(
    ("tone", "share"), [("low_shelf_db", 0.01), ("bell_db", 0.01), ("high_shelf_db", 0.05)]
)
def test_both_have_the_same_equalizer(pedals: Engine, tone: str, share: float) -> None:
    audio = [torch.from_numpy(plucks(0))]
    turned = numbers(**{tone: 0.8})
    ours, theirs = (e.mix(turned, audio, RATE_HZ) for e in (OwnEngine(), pedals))
    flat = OwnEngine().mix(numbers(), audio, RATE_HZ)
    # Both follow the same analogue curves; towards half the rate JUCE's are narrower, which is
    # heard of the high shelf alone. Without the band far more than that is missing.
    assert float((theirs - ours).norm()) < share * float(ours.norm())
    assert float((flat - ours).norm()) > 4.0 * share * float(ours.norm())


def test_the_other_compressor_and_reverb_are_heard(pedals: Engine) -> None:
    audio = [torch.from_numpy(plucks(0))]
    plain = pedals.mix(numbers(), audio, RATE_HZ)
    for turned in (numbers(threshold_db=-0.6, ratio=0.8), numbers(wet=0.6)):
        assert float((pedals.mix(turned, audio, RATE_HZ) - plain).norm()) > 0.1 * float(
            plain.norm()
        )
    ringing = pedals.mix(numbers(wet=0.6), audio, RATE_HZ)
    assert ringing.shape == (2, audio[0].shape[1]) and bool(torch.isfinite(ringing).all())


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name == "pedalboard":
            raise ImportError(name)
        return usual(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MixtraceError, match="Expected the package pedalboard") as refused:
        engine_of("pedalboard")
    assert "mixtrace[oracle]" in str(refused.value)
