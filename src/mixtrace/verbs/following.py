"""Thresholds that follow the level: what entered in a result's own song, and what enters now."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mixtrace.errors import MixtraceError
from mixtrace.processors import processor
from mixtrace.progress import Steps
from mixtrace.reporting import evidence_beside
from mixtrace.reusing import block_level_db, entering_levels_db, shifted, stages
from mixtrace.session.song import listed
from mixtrace.store import StoredGraph, find_graph
from mixtrace.verbs.dry_tracks import DryTracks, read_dry_tracks, tracks_reaching
from mixtrace.verbs.sources import find_source
from mixtrace.wording import signed_db

__all__ = ["followed", "levels_then"]

Levels = Mapping[int, float | None]
"""Dynamics processor -> the level in dB of what it listens to, None for silence."""

_TOLD_DB = 0.05


def levels_then(
    result: Path, stored: StoredGraph, nodes: Sequence[int], report: Steps
) -> tuple[Levels, tuple[str, ...]]:
    """Return what entered dynamics processors in the song of a result.

    It is measured in that song; where this cannot be read any more, it is what was measured at the
    fit, as far as a processor has no key.

    Returns:
        The levels, none where nothing tells them, and then a note that says so.
    """
    if not nodes:
        return {}, ()
    try:
        path, mix = find_source(result)
        dry = read_dry_tracks(path, stored, mix, None, report)
    except (MixtraceError, OSError) as error:
        found = _measured_levels(result, stored, nodes)
        if found:
            return found, ()
        return {}, (f"Thresholds stay where they were, whatever the levels. {error}",)
    return _levels(stored, dry, nodes, report), ()


def followed(
    stored: StoredGraph, dry: DryTracks, then: Levels, report: Steps
) -> tuple[StoredGraph, tuple[str, ...]]:
    """Return a result whose thresholds have moved with the levels, in the order of the sound.

    Args:
        stored: the result on the tracks of a song.
        dry: these tracks.
        then: see `levels_then`.
        report: see `Steps`.
    """
    notes: list[str] = []
    moved: list[str] = []
    silent: list[str] = []
    for stage in stages(stored.graph):
        known = {i: level for i in stage if (level := then.get(i)) is not None}
        if not known:
            continue
        now = _levels(stored, dry, list(known), report)
        shifts = {i: level - known[i] for i, level in now.items() if level is not None}
        stored, told = shifted(stored, shifts)
        notes += told
        silent += [_named(stored, i) for i in known if i not in shifts]
        moved += [
            f"{_named(stored, i)} by {signed_db(shift)}"
            for i, shift in shifts.items()
            if abs(shift) >= _TOLD_DB
        ]
    if moved:
        notes.insert(0, f"Thresholds moved with the levels: {listed(moved, len(moved))}.")
    if silent:
        notes.append(f"Nothing enters, and so their thresholds stay: {listed(silent)}.")
    return stored, tuple(notes)


def _levels(
    stored: StoredGraph, dry: DryTracks, nodes: Sequence[int], report: Steps
) -> dict[int, float | None]:
    heard = [e.source for i in nodes for e in stored.graph.feeds[i]]
    tracks = tracks_reaching(heard, stored.graph, dry.tracks)
    return entering_levels_db(stored, tracks, dry.sample_rate_hz, nodes, report)


def _measured_levels(result: Path, stored: StoredGraph, nodes: Sequence[int]) -> Levels:
    """Return what was measured at the fit; nothing where nobody measured, or it is damaged."""
    graph = find_graph(result)
    assert graph is not None  # it was read
    try:
        evidence, _ = evidence_beside(graph, stored)
    except MixtraceError:
        return {}
    if evidence is None:
        return {}
    rows = {int(i): row for row, i in enumerate(evidence.dynamics)}
    return {
        i: block_level_db(10.0 ** (evidence.input_db[rows[i]].astype(float) / 10.0))
        for i in nodes
        if i in rows and not stored.graph.keyed(i)
    }


def _named(stored: StoredGraph, node: int) -> str:
    kind = stored.graph.nodes[node].kind
    return f"the {processor(kind).label} of {stored.graph.name(node)}"
