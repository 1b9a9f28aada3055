"""What a number on another engine's dial means on ours: a spread for every kind of setting.

The song tells how our processors have to be set; a person asks how theirs were. Engines do not mean
the same by a threshold, an attack or a Q, and what our search mistakes for something else no
curvature shows. The spreads were chosen on the development half of known songs
(`benchmarks/known_sure.py`), so that intervals hold the truth there nine times of ten. They are
half the width of an interval where the song leaves nothing open.
"""

from collections.abc import Mapping

__all__ = ["spread_of"]

_SPREADS: Mapping[tuple[str, str], float] = {}


def spread_of(kind: str, name: str) -> float:
    """Return the spread of a setting, on its scale (`scales`); 0 where none was measured."""
    return _SPREADS.get((kind, name), 0.0)
