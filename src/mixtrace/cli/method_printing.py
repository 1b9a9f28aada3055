"""What is told of compared methods on standard output."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from mixtrace.cli.printing import print_written
from mixtrace.cli.tables import plain_table, standard_output

if TYPE_CHECKING:
    from mixtrace.comparing import Row
    from mixtrace.verbs import Benchmark, ComparedMethods

__all__ = ["print_benchmark", "print_compared"]

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
    console = standard_output()
    console.print(_table(compared.rows, {}))
    for row in compared.rows:
        if row.failed:
            console.print(Text(f"- {row.method} came to no result: {row.note}"))
    _print_files(compared.folder)


def print_benchmark(found: "Benchmark") -> None:
    """Print means over songs, what came to no result, and where the files are."""
    from mixtrace.comparing import failures_of, means_of
    from mixtrace.wording import counted

    means = means_of(found.songs)
    console = standard_output()
    songs = {mean.row.method: mean.songs for mean in means}
    console.print(
        f"Means over {counted(len(found.songs), 'song')}, where a method came to a result:"
    )
    console.print(_table([mean.row for mean in means], songs))
    for song, what in failures_of(found.songs):
        console.print(Text(f"- {song}, {what}"))
    _print_files(found.folder)


def _table(rows: "Sequence[Row]", songs: Mapping[str, int]) -> Table:
    from mixtrace.comparing import figure_text, told_columns

    columns = [c for c in told_columns(rows) if c.key in _PRINTED]
    counts = ["songs"] if songs else []
    table = plain_table("method", *counts, *(column.heading for column in columns))
    for row in rows:
        cells = [figure_text(row.figures.get(c.key), c.digits) for c in columns]
        table.add_row(Text(row.method), *([str(songs[row.method])] if songs else []), *cells)
    return table


def _print_files(folder: Path) -> None:
    names = ("table.md", "table.csv", "index.html")
    print_written(folder / name for name in names if (folder / name).is_file())
