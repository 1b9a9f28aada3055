"""How large a song is, from the headers of its files alone."""

from dataclasses import dataclass

from mixtrace.errors import AudioError, SessionError
from mixtrace.names import printable
from mixtrace.session import Song, TrackSource
from mixtrace.session.header import FileHeader, read_header
from mixtrace.session.opening import is_song_file

__all__ = ["SongHeaders", "SongSize", "read_headers", "size_of"]


@dataclass(frozen=True)
class SongSize:
    """How large a song is.

    Attributes:
        tracks: how many it has.
        channels: of all tracks together, 1 or 2 each.
        seconds: length of the mix, or of the longest track where the mix is not there yet or does
            not tell it; 0 where no header tells a length.
        sample_rate_hz: of the mix, or of the first track where the mix is not there yet.
    """

    tracks: int
    channels: int
    seconds: float
    sample_rate_hz: int


@dataclass(frozen=True)
class SongHeaders:
    """What the files of a song say of themselves.

    Attributes:
        song: the song.
        mix: the headers of the mix's files; none where it is not there yet.
        tracks: those of each track's files, one or two.
        damages: a sentence for each file that cannot be used; it has no header here.
    """

    song: Song
    mix: tuple[FileHeader, ...]
    tracks: tuple[tuple[FileHeader, ...], ...]
    damages: tuple[str, ...]

    @property
    def size(self) -> SongSize:
        """How large the song is.

        Raises:
            AudioError: a file of it cannot be used.
        """
        if self.damages:
            raise AudioError(self.damages[0])
        every = [header for headers in self.tracks for header in headers]
        longest = max(header.seconds for header in every)
        first = (self.mix or self.tracks[0])[0]
        seconds = max((header.seconds for header in self.mix), default=0.0) or longest
        channels = sum(header.channels for header in every)
        return SongSize(len(self.tracks), channels, seconds, first.sample_rate_hz)

    def unequal(self) -> tuple[str, ...]:
        """Return a sentence if lengths differ that tell one another; none where all are equal."""
        named = [("the mix", self.mix)] if self.mix else []
        named += [(t.name, h) for t, h in zip(self.song.tracks, self.tracks, strict=True)]
        lengths = {name: header.seconds for name, headers in named for header in headers}
        if len(set(lengths.values())) < 2:
            return ()
        shortest, longest = (choose(lengths, key=lambda n: lengths[n]) for choose in (min, max))
        return (
            f"Expected all files of {self.song.name} to be equally long, as this data set "
            f"promises; {shortest} has {lengths[shortest]:.4f} s, {longest} has "
            f"{lengths[longest]:.4f} s. Download the song anew.",
        )


def size_of(song: Song) -> SongSize:
    """Return how large a song is; nothing is decoded.

    Raises:
        AudioError: a file of it is no audio, empty or cut off.
    """
    return read_headers(song).size


def read_headers(song: Song) -> SongHeaders:
    """Return what the files of a song say of themselves, and which of them cannot be used."""
    damages: list[str] = []
    mix = TrackSource(song.name, song.mix_path, "mix", song.mix_right_path)
    there = is_song_file(song.mix_path)
    mix_headers = _headers(mix, damages) if there else ()
    tracks = tuple(_headers(track, damages) for track in song.tracks)
    return SongHeaders(song, mix_headers, tracks, tuple(damages))


def _headers(track: TrackSource, damages: list[str]) -> tuple[FileHeader, ...]:
    """Return the headers of a track's files; what is wrong with a file is added to the damages."""
    found: list[FileHeader] = []
    for path in track.paths:
        try:
            found.append(read_header(path, track.stream))
        except (AudioError, SessionError) as error:
            damages.append(printable(str(error)))
    return tuple(found)
