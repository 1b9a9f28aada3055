"""What plug-ins make of a result, before and after it was refined for them, in words and rows."""

from mixtrace.reporting.result import fixed
from mixtrace.store import Refinement
from mixtrace.wording import counted

__all__ = ["refined_rows", "refined_sentence"]


def refined_sentence(done: Refinement | None) -> str:
    """Return what refining brought; empty where a result was not refined."""
    if done is None:
        return ""
    before, after = done.converted.song, done.refined.song
    return (
        f"Refined for the plug-ins of {done.engine} by {done.search}: what they make of the whole "
        f"song has L_a {before:.4f} with the settings as they were, {after:.4f} with these. "
        f"{counted(done.numbers, 'number')} moved, {counted(done.windows, 'window')} of the song "
        f"were listened to, {counted(done.evaluations, 'time')} each."
    )


def refined_rows(done: Refinement) -> list[tuple[str, str, str]]:
    """Return whose sound it is, L_a of the windows searched, and L_a of the whole song."""
    rows = (
        ("mixtrace, settings as they were", done.own),
        (f"{done.engine}, settings as they were", done.converted),
        (f"{done.engine}, settings refined", done.refined),
    )
    return [(name, fixed(loss.windows, 4), fixed(loss.song, 4)) for name, loss in rows]
