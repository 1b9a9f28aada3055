"""How the FDN reverb and the compressor-expander are told, and the curve of the latter."""

import numpy as np
import pytest
import torch

from mixtrace.processors import PROCESSORS, DynamicsProcessor, Heard, NodeSettings


def node(kind: str, wet: float, **changed: float) -> NodeSettings:
    """Return a node where our search starts, some dials turned."""
    values = {}
    for spec in PROCESSORS[kind].params:
        start = torch.tensor(changed.get(spec.name, spec.start), dtype=torch.float32)
        values[spec.name] = start.expand(spec.shape).clone()
    return NodeSettings(kind, values, wet)


def test_a_reverb_is_told_by_its_decay():
    entry, reverb = PROCESSORS["fdn_reverb"], node("fdn_reverb", 1.0, rt60_s=2.0)
    assert entry.say(reverb, Heard()).words == ("2.0 s reverb",)
    assert entry.describe(reverb) == "RT60 2.0 s/2.0 s/2.0 s/2.0 s, level 0.0 dB, wet 100 %"
    assert dict(entry.dials(reverb))["RT60 1 kHz"] == "2.0 s"
    picture = entry.picture(reverb, Heard())
    assert picture is not None
    np.testing.assert_allclose(picture.panels[0].traces[0].y, 2.0, rtol=1e-6)


def test_between_its_frequencies_the_inverse_of_a_decay_is_straight():
    reverb = node("fdn_reverb", 1.0)
    reverb.values["rt60_s"][:] = 2.0
    reverb.values["rt60_s"][0] = 1.0  # at 0 Hz; the next is at 459.4 Hz
    expected = 1.0 / (1.0 + (0.5 - 1.0) * 250.0 / 459.375)
    (first, *_) = [float(value.split()[0]) for _, value in PROCESSORS["fdn_reverb"].dials(reverb)]
    assert first == pytest.approx(expected, abs=0.05)  # told to a tenth of a second


def test_a_compressor_expander_is_told_as_on_a_plug_in():
    entry, both = PROCESSORS["compressor_expander"], node("compressor_expander", 1.0)
    assert entry.describe(both) == (
        "2:1 above -18 dB, 1:2 below -48 dB, attack 50 ms, release 50 ms, averaging 0.064 ms, "
        "look-ahead 1 ms, wet 100 %"
    )
    said = entry.say(both, Heard()).words
    assert said == ("compression at 2:1 above -18 dB", "expansion at 1:2 below -48 dB")


def test_its_curve_bends_at_both_thresholds():
    entry = PROCESSORS["compressor_expander"]
    assert isinstance(entry, DynamicsProcessor)
    gain_db = entry.static_gain_db(
        node("compressor_expander", 1.0), np.array([-8.0, -18.0, -30.0, -48.0, -58.0])
    )
    np.testing.assert_allclose(gain_db, [-5.0, 0.0, 0.0, 0.0, -10.0], atol=1e-6)
