"""What is told of compared methods on standard output."""

from typing import TYPE_CHECKING

from rich.text import Text

from mixtrace.cli.printing import print_written
from mixtrace.cli.tables import plain_table, standard_output

if TYPE_CHECKING:
    from mixtrace.verbs import ComparedMethods

__all__ = ["print_compared"]

_PRINTED = (
    "l_a",
    "l_a_unseen",
    "l_a_eq4",
    "mae",
    "mrsd",
    "processors",
    "settings",
    "seconds",
    "memory_mb",
)


def print_compared(compared: "ComparedMethods") -> None:
    """Print a table of methods, why some came to no result, and where the files are."""
    from mixtrace.comparing import figure_text, told_columns

    columns = [c for c in told_columns(compared.rows) if c.key in _PRINTED]
    table = plain_table("method", *(column.heading for column in columns))
    for row in compared.rows:
        cells = (figure_text(row.figures.get(c.key), c.digits) for c in columns)
        table.add_row(Text(row.method), *cells)
    console = standard_output()
    console.print(table)
    for row in compared.rows:
        if row.failed:
            console.print(Text(f"- {row.method} came to no result: {row.note}"))
    names = ("table.md", "table.csv", "index.html")
    print_written(compared.folder / n for n in names if (compared.folder / n).is_file())
