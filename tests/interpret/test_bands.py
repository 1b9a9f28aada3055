"""Bands: analogue curves as the equalizer has them, and the fewest that say a curve."""

import math

import numpy as np
import pytest

from mixtrace.interpret.band_fit import fit_bands
from mixtrace.interpret.bands import BANDS, Band, shape_db
from mixtrace.interpret.direct import frequencies_hz
from mixtrace.interpret.nodes import equalizer_of, response_of

HZ = frequencies_hz(30_000.0)
WORTH = 4.0


def band(name: str, hz: float, *settings: float) -> Band:
    gain_and_q = settings[:1] if len(settings) < 2 else (settings[0], math.log(settings[1]))
    return Band(BANDS[name], np.array([math.log(hz), *gain_and_q]))


CHAINS = {
    "a bell": [band("bell", 400.0, -4.0, 1.4)],
    "a high-pass and a bell": [band("high-pass 6", 110.0), band("bell", 2000.0, 3.0, 1.0)],
    "a steep high-pass and a shelf": [band("high-pass 24", 80.0), band("high shelf", 6e3, 4.0)],
    "two bells": [band("bell", 200.0, 4.0, 1.8), band("bell", 450.0, -2.5, 1.8)],
    "a low-pass": [band("low-pass 12", 5000.0)],
}


@pytest.mark.parametrize("name", BANDS)
def test_a_band_is_what_the_equalizer_does(name: str):
    kind = BANDS[name]
    one = Band(kind, np.array([math.log(1000.0), 5.0, math.log(1.3)][: kind.settings]))
    taps = response_of(equalizer_of([one]), 96_000.0).double().numpy()
    turns = np.exp(-2j * np.pi * np.outer(HZ, np.arange(len(taps))) / 96_000.0)
    # The equalizer's own largest error against analogue curves (see `dsp.sections`).
    np.testing.assert_allclose(20 * np.log10(abs(turns @ taps)), shape_db([one], HZ), atol=0.5)


@pytest.mark.parametrize("planted", CHAINS.values(), ids=CHAINS)
def test_planted_bands_are_found_in_noise_and_no_others(planted: list[Band]):
    rng = np.random.default_rng(0)
    curve_db = -6.0 + shape_db(planted, HZ) + 0.1 * rng.standard_normal(len(HZ))
    found = fit_bands(HZ, curve_db, np.full(len(HZ), 0.3), WORTH)
    assert {b.kind.family for b in found.bands} == {b.kind.family for b in planted}
    assert len(found.bands) == len(planted)
    # Noise of .1 dB at 210 points, of which a band covers dozens: its settings are sure to 2 %.
    np.testing.assert_allclose(found.curve_db(HZ), -6.0 + shape_db(planted, HZ), atol=0.25)


def test_noise_asks_for_no_band():
    noise_db = 0.3 * np.random.default_rng(1).standard_normal(len(HZ))
    found = fit_bands(HZ, 3.0 + noise_db, np.full(len(HZ), 0.3), WORTH)
    assert found.bands == ()
    assert found.level_db == pytest.approx(3.0, abs=0.1)  # .3 dB over the root of 210 points


def test_what_is_not_sure_is_not_followed():
    curve_db = np.where(HZ > 5000.0, 15.0, 0.0)
    found = fit_bands(HZ, curve_db, np.where(HZ > 5000.0, 100.0, 0.3), WORTH)
    assert found.bands == ()
