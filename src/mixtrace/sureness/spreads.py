"""What a number on another engine's dial means on ours: a spread for every kind of setting.

The song tells how our processors have to be set; a person asks how theirs were. Engines do not mean
the same by a threshold, an attack or a Q, and what our search mistakes for something else no
curvature shows. The spreads were chosen on the development half of known songs, as
`benchmarks/known_sure.py --spreads` gives them: with them nine tenths of the truths there lie in
their intervals. They are half the width of an interval where the song leaves nothing open.
"""

from collections.abc import Mapping

__all__ = ["spread_of"]

_LEVEL_DB, _THRESHOLD_DB, _ATTACK, _RELEASE = 1.4, 7.0, 3.3, 1.5
_PASS, _SHELF, _SHELF_DB = 1.4, 0.4, 2.9

_SPREADS: Mapping[tuple[str, str], float] = {
    ("fader", "level_db"): _LEVEL_DB,  # of 59: what a compressor on a bus takes away, too
    ("fader", "pan"): 0.009,  # of 59
    ("parametric_equalizer", "bell_hz"): 0.034,  # of 41
    ("parametric_equalizer", "bell_db"): 2.3,  # of 41
    ("parametric_equalizer", "bell_q"): 0.18,  # of 41
    ("parametric_equalizer", "high_pass_hz"): _PASS,  # of 24: another slope, or a shelf, does it
    ("parametric_equalizer", "low_shelf_hz"): _SHELF,  # of 24 with high shelves
    ("parametric_equalizer", "high_shelf_hz"): _SHELF,
    ("parametric_equalizer", "low_shelf_db"): _SHELF_DB,  # of 24 with high shelves
    ("parametric_equalizer", "high_shelf_db"): _SHELF_DB,
    ("compressor", "threshold_db"): _THRESHOLD_DB,  # of 24: detectors, and knees
    ("compressor", "attack_ms"): _ATTACK,  # of 24: a peak detector's is not an RMS detector's
    ("compressor", "release_ms"): _RELEASE,  # of 24
    ("compressor", "ratio"): 0.0,  # of 24: the song leaves enough open
    ("captured_reverb", "decay_factor"): 2.3,  # of 12: more than the whole range
    ("captured_reverb", "wet"): 0.39,  # of 12
    ("feedback_delay", "time_ms"): 1e-4,  # of 3, and half a sample of a tenth of a second
    ("feedback_delay", "feedback"): 0.0,  # of 3
    ("feedback_delay", "wet"): 0.2,  # of 3
    # Not measured, for no song has them to compare with: taken from their next of kin.
    ("parametric_equalizer", "low_pass_hz"): _PASS,
    ("send", "level_db"): _LEVEL_DB,
    ("gate", "threshold_db"): _THRESHOLD_DB,
    ("gate", "attack_ms"): _ATTACK,
    ("gate", "release_ms"): _RELEASE,
}
"""On the scale of each setting (`scales`): in its unit, or as natural logarithms of ratios."""


def spread_of(kind: str, name: str) -> float:
    """Return the spread of a setting, on its scale (`scales`); 0 where there is none to tell."""
    return _SPREADS.get((kind, name), 0.0)
