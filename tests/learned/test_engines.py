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


OTHERS = {"pedalboard": "oracle", "dawdreamer": "dawdreamer"}
"""Packages, and the extras that bring them."""


@pytest.fixture(scope="module", params=OTHERS)
def theirs(request: pytest.FixtureRequest) -> Engine:
    pytest.importorskip(request.param, reason=f"{request.param} is not installed")
    return engine_of(request.param)


def test_an_engine_is_asked_for_by_name(theirs: Engine) -> None:
    assert set(ENGINES) == {"mixtrace", *OTHERS}
    assert isinstance(theirs, Engine) and isinstance(engine_of("mixtrace"), OwnEngine)
    with pytest.raises(MixtraceError, match="got 'tape'"):
        engine_of("tape")


def test_both_have_the_same_gain_and_pan(theirs: Engine) -> None:
    audio = [torch.from_numpy(plucks(0))]
    turned = numbers(gain_db=-0.25, pan=0.6)
    ours, other = (e.mix(turned, audio, RATE_HZ).numpy() for e in (OwnEngine(), theirs))
    # Filters that are flat and a compressor of 1:1 round a little.
    np.testing.assert_allclose(other, ours, atol=1e-4)


@pytest.mark.parametrize(
    ("tone", "share"), [("low_shelf_db", 0.01), ("bell_db", 0.01), ("high_shelf_db", 0.05)]
)
def test_both_have_the_same_equalizer(theirs: Engine, tone: str, share: float) -> None:
    audio = [torch.from_numpy(plucks(0))]
    turned = numbers(**{tone: 0.8})
    ours, other = (e.mix(turned, audio, RATE_HZ) for e in (OwnEngine(), theirs))
    flat = OwnEngine().mix(numbers(), audio, RATE_HZ)
    # Both follow the same analogue curves; towards half the rate theirs are narrower, which is
    # heard of the high shelf alone. Without the band far more than that is missing.
    assert float((other - ours).norm()) < share * float(ours.norm())
    assert float((flat - ours).norm()) > 4.0 * share * float(ours.norm())


def test_the_other_compressor_and_reverb_are_heard(theirs: Engine) -> None:
    audio = [torch.from_numpy(plucks(0))]
    plain = theirs.mix(numbers(), audio, RATE_HZ)
    changed = {
        "compressed": numbers(threshold_db=-0.6, ratio=0.8),
        "ringing": numbers(wet=0.6),
        "ringing for longer": numbers(wet=0.6, decay_s=0.9),
        "ringing darker": numbers(wet=0.6, damping=0.9),
    }
    mixes = [plain, *(theirs.mix(turned, audio, RATE_HZ) for turned in changed.values())]
    for k, first in enumerate(mixes):
        assert first.shape == plain.shape and bool(torch.isfinite(first).all())
        for second in mixes[:k]:
            # A dial that did nothing would give equal mixes.
            assert float((first - second).norm()) > 0.01 * float(plain.norm())


def test_a_mix_does_not_depend_on_the_one_before(theirs: Engine) -> None:
    audio, silence = torch.from_numpy(plucks(0)), torch.zeros((2, 3 * RATE_HZ))
    ringing = torch.cat([numbers(wet=0.6), numbers(wet=0.6)])
    first = theirs.mix(ringing, [audio, silence], RATE_HZ)
    assert torch.equal(theirs.mix(ringing, [audio, silence], RATE_HZ), first)
    alone = theirs.mix(numbers(wet=0.6), [audio], RATE_HZ)
    # Freeverbs keep numbers from vanishing by a constant far below -100 dB.
    assert float((first - alone).abs().max()) < 1e-5


@pytest.mark.parametrize("package", OTHERS)
def test_a_package_that_is_missing_is_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name == package:
            raise ImportError(name)
        return usual(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MixtraceError, match=f"Expected the package {package}") as refused:
        engine_of(package)
    assert f"mixtrace[{OTHERS[package]}]" in str(refused.value)
