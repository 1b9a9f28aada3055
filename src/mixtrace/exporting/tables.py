"""Tables that people open in a spreadsheet or read as text, with names of strangers in them."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

from mixtrace.names import printable

__all__ = ["Table", "cell", "markdown_cell"]

_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a formula begins with, in the wide letters of East Asia as well."""

_MARKED = "\\`*_{}[]<>()#+-.!|~&"


def cell(text: str) -> str:
    """Return text as a cell that no spreadsheet takes for a formula.

    An apostrophe in front says that the cell is text. Numbers keep their sign.

    >>> cell("=cmd()"), cell("-6.0"), cell(" +1 guitar")
    ("'=cmd()", '-6.0', "' +1 guitar")
    """
    shown = printable(text)
    if not shown.lstrip().startswith(_FORMULA) or _is_number(shown):
        return shown
    return f"'{shown}"


def markdown_cell(text: str) -> str:
    r"""Return text as a cell of a Markdown table that is shown as it is.

    >>> markdown_cell("a|b <i>*c*"), markdown_cell("-6.0")
    ('a\\|b \\<i\\>\\*c\\*', '-6.0')
    """
    shown = printable(text)
    if _is_number(shown):
        return shown
    return "".join(f"\\{c}" if c in _MARKED and not _stays(c) else c for c in shown)


def _stays(letter: str) -> bool:
    """Return whether a mark means nothing within a cell."""
    return letter in "+-.()#!{}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@dataclass
class Table:
    """Rows of text under headings; every heading tells the unit of its column."""

    headings: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        """Add a row."""
        assert len(cells) == len(self.headings), cells
        self.rows.append(cells)

    def write_csv(self, path: Path) -> None:
        """Write it as comma-separated values in UTF-8.

        Raises:
            OSError: the file cannot be written.
        """
        with path.open("x", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(self.headings)
            writer.writerows([cell(text) for text in row] for row in self.rows)

    def markdown(self) -> str:
        """Return it as a table of Markdown."""
        lines = [self.headings, ("---",) * len(self.headings), *self.rows]
        shown = [lines[0], lines[1], *([markdown_cell(text) for text in row] for row in lines[2:])]
        return "".join(f"| {' | '.join(row)} |\n" for row in shown)
