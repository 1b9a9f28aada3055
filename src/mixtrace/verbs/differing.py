"""`diff`: what changed between two results, processor by processor."""

from pathlib import Path
from typing import Any

from mixtrace.changes import Side, changes_between
from mixtrace.errors import StoreError
from mixtrace.names import printable
from mixtrace.reporting import (
    Difference,
    difference_page,
    evidence_beside,
    match_rows,
    sureness_beside,
)
from mixtrace.store import METRICS, StoredGraph, find_graph, is_plain_file, read_metrics
from mixtrace.verbs.outputs import named
from mixtrace.verbs.rendering import stored_graph
from mixtrace.verbs.reporting import check_page, write_page

__all__ = ["diff"]


def diff(before: Path | str, after: Path | str, output: Path | str | None = None) -> Difference:
    """Tell what changed between two results, in words and numbers.

    A dial is told where its value differs by more than is known: where both values lie in each
    other's intervals it is counted alone. Without intervals it is told where it could be heard, see
    `mixtrace.changes.changes_between`.

    Args:
        before: a `graph.json`, or the output folder of a fit.
        after: another one; of another song, strips are compared by their names.
        output: where to write a page of it; None for none.

    Raises:
        StoreError: a result cannot be read, the two have no track, bus or return in common, the
            page cannot be written, or a file of its name is there that mixtrace did not write.
    """
    target = None if output is None else named(output)
    if target is not None:
        check_page(target)
    paths = named(before), named(after)
    sides = _side(paths[0]), _side(paths[1])
    stored = sides[0].stored, sides[1].stored
    same_song = _tracks(stored[0]) == _tracks(stored[1]) and stored[0].song == stored[1].song
    found = changes_between(*sides, same_song=same_song)
    if not found.common:
        raise StoreError(
            f"Expected two results with a track, bus or return of the same name; {paths[0]} and "
            f"{paths[1]} have none in common. Give results of one song, or of takes whose tracks "
            "are named alike."
        )
    names = _names(paths)
    known = all(side.sureness is not None for side in sides)
    songs = stored[0].song, stored[1].song
    difference = Difference(*names, songs, same_song, known, found, _match(paths))
    if target is not None:
        write_page(target, difference_page(difference))
    return difference


def _side(path: Path) -> Side:
    stored = stored_graph(path)
    graph = _graph_of(path)
    evidence, _ = evidence_beside(graph, stored)
    return Side(stored, sureness_beside(graph, stored), evidence)


def _graph_of(path: Path) -> Path:
    found = find_graph(path)
    assert found is not None  # it was read
    return found


def _tracks(stored: StoredGraph) -> set[str]:
    return {track.name for track in (*stored.tracks, *stored.unused)}


def _names(paths: tuple[Path, Path]) -> tuple[str, str]:
    """Return the names of both, or their paths where these are the same."""
    first, second = (
        printable("/".join(path.resolve().parts[-2:]) if path.is_file() else path.resolve().name)
        for path in paths
    )
    if first != second:
        return first, second
    return printable(str(paths[0])), printable(str(paths[1]))


def _match(paths: tuple[Path, Path]) -> tuple[tuple[str, str, str], ...]:
    """Return how well both match, where both were measured."""
    measured: list[dict[str, Any]] = []
    for path in paths:
        folder = _graph_of(path).parent
        if not is_plain_file(folder / METRICS):
            return ()
        measured.append(read_metrics(folder))
    return match_rows(measured)
