"""The page of a comparison: the table, and the mix beside all estimates to listen to."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from mixtrace.comparing.rows import Row, told_columns
from mixtrace.comparing.tables import figure_text
from mixtrace.reporting import results_part
from mixtrace.reporting.page import joined
from mixtrace.reporting.parts import Part
from mixtrace.reporting.templating import filled, web_text
from mixtrace.store import is_plain_file

__all__ = ["comparing_page", "rows_part"]


def comparing_page(song: str, rows: Sequence[Row], folders: Mapping[str, Path], own: str) -> str:
    """Return the page.

    Args:
        song: its name.
        rows: of all methods.
        folders: of the results, beside the page, by the names of their methods.
        own: what the page of a result is called in its folder, where it has one.

    Raises:
        StoreError: the audio of a result is damaged.
    """
    links = {name: f"{name}/{own}" for name in folders if is_plain_file(folders[name] / own)}
    sections = [
        ("table", "Side by side", rows_part(rows, links)),
        ("listen", "Listen", results_part(folders)),
    ]
    lead = Markup('<p class="summary">{}</p>').format(_best(rows))
    return joined(song, f"{len(rows)} ways to invert one mix", lead, sections)


def rows_part(rows: Sequence[Row], links: Mapping[str, str]) -> Part:
    """Return a table of rows, and what is to be known of each.

    Args:
        rows: of all methods.
        links: to the page of a result, by the name of its method.
    """
    columns = told_columns(rows)
    cells = [
        (row.method, [figure_text(row.figures.get(c.key), c.digits) for c in columns], row.failed)
        for row in rows
    ]
    notes = [(row.method, row.note) for row in rows if row.note]
    headings = [column.heading for column in columns]
    html = filled("methods_table.html", headings=headings, rows=cells, notes=notes, links=links)
    return Part(html, web_text("stats.css"))


def _best(rows: Sequence[Row]) -> str:
    known = [row for row in rows if "l_a" in row.figures]
    if not known:
        return "No method came to a result."
    best = min(known, key=lambda row: row.figures["l_a"])
    failed = sum(row.failed for row in rows)
    rest = f" {failed} of {len(rows)} came to no result." if failed else ""
    return f"{best.method} matches best: L_a {best.figures['l_a']:.3f}.{rest}"
