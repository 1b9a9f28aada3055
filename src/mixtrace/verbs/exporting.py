"""`export`: a result as a session of another program."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from mixtrace.errors import StoreError
from mixtrace.exporting import Project, Target, target
from mixtrace.progress import OnProgress, Steps, ignored, steps_of
from mixtrace.rendering import check_work
from mixtrace.reporting import sureness_beside
from mixtrace.session import Views
from mixtrace.store import (
    StoredGraph,
    Sureness,
    find_graph,
    is_plain_file,
    read_document,
    write_document,
)
from mixtrace.store.whole_folder import whole_folder
from mixtrace.verbs.dry_tracks import DryTracks, read_dry_tracks
from mixtrace.verbs.outputs import check_apart, check_place, named
from mixtrace.verbs.rendering import stored_graph
from mixtrace.verbs.sources import differing, find_source

__all__ = ["Exported", "export"]

EXPORT = "export.json"
EXPORT_SCHEMA = "mixtrace.export/1"
"""The schema of the file that marks a folder as an export, and keeps its notes."""


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        target: the name of the target.
        folder: where.
        notes: what the target cannot carry, and what stands in for it, in sentences.
    """

    target: str
    folder: Path
    notes: tuple[str, ...]


def export(
    result: Path | str,
    to: str,
    folder: Path | str,
    *,
    song: Path | str | None = None,
    mix: Path | str | None = None,
    force: bool = False,
    on_progress: OnProgress = ignored,
) -> Exported:
    """Write a result as a session of another program, at the rate of the song's mix.

    Args:
        result: the output folder of a fit, or a `graph.json`.
        to: the name of a target, see `mixtrace.exporting.TARGETS`.
        folder: where to write it; it appears as a whole, or not at all.
        song: the song, or a folder with its tracks alone, named as they were at the fit; None for
            where the result says that it lies.
        mix: the mix of a song that is named, where names do not tell it.
        force: whether to replace an earlier export, and what was done to it since.
        on_progress: called often.

    Raises:
        MixtraceError: a result, a song, a target or a folder that cannot be used.
    """
    chosen, place = target(to), named(folder)
    if named(result).is_dir():
        check_apart(named(result), place)
    check_place(place.parent)
    _check_free(place, force)
    stored = stored_graph(named(result))
    mix_path = None if mix is None else Path(mix)
    source = find_source(named(result)) if song is None else (named(song), mix_path)
    if source[0].is_dir():
        check_apart(source[0], place)
    report = steps_of(on_progress)
    every = replace(stored, tracks=(*stored.tracks, *stored.unused))
    dry, notes = _read(source, every, chosen, report)
    if song is not None:
        notes += differing(named(result), [track.name for track in every.tracks], *source)
    graph = find_graph(named(result))
    assert graph is not None  # it was read
    project = _project(stored, dry, sureness_beside(graph, stored))
    channels = tuple(len(track) for track in project.tracks)
    check_work(stored.graph, stored.settings, channels, dry.sample_rate_hz, ())
    with whole_folder(place) as made:
        notes += chosen.write(project, made, report)
        told = {"target": to, "song": stored.song, "notes": list(notes)}
        write_document(made / EXPORT, EXPORT_SCHEMA, told)
    return Exported(to, place, notes)


def _read(
    source: tuple[Path, Path | None], every: StoredGraph, chosen: Target, report: Steps
) -> tuple[DryTracks, tuple[str, ...]]:
    """Return the tracks at a rate that the target has, and a note where that is not the mix's."""
    path, mix_path = source
    dry = read_dry_tracks(path, every, mix_path, None, report)
    rate_hz = chosen.rate_hz(dry.sample_rate_hz)
    if rate_hz == dry.sample_rate_hz:
        return dry, ()
    note = (
        f"The mix has {dry.sample_rate_hz} Hz, which {chosen.name} cannot have: all is at "
        f"{rate_hz} Hz, as by mixtrace render --rate {rate_hz}."
    )
    return read_dry_tracks(path, every, mix_path, rate_hz, report), (note,)


def _project(stored: StoredGraph, dry: DryTracks, sureness: Sureness | None) -> Project:
    used = len(stored.tracks)
    return Project(
        stored.song,
        dry.sample_rate_hz,
        stored.graph,
        stored.settings,
        Views(dry.tracks.__getitem__, range(used)),
        tuple(track.name for track in stored.unused),
        Views(dry.tracks.__getitem__, range(used, len(dry.tracks))),
        dry.mix,
        sureness,
    )


def _check_free(folder: Path, force: bool) -> None:
    """Refuse a folder that holds anything but an export that may be replaced."""
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise StoreError(f"Expected a folder to export to; {folder} is a file. Choose another.")
    if not any(folder.iterdir()):
        return
    if not _is_export(folder):
        raise StoreError(
            f"Expected a new or empty folder, or that of an export; {folder} holds what mixtrace "
            "did not write. Choose another with -o."
        )
    if not force:
        raise StoreError(
            f"Expected a new or empty folder; {folder} holds an export, and perhaps what was done "
            "to it since. Choose another with -o, or replace it with --force."
        )


def _is_export(folder: Path) -> bool:
    """Return whether a folder holds the mark of an export."""
    try:
        return is_plain_file(folder / EXPORT) and bool(
            read_document(folder / EXPORT, EXPORT_SCHEMA)
        )
    except StoreError:
        return False
