"""What was simplified in a result, in words and rows."""

from mixtrace.reporting.result import fixed
from mixtrace.store import Change, Simplification
from mixtrace.wording import counted, percent

__all__ = ["simplified_rows", "simplified_sentence"]

_ROUNDED = 1e-4

_OUTCOMES = {
    "replaced": "was replaced",
    "left out": "was left out",
    "too far": "stays: too far off",
    "too dear": "stays: costs too much",
    "joined": "was joined",
}


def simplified_sentence(done: Simplification | None) -> str:
    """Return how often a result was simplified and what that cost; empty where it was not."""
    if done is None:
        return ""
    count = sum(change.made for change in done.changes)
    what = f"Simplified in {counted(count, 'place')}" if count else "Nothing could be simplified"
    losses = f"L_a {done.before:.4f} before, {done.after:.4f} after"
    if done.after <= (1.0 + done.most) * done.before + _ROUNDED:
        return f"{what}: {losses}."
    return (
        f"{what}: {losses}, which is more than the {percent(done.most)} that were allowed: that "
        "was judged on parts of the song, at 30 kHz."
    )


def simplified_rows(done: Simplification) -> list[tuple[str, ...]]:
    """Return strip, what was there, what is nearest, how far that is off, its cost, what was done.

    L_a tells by how much it rises when that alone is done.
    """
    return [
        (
            change.strip,
            _kinds(change.was),
            _kinds(change.now) or ("none" if change.outcome == "too far" else "nothing"),
            _off(change),
            fixed(change.cost, 4, sign=True) if change.cost is not None else "",
            _OUTCOMES[change.outcome],
        )
        for change in done.changes
    ]


def _off(change: Change) -> str:
    return f"{fixed(change.off_db, 2)} dB {change.measure}"


def _kinds(kinds: tuple[str, ...]) -> str:
    """Return kinds in words: labels do not tell a compressor with one time from one with two."""
    return " + ".join(kind.replace("_", " ") for kind in kinds)
