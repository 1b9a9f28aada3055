"""The JSFX that we write, run from their text, against our own processors."""

import numpy as np
import pytest
from eel import Program
from jsfx import Jsfx
from planted import RATE_HZ, alone, difference_db, rendered

from mixtrace.exporting.reaper.effects import effect
from mixtrace.store.audio_files import write_float_audio

_COMPRESSOR = {
    "threshold_db": -30.0,
    "ratio": 4.0,
    "knee_db": 6.0,
    "attack_ms": 5.0,
    "release_ms": 80.0,
    "make_up_db": 3.0,
    "look_ahead_ms": 2.0,
}
_EQ = {
    "high_pass_hz": 60.0,
    "high_pass_db_per_octave": 24.0,
    "low_pass_hz": 12_000.0,
    "low_pass_db_per_octave": 12.0,
    "low_shelf_db": 4.0,
    "high_shelf_db": -5.0,
    "bell_hz": [200.0, 900.0, 3000.0, 8000.0],
    "bell_db": [-4.0, 5.0, 0.0, -9.0],
    "bell_q": [1.0, 2.0, 1.0, 4.0],
}
_CASES = {
    "compressor": ("compressor", _COMPRESSOR),
    "compressor of peaks": ("compressor", _COMPRESSOR | {"detector": 0.0, "linked": 0.0}),
    "compressor of levels": ("compressor", _COMPRESSOR | {"smoothing": 1.0, "knee_db": 0.0}),
    "gate": (
        "gate",
        {"threshold_db": -35.0, "range_db": -30.0, "hold_ms": 20.0, "look_ahead_ms": 1.0},
    ),
    "limiter": ("limiter", {"gain_db": 12.0, "ceiling_db": -6.0, "look_ahead_ms": 3.0}),
    "one-pole compressor": ("one_pole_compressor", {"threshold_db": -35.0, "slope": -0.6}),
    "one-pole gate": ("one_pole_gate", {"threshold_db": -35.0, "slope": -2.0}),
    "saturation": ("saturation", {"drive_db": 24.0, "bias": 0.4}),
    "parametric EQ": ("parametric_equalizer", _EQ),
    "parametric EQ of few": (
        "parametric_equalizer",
        {"high_pass_db_per_octave": 6.0, "low_pass_db_per_octave": 6.0, "low_pass_hz": 4000.0,
         "bell_hz": [100.0], "bell_db": [6.0], "bell_q": [1.0]},
    ),
    "parametric EQ that is cut": (
        "parametric_equalizer",
        {"high_pass_db_per_octave": 0.0, "low_pass_db_per_octave": 24.0,
         "bell_hz": [25.0], "bell_db": [12.0], "bell_q": [8.0]},
    ),
    "fader": ("fader", {"level_db": -3.0, "pan": 0.4}),
    "gain/pan": ("gain_panning", {"gain_db": [-2.0, 1.0]}),
    "stereo imager": ("stereo_imager", {"side_gain_db": 5.0}),
    "fader automation": (
        "fader_automation",
        {"knot_s": [0.02, 0.05, 0.1], "knot_db": [-6.0, 0.0, -20.0]},
    ),
    "captured reverb": (
        "captured_reverb",
        {"taps": np.random.default_rng(5).standard_normal((2600, 4)).tolist(),
         "stored_rate_hz": float(RATE_HZ)},
    ),
    "EQ": ("equalizer", {"magnitude_db": (6.0 * np.sin(np.arange(1024) / 100.0)).tolist()}),
}  # fmt: skip
_NEAR_DB = -100.0
"""Our own processors work in 32 bits, effects in 64: for a level they differ by some 1e-6 dB, which
the corners of a gate and small differences of a gain make more of."""


def played(project, tmp_path, length_samples=None):
    """Return what the effect of a project's node makes of its first track, and its key."""
    made = effect(project, 1)
    if made.response is not None:
        write_float_audio(tmp_path / "response.wav", made.response.taps, RATE_HZ)
    host = Jsfx(made.told("response.wav"), tmp_path)
    count = project.length_samples
    heard = np.zeros((4, count + 4096))
    heard[:2, :count] = project.tracks[0]
    if len(project.tracks) > 1:
        heard[2:, :count] = project.tracks[1]
    found = host.play(heard[: host.channels], RATE_HZ, dict(enumerate(made.values, 1)))
    return found[:, host.late_samples : host.late_samples + count], host


@pytest.mark.parametrize("name", _CASES)
def test_effect_is_our_processor(name, tmp_path):
    project = alone(*_CASES[name], wet=0.7, length_samples=12_000 if "cut" in name else 4500)

    found, _ = played(project, tmp_path)

    assert difference_db(found, rendered(project)) < _NEAR_DB
    dry = np.broadcast_to(project.tracks[0], found.shape)
    assert difference_db(dry, rendered(project)) > -40.0  # it does something


@pytest.mark.parametrize("kind", ["compressor", "gate"])
def test_effect_listens_to_its_key(kind, tmp_path):
    project = alone(*_CASES[kind], keyed=True, length_samples=4500)

    found, host = played(project, tmp_path)

    assert host.channels == 4
    assert difference_db(found, rendered(project)) < _NEAR_DB


def test_delay_repeats_as_ours_does(tmp_path):
    values = {"time_ms": 33.3, "feedback": 0.6, "damping_hz": 3000.0, "ping_pong": 0.7}
    project = alone("feedback_delay", values, wet=0.5, length_samples=6000)

    found, _ = played(project, tmp_path)

    # Between two samples it is read through a sinc of 96 samples, ours through an endless one; the
    # highest eighth of the band, of which this noise has a little, comes out softer.
    assert difference_db(found, rendered(project)) < -50.0


def test_every_slider_tells_its_unit_and_begins_within_its_range():
    made = effect(alone("compressor", {}), 1)

    labels = [label for *_, label in Jsfx(made.text).sliders.values()]

    assert labels[:5] == [
        "threshold (dB)", "ratio (:1)", "knee (dB)", "attack (ms)", "release (ms)"
    ]  # fmt: skip


def test_interpreter_refuses_what_is_no_eel2_of_ours():
    with pytest.raises(SyntaxError, match="no function of EEL2"):
        Program(16).compile("init", "x = tanh(1);")
    with pytest.raises(SyntaxError, match="expected"):
        Program(16).compile("init", "x = (1 + 2;")


def test_interpreter_takes_near_numbers_for_equal_and_knows_precedence():
    program = Program(16)
    program.compile(
        "init", "a = 1 + 2 * 3 - 4 / 2; b = 1 == 1.000001 ? 5 : 6; a[2] = -b; c = 7[0];"
    )()
    assert (program.get("a"), program.get("b"), program.get("c")) == (5.0, 5.0, -5.0)
