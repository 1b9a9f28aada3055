"""`stats`: what a data set of graphs holds, as a page and as tables."""

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mixtrace.corpus import load
from mixtrace.errors import StoreError
from mixtrace.progress import OnProgress, ignored, steps_of
from mixtrace.store import put, stage
from mixtrace.store.whole_folder import whole_folder
from mixtrace.surveying import Survey, document, stats_page, stats_tables, take_survey
from mixtrace.verbs.outputs import check_place, named
from mixtrace.verbs.reporting import is_page
from mixtrace.verbs.tables import csv_table

__all__ = ["STATS_FOLDER", "STATS_PAGE", "Stats", "stats"]

STATS_FOLDER, STATS_PAGE = "stats", "stats.html"


@dataclass(frozen=True, eq=False)
class Stats:
    """The statistics of a data set.

    Attributes:
        folder: of the page and the tables.
        survey: what was counted and measured.
    """

    folder: Path
    survey: Survey

    @property
    def page(self) -> Path:
        """The page."""
        return self.folder / STATS_PAGE

    def document(self) -> dict[str, Any]:
        """Return all tables as JSON values."""
        return document(self.survey)


def stats(
    dataset: Path | str, output: Path | str | None = None, *, on_progress: OnProgress = ignored
) -> Stats:
    """Write what a data set holds: `stats.html`, and each of its tables as CSV.

    Songs are read one by one, so a data set may be larger than memory.

    Args:
        dataset: the folder that `collect` wrote.
        output: the folder for page and tables, whose place an earlier one gives up; by default
            `stats` in the data set.
        on_progress: called after each song.

    Raises:
        StoreError: no data set or a damaged one, or a folder that cannot be written to or holds
            what is no statistics.
    """
    source = named(dataset)
    folder = source / STATS_FOLDER if output is None else named(output)
    found = load(source)
    check_place(folder)
    check_place(folder.absolute().parent)
    _check_free(folder)
    report = steps_of(on_progress)
    survey = take_survey(found, partial(report, "reading songs"))
    tables = stats_tables(survey)
    page = stats_page(survey, source.resolve().name)
    with whole_folder(folder) as made, stage(made) as part_of:
        put(part_of(STATS_PAGE), page.encode())
        for name, rows in tables.items():
            put(part_of(f"{name}.csv"), csv_table(rows))
    return Stats(folder, survey)


def _check_free(folder: Path) -> None:
    """Refuse a folder that holds anything but statistics: it will be replaced."""
    if not os.path.lexists(folder) or not any(folder.iterdir()):
        return
    strange = sorted(
        path.name for path in folder.iterdir() if path.suffix != ".csv" and path.name != STATS_PAGE
    )
    if strange or not is_page(folder / STATS_PAGE):
        raise StoreError(
            f"Expected a new or empty folder, or that of statistics; {folder} holds other things. "
            "Choose another with -o."
        )
