"""`report` and `compare`: pages made from stored results alone."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from mixtrace.errors import MixtraceError, StoreError
from mixtrace.names import command_line
from mixtrace.reporting import (
    Comparison,
    StoredResult,
    capture_page,
    compare_results,
    comparison_page,
    read_result,
    report_page,
    transfer_page,
)
from mixtrace.store import CAPTURE, GRAPH, LIKENESS, is_plain_file, put, read_head, stage
from mixtrace.verbs.outputs import check_place, named

__all__ = ["check_page", "compare", "is_page", "own_page", "page_failure", "report", "write_page"]

REPORT_PAGE = "report.html"
_MARK = b'<meta name="generator" content="mixtrace">'
_HEAD_BYTES = 1_000


def report(folder: Path | str) -> Path:
    """Make the page of a result anew, `report.html` in its folder, from what is stored there.

    Args:
        folder: the output folder of a fit or a capture.

    Returns:
        The page.

    Raises:
        StoreError: a file of the result is missing or damaged, the page cannot be written, or a
            file of its name is there that mixtrace did not write.
    """
    path = named(folder)
    _check_unclaimed(path / REPORT_PAGE)
    captured, fitted = (is_plain_file(path / name) for name in (CAPTURE, GRAPH))
    if not captured and not fitted:
        raise StoreError(
            f"Expected the output folder of a fit or a capture; {path} holds neither {GRAPH} nor "
            f"{CAPTURE}. Give a folder that mixtrace fit or mixtrace capture wrote."
        )
    if captured:
        page = capture_page(path)
    elif is_plain_file(path / LIKENESS):
        page = transfer_page(path)
    else:
        page = report_page(path)
    return write_page(path / REPORT_PAGE, page)


def compare(folders: Sequence[Path | str], output: Path | str | None = None) -> Comparison:
    """Compare results of one song.

    Args:
        folders: the output folders of at least two fits.
        output: where to write a page that compares them; None for none.

    Returns:
        The table.

    Raises:
        StoreError: a result cannot be read, they are not of one song, the page cannot be written,
            or a file of its name is there that mixtrace did not write.
    """
    target = None if output is None else named(output)
    if target is not None:
        check_page(target)
    results = [_read(named(folder)) for folder in folders]
    comparison = compare_results(results)
    if target is not None:
        write_page(target, comparison_page(results))
    return comparison


def _read(folder: Path) -> StoredResult:
    """Return the result of a fit; a capture has no graph that could be compared."""
    if is_plain_file(folder / CAPTURE) and not is_plain_file(folder / GRAPH):
        raise StoreError(
            f"Expected the output folders of fits, each with a {GRAPH}; {folder} holds a capture. "
            f"Leave it out, and look at it with: {command_line('show', folder)}"
        )
    return read_result(folder)


def own_page(folder: Path) -> set[str]:
    """Return the name of a result's page, if there is one that mixtrace wrote."""
    try:
        return {REPORT_PAGE} if is_page(folder / REPORT_PAGE) else set()
    except (StoreError, OSError):
        return set()


def page_failure(folder: Path, make: Callable[[], object]) -> str:
    """Make the page of a result, and return in a sentence why that failed, empty where it did not.

    Whatever fails here, the result itself has been found and lies in its folder.
    """
    try:
        make()
    except Exception as error:
        reason = str(error) if isinstance(error, MixtraceError) else repr(error)
        return (
            f"The result in {folder} is whole, but its page could not be made ({reason.rstrip('.')}"
            f"); try again with: {command_line('report', folder)}"
        )
    return ""


def check_page(path: Path) -> None:
    """Refuse, before anything is read, a place where no page can be written.

    Raises:
        StoreError: its folder cannot be written to, or a file of its name is there that mixtrace
            did not write.
    """
    check_place(path.parent)
    _check_unclaimed(path)


def write_page(path: Path, page: str) -> Path:
    """Write a page, in the place of an older one at most."""
    _check_unclaimed(path)
    with stage(path.parent) as part_of:
        put(part_of(path.name), page.encode())
    return path


def _check_unclaimed(path: Path) -> None:
    """Refuse a place that another file than a page has."""
    if os.path.lexists(path) and not is_page(path):
        raise StoreError(
            f"Expected no file at {path}, or an earlier page of mixtrace; what is there is no such "
            "page. Move it away or choose another name."
        )


def is_page(path: Path) -> bool:
    """Return whether a file says in its head that mixtrace wrote it."""
    return is_plain_file(path) and _MARK in read_head(path, _HEAD_BYTES)
