"""How large a song is, from the headers of its files alone."""

from dataclasses import dataclass

from mixtrace.session import Song
from mixtrace.session.decoding import decode

__all__ = ["SongSize", "size_of"]


@dataclass(frozen=True)
class SongSize:
    """How large a song is.

    Attributes:
        tracks: how many it has.
        channels: of all tracks together.
        seconds: the length of its mix; 0 where the file cannot know.
        sample_rate_hz: of its mix.
    """

    tracks: int
    channels: int
    seconds: float
    sample_rate_hz: int


def size_of(song: Song) -> SongSize:
    """Return how large a song is; no audio is decoded.

    Raises:
        AudioError: a file cannot be read.
    """
    channels = 0
    for track in song.tracks:
        with decode(track.path, track.stream) as (header, _):
            channels += min(header.channels, 2) if track.right_path is None else 2
    with decode(song.mix_path) as (header, _):
        seconds = (header.frames or 0) / header.sample_rate_hz
        return SongSize(len(song.tracks), channels, seconds, header.sample_rate_hz)
