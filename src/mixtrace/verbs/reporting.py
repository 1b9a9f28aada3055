"""`report` and `compare`: pages made from stored results alone."""

from collections.abc import Sequence
from pathlib import Path

from mixtrace.report import (
    Comparison,
    capture_page,
    compare_results,
    comparison_page,
    read_result,
    report_page,
)
from mixtrace.store import CAPTURE, stage

__all__ = ["compare", "report", "write_page", "write_report"]

REPORT_PAGE = "report.html"


def report(folder: Path | str) -> Path:
    """Make the page of a result anew, `report.html` in its folder, from what is stored there.

    Args:
        folder: the output folder of a fit or a capture.

    Returns:
        The page.

    Raises:
        StoreError: a file of the result is missing or damaged.
        OSError: the page cannot be written.
    """
    path = Path(folder)
    if (path / CAPTURE).is_file():
        return write_page(path, capture_page(path))
    return write_report(path)


def compare(folders: Sequence[Path | str], output: Path | str | None = None) -> Comparison:
    """Compare results of one song.

    Args:
        folders: the output folders of at least two fits.
        output: where to write a page that compares them; None for none.

    Returns:
        The table.

    Raises:
        StoreError: a result cannot be read, or they are not of one song.
        OSError: the page cannot be written.
    """
    results = [read_result(Path(folder)) for folder in folders]
    comparison = compare_results(results)
    if output is not None:
        path = Path(output)
        with stage(path.parent) as part_of:
            part_of(path.name).write_text(comparison_page(results), "utf-8")
    return comparison


def write_report(folder: Path) -> Path:
    """Write the page of a fit into its folder."""
    return write_page(folder, report_page(folder))


def write_page(folder: Path, page: str) -> Path:
    """Write a page into the folder of its result."""
    with stage(folder) as part_of:
        part_of(REPORT_PAGE).write_text(page, "utf-8")
    return folder / REPORT_PAGE
