"""The dry tracks that a stored graph asks for, from a song or from a folder of tracks alone."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.errors import SessionError
from mixtrace.graph import Graph
from mixtrace.session import Looks, Song, TrackSource, apply_alignment, find_song, read_session
from mixtrace.session.audio import check_rate, read_recording
from mixtrace.session.containers import AUDIO_SUFFIXES
from mixtrace.session.scratch import Scratch, look_at
from mixtrace.session.song import listed, plain_name
from mixtrace.store import StoredGraph

__all__ = ["DryTracks", "read_dry_tracks", "tracks_reaching"]

Report = Callable[[str, int, int], None]


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
) -> Looks[Float[Tensor, "_channel time"] | None]:
    """Return the tracks, looked at anew at every access, but None for those that reach no node.

    Args:
        nodes: what is wanted of the graph.
        graph: the graph.
        audio: all tracks, in the order of the graph's inputs.
    """
    reaching = {number for i in nodes for number in graph.tracks[i]}
    return Looks(
        lambda number: torch.from_numpy(audio[number]) if number in reaching else None,
        range(len(audio)),
    )


def read_dry_tracks(
    path: Path,
    stored: StoredGraph,
    mix_path: Path | None,
    sample_rate_hz: int | None,
    report: Report,
) -> DryTracks:
    """Return the tracks of a stored graph, moved as they were at its fit.

    Args:
        path: a song, or a folder in which (or in whose `tracks/`) lie files of the tracks' names.
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
        sources = _loose_files(path)
        if mix_path is not None or any(t.name not in sources for t in stored.tracks):
            raise
        return _read_loose(stored, sources, sample_rate_hz, report)
    return _read_song(song, stored, sample_rate_hz, report)


def _read_song(
    song: Song, stored: StoredGraph, sample_rate_hz: int | None, report: Report
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
    files = frozenset(p.resolve() for p in (song.mix_path, *(source.path for source in wanted)))
    return DryTracks(session.audio, session.mix, session.sample_rate_hz, files)


def _loose_files(folder: Path) -> dict[str, Path]:
    """Return the audio files of a folder and its `tracks/` by the names they have as tracks."""
    folders = [place for place in (folder, folder / "tracks") if place.is_dir()]
    return {
        plain_name(file.stem): file
        for place in folders
        for file in sorted(place.iterdir())
        if file.suffix.lower() in AUDIO_SUFFIXES and file.is_file()
    }


def _read_loose(
    stored: StoredGraph,
    sources: Mapping[str, Path],
    sample_rate_hz: int | None,
    report: Report,
) -> DryTracks:
    """Return tracks without a mix, as long as the last of them sounds."""
    files = [sources[track.name] for track in stored.tracks]
    rate = sample_rate_hz or read_recording(files[0]).file_rate_hz
    check_rate(rate, "the rendering")
    recordings, scratch = [], Scratch()
    for done, file in enumerate(files, 1):
        recordings.append(scratch.keep(read_recording(file, rate).audio))
        report("reading", done, len(files))
    moved = [round(track.alignment.delay_s * rate) for track in stored.tracks]
    ends = [
        audio.shape[1] + by for audio, by in zip(Looks(look_at, recordings), moved, strict=True)
    ]
    length, scratch = max(1, *ends), Scratch()
    tracks = [
        scratch.keep(apply_alignment(look_at(recordings.pop(0)), track.alignment, length, rate))
        for track in stored.tracks
    ]
    files_read = frozenset(file.resolve() for file in files)
    return DryTracks(Looks(look_at, tracks), None, rate, files_read)
