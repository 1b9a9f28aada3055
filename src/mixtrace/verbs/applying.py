"""`apply`: the settings of one result on the tracks of another song or take."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
from jaxtyping import Float

from mixtrace.errors import StoreError
from mixtrace.methods import Inversion
from mixtrace.metrics import Measures
from mixtrace.progress import OnProgress, Steps, ignored, steps_of
from mixtrace.rendering import check_work, render_song
from mixtrace.reusing import (
    Carried,
    Matching,
    NewTrack,
    carried,
    dynamics_of,
    matched,
    read_amounts,
    turned,
)
from mixtrace.store import FITS, PARAMS, StoredGraph, find_graph, mixtrace_version
from mixtrace.verbs.dry_tracks import DryTracks, read_dry_tracks, tracks_reaching
from mixtrace.verbs.following import followed, levels_then
from mixtrace.verbs.inverting import Found
from mixtrace.verbs.other_song import OtherSong, find_other
from mixtrace.verbs.outputs import named, result_folder
from mixtrace.verbs.rendering import stored_graph
from mixtrace.verbs.results import (
    Estimate,
    Rendered,
    measure_result,
    publish_result,
    store_result,
    too_loud,
)
from mixtrace.verbs.runs import claimed, write_whole
from mixtrace.verbs.sources import digest, is_source, source_of

__all__ = ["Applied", "apply"]


@dataclass(frozen=True, eq=False)
class Applied:
    """A result on other tracks.

    Attributes:
        stored: the graph with its settings and the song's tracks, as `graph.json` holds it.
        matching: which track got the settings of which.
        mix: what it makes of the tracks, [2, time].
        sample_rate_hz: its rate.
        measures: how near that is to the song's own mix; None where it has none.
        notes: what was assumed, moved and left out, in sentences.
        folder: where all this lies on disk, or None.
        lacking: why the page could not be made, in a sentence; empty where it was.
    """

    stored: StoredGraph
    matching: Matching
    mix: Float[np.ndarray, "2 time"]
    sample_rate_hz: int
    measures: Measures | None
    notes: tuple[str, ...]
    folder: Path | None
    lacking: str = ""


def apply(
    result: Path | str,
    song: Path | str,
    output: Path | str | None = None,
    *,
    mix: Path | str | None = None,
    amounts: Mapping[str, float] | None = None,
    tracks: Mapping[str, str] | None = None,
    keep_rides: bool = False,
    align: bool = True,
    fresh: bool = False,
    audio: bool = True,
    page: bool = True,
    on_progress: OnProgress = ignored,
) -> Applied:
    """Put the settings of one result on the tracks of another song, or of another take.

    Tracks are matched as chosen, by name, then by what they are. Thresholds move with the level of
    what enters. Delays are those of the song's own tracks, measured against its mix.

    Args:
        result: the output folder of a fit, or a `graph.json`.
        song: the song, or a folder with its tracks alone.
        output: the folder for the new result; None to write nothing.
        mix: the song's mix, where names do not tell it.
        amounts: how much of what: `eq`, `dynamics`, `reverb` and other words, `lead/eq` of one
            strip, to a share: 1 is all, 0 takes it out.
        tracks: names of the song's tracks -> those of the result's tracks.
        keep_rides: whether to keep gains that follow the clock. They are kept anyway where the
            song is the result's own.
        align: whether to measure how each track lies in the song's mix.
        fresh: whether to replace another result in the folder.
        audio: whether to write audio.
        page: whether to make the page, where the song has a mix.
        on_progress: called often.

    Raises:
        MixtraceError: a result, a song, a choice or a folder that cannot be used, or no track that
            is like one of the result.
        OSError: the folder cannot be made.
    """
    began = monotonic()
    path, report = named(result), steps_of(on_progress)
    stored = stored_graph(path)
    other = find_other(named(song), None if mix is None else Path(mix))
    folder = None if output is None else _folder(output, other, path)
    matching = _matching(stored, other, tracks or {})
    choices = {
        "recipe": "apply",
        "result": stored.song,
        "keep_rides": keep_rides,
        "align": align,
    }
    told = {"amounts": dict(amounts or {}), "tracks": dict(matching.pairs)}
    fingerprint = _fingerprint(path, other, {**choices, **told})
    with claimed(folder, fingerprint, FITS, fresh=fresh):
        moved, notes = _moved(path, stored, other, matching, amounts or {}, choices, report)
        rendered = _rendered(other, moved, report, page=page and folder is not None)
        notes = (
            *too_loud(
                rendered, "faders are those of the result and follow no levels. Turn it down."
            ),
            *notes,
        )
        lacking = ""
        if folder is not None:
            source = source_of(other.path, other.mix_path, other.recordings, folder)
            facts = {"config": choices, "fingerprint": fingerprint, "source": source}
            why = f"Nothing was searched: these are the settings of a result of {stored.song}."
            inversion = _inversion(moved, rendered, told, why, monotonic() - began)
            found = Found(moved, inversion, notes)
            lacking = _written(folder, found, rendered, facts, report, audio=audio, page=page)
    return Applied(
        moved,
        matching,
        rendered.estimate,
        rendered.sample_rate_hz,
        rendered.measures,
        notes,
        folder,
        lacking,
    )


def _folder(output: Path | str, other: OtherSong, result: Path) -> Path:
    """Return the folder for the new result, which is not that of the old one."""
    folder = result_folder(output, other.files, FITS)
    own = result if result.is_dir() else result.parent
    if folder.resolve() == own.resolve():
        raise StoreError(
            f"Expected a folder of its own for the new result; {folder} holds the one that is "
            "applied. Choose another with -o."
        )
    return folder


def _matching(stored: StoredGraph, other: OtherSong, chosen: Mapping[str, str]) -> Matching:
    return matched(
        [NewTrack(track.name, track.group) for track in stored.tracks],
        [track.name for track in stored.unused],
        [NewTrack(source.name, source.group) for source in other.sources],
        chosen,
    )


def _moved(
    result: Path,
    stored: StoredGraph,
    other: OtherSong,
    matching: Matching,
    amounts: Mapping[str, float],
    choices: Mapping[str, Any],
    report: Steps,
) -> tuple[StoredGraph, tuple[str, ...]]:
    """Return the result on the song's tracks, in the amounts wanted, at its levels, and notes."""
    keep_rides = choices["keep_rides"] or is_source(result, other.recordings)
    strips = _strips(stored, other, matching)
    wanted = read_amounts(
        {_renamed(key, matching): share for key, share in amounts.items()}, strips
    )
    placed, found = other.placed(report, align=choices["align"])
    taken: Carried = carried(stored, other.name, placed, matching, keep_rides=keep_rides)
    less, told = turned(taken.stored, wanted)
    then, unknown = levels_then(result, stored, dynamics_of(less.graph), report)
    dry = _dry(other, less, report)
    check_work(less.graph, less.settings, _channels(dry), dry.sample_rate_hz, ())
    moved, shifts = followed(less, dry, then, report)
    return moved, (*matching.notes(), *taken.notes, *told, *unknown, *shifts, *found)


def _strips(stored: StoredGraph, other: OtherSong, matching: Matching) -> list[str]:
    """Return the names that amounts may be of: the song's tracks, the result's other strips."""
    others = [strip.name for strip in stored.graph.strips.values() if strip.role != "track"]
    return [*(s.name for s in other.sources if s.name in matching.pairs), *others]


def _renamed(key: str, matching: Matching) -> str:
    """Return an amount's strip and word, a track of the result by its name in the song."""
    strip, slash, word = key.rpartition("/")
    new = next((new for new, old in matching.pairs.items() if old == strip), strip)
    return f"{strip if strip in matching.pairs else new}{slash}{word}"


def _dry(other: OtherSong, stored: StoredGraph, report: Steps) -> DryTracks:
    return read_dry_tracks(other.path, stored, other.mix_path, None, report)


def _channels(dry: DryTracks) -> Sequence[int]:
    return tuple(len(track) for track in dry.tracks)


def _rendered(other: OtherSong, stored: StoredGraph, report: Steps, *, page: bool) -> Estimate:
    """Return the mix, and how near it is to the song's own where it has one."""
    if other.song is not None:
        return measure_result(other.song, stored, None, report, page=page)
    dry = _dry(other, stored, report)
    mix = render_song(
        stored.graph,
        stored.settings,
        tracks_reaching(stored.graph.nodes, stored.graph, dry.tracks),
        dry.sample_rate_hz,
        progress=lambda done, total: report("rendering", done, total),
    )
    return Estimate(mix.numpy(), dry.sample_rate_hz, None)


def _inversion(
    stored: StoredGraph, rendered: Estimate, told: Mapping[str, Any], why: str, seconds: float
) -> Inversion:
    measures = rendered.measures
    losses = {}
    if measures is not None:
        losses["final"] = {"published": measures.published.l_a, "eq4": measures.eq4.l_a}
    graph = stored.graph
    return Inversion(
        graph, stored.settings, graph, losses, recipe=dict(told), why=why, seconds=seconds
    )


def _written(
    folder: Path,
    found: Found,
    rendered: Estimate,
    facts: Mapping[str, Any],
    report: Steps,
    *,
    audio: bool,
    page: bool,
) -> str:
    """Store the result, make its page where there is a mix, and return what that lacks."""

    def publish() -> None:
        if page and isinstance(rendered, Rendered):
            unweighed = np.full(len(found.stored.graph.processors), np.nan, np.float32)
            publish_result(folder, found.stored, rendered, unweighed, report, audio=audio)

    return write_whole(
        folder, lambda: store_result(folder, found, rendered, facts, audio=audio), publish
    )


def _fingerprint(result: Path, other: OtherSong, choices: Mapping[str, Any]) -> str:
    """Return 64 hexadecimal digits that change with the result, the song and what was chosen."""
    graph = find_graph(result)
    assert graph is not None  # it was read
    files = digest((graph, graph.with_name(PARAMS))), digest(other.files)
    facts = [mixtrace_version(), *files, dict(choices)]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
