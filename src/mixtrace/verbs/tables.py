"""Tables as CSV."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["csv_table"]

_DIGITS = 6


def csv_table(rows: Sequence[Mapping[str, Any]]) -> bytes:
    r"""Return rows as CSV; what is not known is empty. A table without rows is an empty file.

    >>> csv_table([{"song": "one", "l_a": 0.25, "mae": None}])
    b'song,l_a,mae\none,0.25,\n'
    """
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({name: _short(value) for name, value in row.items()})
    return text.getvalue().encode()


def _short(value: Any) -> Any:
    return f"{value:.{_DIGITS}g}" if isinstance(value, float) else value
