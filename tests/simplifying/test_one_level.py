"""One-pole dynamics as ones with attack and release."""

import numpy as np
import pytest
from music_like import RATE_HZ, beats

from mixtrace.interpret import node_of
from mixtrace.simplifying.nearest import Place, processed
from mixtrace.simplifying.one_level import nearest_dynamics


def energies_db(audio: np.ndarray) -> np.ndarray:
    """Return the level of every 10 ms."""
    frames = audio[:, : audio.shape[1] // 300 * 300].reshape(2, -1, 300)
    return 10.0 * np.log10((frames.astype(float) ** 2).mean((0, 2)) + 1e-12)


@pytest.mark.parametrize("wet", [1.0, 0.5])
@pytest.mark.parametrize("time_ms", [5.0, 30.0, 200.0])
def test_a_compressor_within_1_db(time_ms: float, wet: float):
    settings = {"threshold_db": -30.0, "slope": -0.6, "knee_db": 6.0, "time_ms": time_ms}
    node = node_of("one_pole_compressor", wet, **settings)
    sound = beats()
    found = nearest_dynamics(Place(node, sound, RATE_HZ))
    (dialled,) = found.chain
    assert dialled.kind == "compressor" and found.near
    before, old, new = (
        energies_db(audio.numpy())
        for audio in (sound, processed(node, sound, RATE_HZ), processed(dialled, sound, RATE_HZ))
    )
    heard = before > before.max() - 40.0
    assert np.ptp((old - before)[heard]) > 2.0  # it does something
    assert np.sqrt(np.mean((old - new)[heard] ** 2)) < 1.0


def test_a_gate_within_1_db():
    settings = {"threshold_db": -35.0, "slope": -1.0, "knee_db": 6.0, "time_ms": 10.0}
    found = nearest_dynamics(Place(node_of("one_pole_gate", **settings), beats(), RATE_HZ))
    (dialled,) = found.chain
    assert dialled.kind == "gate" and found.near
    assert -14.0 < dialled.number("range_db") < -5.0  # it takes 10 dB between beats


def test_one_that_no_sound_reaches_has_nothing_in_its_place():
    node = node_of("one_pole_compressor", threshold_db=20.0, slope=-0.5, knee_db=1.0, time_ms=5.0)
    found = nearest_dynamics(Place(node, beats(1.0), RATE_HZ))
    assert found.chain == () and found.near


def test_an_expander_that_no_gate_is_stays():
    settings = {"threshold_db": -15.0, "slope": -3.0, "knee_db": 1.0, "time_ms": 0.05}
    found = nearest_dynamics(Place(node_of("one_pole_gate", **settings), beats(), RATE_HZ))
    assert not found.near
