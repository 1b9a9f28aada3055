"""What the alignment of a song found and did, in words."""

from collections.abc import Mapping

from mixtrace.session.align import Finding
from mixtrace.session.alignment import Alignment
from mixtrace.session.edits import Edit
from mixtrace.session.song import listed

__all__ = ["alignment_notes", "pace"]

_WORTH_A_WORD_MS = 0.05  # a delay that shows in the words


def alignment_notes(findings: Mapping[str, Finding]) -> list[str]:
    """Return what was found of the tracks of these names and done with them, the gravest first."""
    named = [(name, finding.alignment) for name, finding in findings.items()]
    moved = [f"{name} ({_way(a)})" for name, a in named if a.confidence and _way(a)]
    drifting = [f"{name} ({pace(a)})" for name, a in named if a.drift_ppm]
    elsewhere = [n for n, a in named if (a.delay_s or a.drift_ppm) and not a.confidence]
    carried = [n for n in elsewhere if findings[n].reference != "carried"]
    notes = [_broken(name, f.edit) for name, f in findings.items() if f.edit is not None]
    notes += [f"put where the mix has them: {listed(moved)}"] if moved else []
    notes += [f"of another clock than the mix: {listed(drifting)}: corrected"] if drifting else []
    if carried:
        notes.append(f"moved with the others, nothing of their own measured: {listed(carried)}")
    return notes + _reference_notes(findings)


def _reference_notes(findings: Mapping[str, Finding]) -> list[str]:
    """Return what time references came to."""
    words = {
        "confirmed": "found where their time references say, as the sound confirms",
        "carried": "moved with the others by their time references, nothing of their own measured",
        "refused": "time references that the sound does not confirm, passed over",
    }
    notes = []
    for reference, told in words.items():
        names = [name for name, f in findings.items() if f.reference == reference]
        notes += [f"{told}: {listed(names)}"] if names else []
    return notes


def pace(alignment: Alignment) -> str:
    """Return how a track's clock runs.

    >>> pace(Alignment(drift_ppm=49.7))
    'runs 50 ppm fast against the mix'
    """
    ppm = alignment.drift_ppm
    return f"runs {abs(ppm):.0f} ppm {'fast' if ppm > 0 else 'slow'} against the mix"


def _broken(name: str, edit: Edit) -> str:
    """Return where a track falls into two parts.

    >>> _broken("Vox", Edit(83.4, 0.0, -2.0, 0.0))
    'Vox is edited: from about 1:23 on it lies 2.000 s earlier in the mix than before (2.000 s \
earlier against 0 ms); placed by its larger part, the other is left where that puts it'
    """
    step = _distance(edit.after_s - edit.before_s)
    minutes, seconds = divmod(int(edit.time_s), 60)
    return (
        f"{name} is edited: from about {minutes}:{seconds:02d} on it lies {step} in the mix than "
        f"before ({_distance(edit.after_s)} against {_distance(edit.before_s)}); placed by its "
        "larger part, the other is left where that puts it"
    )


def _way(alignment: Alignment) -> str:
    """Return how far a track was moved, and whether it was turned over.

    >>> _way(Alignment(-0.0038, -1))
    '3.8 ms earlier, polarity turned over'
    """
    ms, over = 1e3 * alignment.delay_s, alignment.polarity < 0
    told = ms if not alignment.drift_ppm or abs(ms) >= _WORTH_A_WORD_MS else 0.0
    way = [_distance(alignment.delay_s)] if told else []
    return ", ".join(way + (["polarity turned over"] if over else []))


def _distance(delay_s: float) -> str:
    """Return a delay in words.

    >>> _distance(0.0012), _distance(-7.85), _distance(0.0)
    ('1.2 ms later', '7.850 s earlier', '0 ms')
    """
    if not delay_s:
        return "0 ms"
    size = f"{1e3 * abs(delay_s):.1f} ms" if abs(delay_s) < 1.0 else f"{abs(delay_s):.3f} s"
    return f"{size} {'later' if delay_s > 0 else 'earlier'}"
