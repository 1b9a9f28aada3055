"""What the alignment of a song did, in words."""

from collections.abc import Mapping

from mixtrace.session.alignment import Alignment
from mixtrace.session.song import listed

__all__ = ["alignment_notes", "pace"]

_WORTH_A_WORD_MS = 0.05  # a delay that shows in the words


def alignment_notes(alignments: Mapping[str, Alignment]) -> list[str]:
    """Return what was done to the tracks of these names."""
    named = list(alignments.items())
    moved = [f"{name} ({_way(a)})" for name, a in named if a.confidence and _way(a)]
    drifting = [f"{name} ({pace(a)})" for name, a in named if a.drift_ppm]
    carried = [n for n, a in named if (a.delay_s or a.drift_ppm) and not a.confidence]
    notes = [f"put where the mix has them: {listed(moved)}"] if moved else []
    notes += [f"of another clock than the mix: {listed(drifting)}: corrected"] if drifting else []
    if carried:
        notes.append(f"moved with the others, nothing of their own measured: {listed(carried)}")
    return notes


def pace(alignment: Alignment) -> str:
    """Return how a track's clock runs.

    >>> pace(Alignment(drift_ppm=49.7))
    'runs 50 ppm fast against the mix'
    """
    ppm = alignment.drift_ppm
    return f"runs {abs(ppm):.0f} ppm {'fast' if ppm > 0 else 'slow'} against the mix"


def _way(alignment: Alignment) -> str:
    """Return how far a track was moved, and whether it was turned over.

    >>> _way(Alignment(-0.0038, -1))
    '3.8 ms earlier, polarity turned over'
    """
    ms, over = 1e3 * alignment.delay_s, alignment.polarity < 0
    told = ms if not alignment.drift_ppm or abs(ms) >= _WORTH_A_WORD_MS else 0.0
    way = [f"{abs(ms):.1f} ms {'later' if ms > 0 else 'earlier'}"] if told else []
    return ", ".join(way + (["polarity turned over"] if over else []))
