"""Tables of words and numbers, and where they are printed."""

from rich import box
from rich.console import Console
from rich.table import Table

from mixtrace.cli.terminal import ShownConsole

__all__ = ["plain_table", "standard_output"]

_FILE_WIDTH = 500


def plain_table(*headers: str) -> Table:
    """Return an empty table: its first column is of words, the others of numbers."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, header in enumerate(headers):
        table.add_column(header, justify="right" if number else "left")
    return table


def standard_output() -> Console:
    """Return standard output: as wide as the terminal, unbroken lines in a file or pipe."""
    console = ShownConsole(highlight=False, markup=False, emoji=False)
    return (
        console
        if console.is_terminal
        else ShownConsole(highlight=False, markup=False, emoji=False, width=_FILE_WIDTH)
    )
