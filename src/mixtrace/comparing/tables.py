"""Rows of figures as Markdown and as CSV; text of strangers stays text in both."""

import csv
import io
from collections.abc import Iterable, Sequence

from mixtrace.names import printable

__all__ = ["csv_text", "figure_text", "markdown_table", "markdown_text"]

_FORMULA = ("=", "+", "-", "@")
"""What a spreadsheet takes for the begin of a formula."""


def markdown_table(headings: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """Return a table in Markdown.

    Args:
        headings: of the columns.
        rows: of as many cells.
        words: how many of the first columns are of words; the others are of numbers.
    """
    marks = ["---" if i < words else "---:" for i in range(len(headings))]
    lines = [headings, marks, *(tuple(map(markdown_text, row)) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def csv_text(headings: Sequence[str], rows: Iterable[Sequence[str | float | None]]) -> str:
    """Return a table as CSV; what is not known is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headings)
    for row in rows:
        writer.writerow([_plain(value) for value in row])
    return text.getvalue()


def figure_text(value: float | None, digits: int) -> str:
    """Return a figure as a table for people has it; nothing where it is not known.

    >>> figure_text(0.19651, 3), figure_text(1234.5, 3), figure_text(None, 3)
    ('0.197', '1234', '')
    """
    if value is None:
        return ""
    return f"{value:.0f}" if abs(value) >= 1000.0 else f"{value:.{digits}f}"


def markdown_text(text: str) -> str:
    r"""Return text on one line that is no mark and ends no cell.

    >>> markdown_text("a|b\n<b>")
    'a\\|b \\<b>'
    """
    shown = printable(text)
    for mark in "\\|<*_`[":
        shown = shown.replace(mark, f"\\{mark}")
    return shown


def _plain(value: str | float | None) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    shown = printable(str(value))
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
