"""The dry tracks that a stored graph asks for, from a song or from a folder of tracks alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.errors import SessionError
from mixtrace.graph import Graph
from mixtrace.progress import Steps
from mixtrace.session import Song, TrackSource, Views, apply_alignment, find_song, read_session
from mixtrace.session.alignment import length_moved
from mixtrace.session.audio import read_recording
from mixtrace.session.header import check_rate
from mixtrace.session.layout import find_tracks
from mixtrace.session.scratch import Scratch, view_of
from mixtrace.session.song import listed
from mixtrace.store import StoredGraph

__all__ = ["DryTracks", "read_dry_tracks", "tracks_reaching"]


@dataclass(frozen=True, eq=False)
class DryTracks:
    """Tracks in the order of a graph's inputs, aligned, all of one length.

    Attributes:
        tracks: [1 or 2 channels, time] each.
        mix: [2, time], or None where there is none.
        sample_rate_hz: the rate of all.
        files: what was read, as absolute paths.
    """

    tracks: Sequence[Float[np.ndarray, "_channel time"]]
    mix: Float[np.ndarray, "2 time"] | None
    sample_rate_hz: int
    files: frozenset[Path]


def tracks_reaching(
    nodes: Iterable[int], graph: Graph, audio: Sequence[Float[np.ndarray, "_channel time"]]
) -> Views[Float[Tensor, "_channel time"] | None]:
    """Return the tracks, looked at anew at every access, but None for those that reach no node.

    Args:
        nodes: what is wanted of the graph.
        graph: the graph.
        audio: all tracks, in the order of the graph's inputs.
    """
    reaching = {number for i in nodes for number in graph.needed_tracks[i]}
    return Views(
        lambda number: torch.from_numpy(audio[number]) if number in reaching else None,
        range(len(audio)),
    )


def read_dry_tracks(
    path: Path,
    stored: StoredGraph,
    mix_path: Path | None,
    sample_rate_hz: int | None,
    report: Steps,
) -> DryTracks:
    """Return the tracks of a stored graph, moved as they were at its fit.

    Args:
        path: a song, or the folder of one without its mix, with the tracks' names.
        stored: names the tracks and their alignments; others are passed over.
        mix_path: the song's mix, where names do not tell it.
        sample_rate_hz: the rate wanted; None for the mix's, or the first track's.
        report: see `session.Progress`.

    Raises:
        SessionError: no song there, or a track is missing.
        AudioError: a file or rate that cannot be used.
    """
    try:
        song = find_song(path, mix=mix_path)
    except SessionError:
        sources = {t.name: t for t in find_tracks(path)} if path.is_dir() else {}
        if mix_path is not None or any(t.name not in sources for t in stored.tracks):
            raise
        return _read_loose(stored, sources, sample_rate_hz, report)
    return _read_song(song, stored, sample_rate_hz, report)


def _read_song(
    song: Song, stored: StoredGraph, sample_rate_hz: int | None, report: Steps
) -> DryTracks:
    by_name = {source.name: source for source in song.tracks}
    missing = [track.name for track in stored.tracks if track.name not in by_name]
    if missing:
        raise SessionError(
            f"Expected the tracks of {stored.song}, for which the graph was made; {song.name} has "
            f"no {listed(missing)}. Give the song of that graph."
        )
    wanted: tuple[TrackSource, ...] = tuple(by_name[track.name] for track in stored.tracks)
    session = read_session(
        replace(song, tracks=wanted),
        sample_rate_hz=sample_rate_hz,
        alignments={track.name: track.alignment for track in stored.tracks},
        progress=report,
    )
    files = frozenset(p.resolve() for p in replace(song, tracks=wanted).paths)
    return DryTracks(session.audio, session.mix, session.sample_rate_hz, files)


def _read_loose(
    stored: StoredGraph,
    sources: Mapping[str, TrackSource],
    sample_rate_hz: int | None,
    report: Steps,
) -> DryTracks:
    """Return tracks without a mix, as long as the last of them sounds."""
    wanted = [sources[track.name] for track in stored.tracks]
    rate = sample_rate_hz or read_recording(wanted[0].path).file_rate_hz
    check_rate(rate)
    recordings, scratch = [], Scratch()
    for done, source in enumerate(wanted, 1):
        recording = read_recording(source.path, rate, right_path=source.right_path)
        recordings.append(scratch.keep(recording.audio))
        report("reading", done, len(wanted))
    ends = [
        length_moved(view_of(kept).shape[1], track.alignment, rate)
        for kept, track in zip(recordings, stored.tracks, strict=True)
    ]
    length, scratch = max(1, *ends), Scratch()
    tracks = [
        scratch.keep(apply_alignment(view_of(recordings.pop(0)), track.alignment, length, rate))
        for track in stored.tracks
    ]
    files_read = frozenset(file.resolve() for source in wanted for file in source.paths)
    return DryTracks(Views(view_of, tracks), None, rate, files_read)
