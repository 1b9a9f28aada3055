"""A song that gets the settings of a result: its tracks, and how they lie in its mix."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mixtrace.errors import SessionError
from mixtrace.metrics import LOSS_RATE_HZ
from mixtrace.names import plain_name
from mixtrace.progress import Steps
from mixtrace.reusing import NewTrack
from mixtrace.session import Alignment, Song, TrackSource, find_song, read_session
from mixtrace.session.layout import find_tracks
from mixtrace.session.song import listed
from mixtrace.verbs.sources import Recordings

__all__ = ["OtherSong", "find_other"]

_NO_MIX = "The song has no mix: every track starts where its file starts."


@dataclass(frozen=True)
class OtherSong:
    """A song, or the tracks of one without its mix.

    Attributes:
        path: where the user says it is.
        mix_path: its mix, where the user named it.
        name: what it is called.
        sources: its tracks.
        song: the song; None where there is no mix.
    """

    path: Path
    mix_path: Path | None
    name: str
    sources: tuple[TrackSource, ...]
    song: Song | None

    @property
    def recordings(self) -> Recordings:
        """What it is made of."""
        return self.song or self.sources

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file of it."""
        if self.song is not None:
            return self.song.paths
        return tuple(file for source in self.sources for file in source.paths)

    def placed(
        self, report: Steps, *, align: bool
    ) -> tuple[Mapping[str, tuple[NewTrack, Alignment]], tuple[str, ...]]:
        """Return its tracks by name with how each lies in the mix, and what was found of that.

        Args:
            report: see `Steps`.
            align: whether to measure it; without a mix there is nothing to measure.

        Raises:
            AudioError: a file that cannot be read.
        """
        tracks = {source.name: NewTrack(source.name, source.group) for source in self.sources}
        if self.song is None:
            return {name: (track, Alignment()) for name, track in tracks.items()}, (_NO_MIX,)
        session = read_session(self.song, sample_rate_hz=LOSS_RATE_HZ, align=align, progress=report)
        unheard = [track.name for track in session.tracks if track.unused]
        notes = [
            f"Not heard in the song's own mix, and mixed in all the same: {listed(unheard)}."
        ] * bool(unheard)
        placed = {track.name: (tracks[track.name], track.alignment) for track in session.tracks}
        return placed, (*notes, *session.notes)


def find_other(path: Path, mix: Path | None) -> OtherSong:
    """Return the song at a path, or the tracks of a folder that has no mix.

    Raises:
        SessionError: neither is there.
    """
    try:
        song = find_song(path, mix=mix)
    except SessionError:
        sources = find_tracks(path) if mix is None and path.is_dir() else ()
        if not sources:
            raise
        return OtherSong(path, None, plain_name(path.resolve().name) or "song", sources, None)
    return OtherSong(path, mix, song.name, song.tracks, song)
