"""A song in memory: mix and tracks at one rate and one length, each track where the mix has it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path

import numpy as np
from jaxtyping import Float

from mixtrace.errors import AudioError
from mixtrace.parallel import side_by_side
from mixtrace.runtime import give_back
from mixtrace.session.align import Finding, find_alignments
from mixtrace.session.alignment import Alignment, apply_alignment
from mixtrace.session.alignment_notes import alignment_notes
from mixtrace.session.audio import Recording, read_recording
from mixtrace.session.belonging import UNHEARD, Hearing
from mixtrace.session.contents import MONO_MIX, Contents, content_notes, examine
from mixtrace.session.decoding import release_decoders
from mixtrace.session.duplicates import find_duplicates
from mixtrace.session.find import find_song
from mixtrace.session.header import check_rate
from mixtrace.session.missing import Missing
from mixtrace.session.place import FARTHEST_S
from mixtrace.session.references import Starts
from mixtrace.session.scratch import OnDisk, Scratch, Views, view_of
from mixtrace.session.song import Song, TrackSource, listed

__all__ = ["Progress", "Session", "Track", "read_session"]

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many steps of it are done, and of how many."""

_SILENT = 1e-4  # peak, -80 dB: below the dither of a 16-bit file
_SAME_LENGTH_S = 0.01  # differences in length below this are not worth a note


@dataclass(frozen=True, eq=False)
class Track:
    """One dry track, ready to be mixed.

    Attributes:
        name: its name, unique in the session.
        group: the bus it goes to.
        kept: [1 or 2, time], moved and turned over as `alignment` says; `audio` shows it.
        alignment: what was measured, or given.
        silent: whether nothing in it reaches -80 dB.
        duplicate_of: the name of an earlier track with the same recording.
        clipped_samples: samples of its file in flat runs at full scale.
        file_rate_hz: the rate its file claims; 0 where there is no file.
        hearing: whether it is heard in the mix, as far as that was looked at.
    """

    name: str
    group: str
    kept: Float[np.ndarray, "channel time"] | OnDisk
    alignment: Alignment
    silent: bool
    duplicate_of: str | None
    clipped_samples: int
    file_rate_hz: int = 0
    hearing: Hearing = UNHEARD

    @property
    def unused(self) -> bool:
        """Whether it does not belong to the mix: kept in the session, left out of the search."""
        return self.hearing.belongs == "not heard"

    @property
    def audio(self) -> Float[np.ndarray, "channel time"]:
        """The samples; in a large session mapped from disk, so that no one should hold them."""
        return view_of(self.kept)


@dataclass(frozen=True, eq=False)
class Session:
    """A song's mix and its dry tracks, all of the mix's length.

    Attributes:
        name: the song's name.
        sample_rate_hz: the rate of all audio in it.
        mix: [2, time].
        tracks: the tracks.
        notes: what was assumed and done, in words.
        missing: what of the mix no track explains, as far as that was looked at.
    """

    name: str
    sample_rate_hz: int
    mix: Float[np.ndarray, "2 time"]
    tracks: tuple[Track, ...]
    notes: tuple[str, ...]
    missing: Missing | None = None

    @property
    def audio(self) -> Views[Float[np.ndarray, "_channel time"]]:
        """The samples of each track, shown when they are asked for."""
        return Views(attrgetter("audio"), self.tracks)


def read_session(
    song: Song | Path | str,
    *,
    sample_rate_hz: int | None = None,
    align: bool = True,
    alignments: Mapping[str, Alignment] | None = None,
    progress: Progress | None = None,
) -> Session:
    """Return a song's audio, resampled, aligned, and padded or cropped to the mix's length.

    Files are read and resampled a few at a time; the session holds one float32 copy of the audio,
    beyond the first gigabyte on disk.

    Args:
        song: the files, or the path `find_song` is to look at.
        sample_rate_hz: the rate wanted; None for the mix's own.
        align: whether to measure delays and polarities; False leaves tracks where they start.
        alignments: by track name, to use instead of measuring (found at another rate, say);
            tracks that it does not name stay where they start.
        progress: see `Progress`.

    Raises:
        SessionError: see `find_song`.
        AudioError: a file or a rate that cannot be used, or a silent mix.
    """
    song = song if isinstance(song, Song) else find_song(song)
    report = progress or (lambda what, done, total: None)
    if sample_rate_hz is not None:
        check_rate(sample_rate_hz)
    report("reading", 0, len(song.tracks))
    mix = read_recording(song.mix_path, sample_rate_hz, right_path=song.mix_right_path)
    if np.max(np.abs(mix.audio)) < _SILENT:
        raise AudioError(f"Expected a mix that can be heard; {song.mix_path} is silent.")
    rate = sample_rate_hz or mix.file_rate_hz
    stereo = np.repeat(mix.audio, 2, axis=0) if len(mix.audio) == 1 else mix.audio
    dry = _read_tracks(song, mix, rate, alignments or {}, report)
    audio = Views(attrgetter("audio"), dry)
    copies = find_duplicates(audio)
    given = alignments or {}
    found = [Finding(given.get(source.name, Alignment())) for source in song.tracks]
    if align and alignments is None:
        starts = Starts(tuple(recording.start_s for recording in dry), mix.start_s)
        found = find_alignments(
            audio, stereo, starts, rate, lambda done, most: report("aligning", done, most)
        )
    read = _reading_notes(song, mix, dry, rate)
    placed = [finding.alignment for finding in found]
    tracks = _place_tracks(song, dry, copies, placed, stereo.shape[1], rate)
    told = alignment_notes({t.name: f for t, f in zip(tracks, found, strict=True)})
    notes, missing = [*told, *_track_notes(tracks)], None
    if not align and alignments is None:
        notes.append("alignment off: every track starts where its file starts")
    if align and alignments is None:
        report("comparing", 0, 1)
        contents = examine(Views(attrgetter("audio"), tracks), stereo, rate)
        tracks, missing = _judged(tracks, contents), contents.missing
        notes = [*content_notes(contents, [t.name for t in tracks]), *notes]
        report("comparing", 1, 1)
    give_back()
    return Session(song.name, rate, stereo, tracks, (*notes, *read, *song.notes), missing)


def _read_tracks(
    song: Song, mix: Recording, rate: int, alignments: Mapping[str, Alignment], report: Progress
) -> list[Recording]:
    """Return the tracks, no longer than the mix and the farthest they may be moved earlier."""
    farthest_s = max([FARTHEST_S, *(-a.delay_s for a in alignments.values())])
    most_s = mix.audio.shape[1] / rate + farthest_s

    def read(source: TrackSource) -> Recording:
        return read_recording(
            source.path,
            rate,
            right_path=source.right_path,
            stream=source.stream,
            most_s=most_s,
        )

    dry: list[Recording] = []
    scratch = Scratch()
    for recording in side_by_side(read, song.tracks):
        dry.append(replace(recording, kept=scratch.keep(recording.audio)))
        report("reading", len(dry), len(song.tracks))
    release_decoders()
    return dry


def _place_tracks(
    song: Song,
    dry: list[Recording],
    copies: Sequence[int | None],
    found: Sequence[Alignment],
    length: int,
    rate: int,
) -> tuple[Track, ...]:
    """Return the tracks where the mix has them; empties `dry`, so that one copy is held at most."""
    tracks: list[Track] = []
    scratch = Scratch()
    for source, copy, alignment in zip(song.tracks, copies, found, strict=True):
        recording = dry.pop(0)
        silent = float(np.max(np.abs(recording.audio))) < _SILENT
        kept = scratch.keep(apply_alignment(recording.audio, alignment, length, rate))
        original = None if copy is None or silent else song.tracks[copy].name
        clipped = recording.clipped_samples
        track = Track(source.name, source.group, kept, alignment, silent, original, clipped)
        tracks.append(replace(track, file_rate_hz=recording.file_rate_hz))
    return tuple(tracks)


def _judged(tracks: Sequence[Track], contents: Contents) -> tuple[Track, ...]:
    """Return the tracks with what was heard of them; nothing is looked for of a silent one."""
    return tuple(
        track if track.silent else replace(track, hearing=hearing)
        for track, hearing in zip(tracks, contents.hearings, strict=True)
    )


def _reading_notes(song: Song, mix: Recording, dry: Sequence[Recording], rate: int) -> list[str]:
    """Return what reading changed: rates, lengths, channels."""
    named = [("the mix", mix), *((s.name, d) for s, d in zip(song.tracks, dry, strict=True))]
    rates = [f"{name} ({r.file_rate_hz} Hz)" for name, r in named if r.file_rate_hz != rate]
    gaps = [(name, r.duration_s - mix.duration_s) for name, r in named]
    shorter = [f"{name} ({-gap:.2f} s)" for name, gap in gaps if gap < -_SAME_LENGTH_S]
    longer = [f"{name} ({gap:.2f} s)" for name, gap in gaps if gap > _SAME_LENGTH_S]
    notes = [MONO_MIX] if len(mix.audio) == 1 else []
    notes += [f"resampled to {rate} Hz: {listed(rates)}"] if rates else []
    notes += [f"shorter than the mix, padded with silence: {listed(shorter)}"] if shorter else []
    notes += [f"longer than the mix, cropped: {listed(longer)}"] if longer else []
    return notes


def _track_notes(tracks: Sequence[Track]) -> list[str]:
    """Return what the tracks' own files show, the gravest first."""
    every = len(tracks)
    copies = [f"{t.name} (of {t.duplicate_of})" for t in tracks if t.duplicate_of]
    clipped = [f"{t.name} ({t.clipped_samples} samples)" for t in tracks if t.clipped_samples]
    silent = [t.name for t in tracks if t.silent]
    notes = [f"the same recording twice, both are used: {listed(copies, every)}"] if copies else []
    notes += [f"clipped in the file, used as it is: {listed(clipped, every)}"] if clipped else []
    notes += [f"silent, adds nothing: {listed(silent, every)}"] if silent else []
    return notes
