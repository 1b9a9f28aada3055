"""ENST-Drums: three drummers, each take recorded by up to eight microphones and mixed twice.

Layout: `drummer_{1..3}/audio/{kick,snare,hi-hat,overhead_L,overhead_R,tom_1..3,dry_mix,wet_mix}/
<take>.wav`, and `accompaniment`, which no mix holds. The dry mix is the microphones in balance, the
wet mix has equalizers, compressors and reverb besides. A corpus takes each take once, with its wet
mix: both mixes are of the same tracks, and a model would see each take twice. `song` and `facts`
know the dry ones as well, called `drummer_1 <take> dry`.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from mixtrace.datasets.base import Dataset, SongFacts
from mixtrace.datasets.files import folders_in, missing_among
from mixtrace.datasets.identities import identities
from mixtrace.errors import SessionError
from mixtrace.session import Song, TrackSource
from mixtrace.session.folders import audio_files, visible
from mixtrace.session.opening import is_song_file

__all__ = ["EnstDrums"]

_DRUMMER = re.compile(r"drummer_[0-9]{1,2}")
_WET, _DRY = "wet", "dry"
_MICROPHONES = {
    "kick": "kick drum",
    "snare": "snare drum",
    "hi-hat": "hi-hat",
    "tom_1": "tom",
    "tom_2": "tom",
    "tom_3": "tom",
}
"""What each folder's microphone stands at."""

_OVERHEADS = ("overhead_L", "overhead_R")


class EnstDrums(Dataset):
    """Takes of ENST-Drums with their wet mixes."""

    name = "enst-drums"
    title = "ENST-Drums"
    licence = "research; its authors' terms come with it"
    citation = (
        'O. Gillet, G. Richard, "ENST-Drums: an extensive audio-visual database for drum signals '
        'processing", ISMIR 2006'
    )
    url = "https://perso.telecom-paristech.fr/grichard/ENST-drums/"

    @classmethod
    def recognises(cls, folder: Path) -> bool:
        """Return whether there are drummers alone, and mixes of them."""
        folders = folders_in(folder)
        return all(_DRUMMER.fullmatch(path.name) for path in folders) and any(
            (path / "audio" / f"{kind}_mix").is_dir() for path in folders for kind in (_WET, _DRY)
        )

    def ids(self) -> Sequence[str]:
        """Return the takes, `drummer_1 <take> wet`."""
        return tuple(self._mixes(_WET))

    def song(self, identity: str) -> Song:
        """Return the microphones of a take and its mix, the overheads as one track in stereo."""
        mix = self._mix(identity)
        audio = mix.parent.parent
        rooms = [audio / name for name in _MICROPHONES if (audio / name).is_dir()]
        overheads = [audio / name / mix.name for name in _OVERHEADS]
        missing = missing_among((*(room / mix.name for room in rooms), *overheads), audio)
        if missing:
            raise SessionError(missing)
        tracks = [TrackSource(room.name, room / mix.name, "drums") for room in rooms]
        tracks.append(TrackSource("overheads", overheads[0], "drums", overheads[1]))
        return Song(identity, mix, tuple(tracks), (f"ENST-Drums take: the {mix.parent.name}",))

    def facts(self, identity: str) -> SongFacts:
        """Return the drummer, the take and the drums; there is bleed everywhere."""
        mix = self._mix(identity)
        notes = ["Microphones of one kit: each hears all drums."]
        if is_song_file(mix.parent.parent / "accompaniment" / mix.name):
            notes.append("The drummer played to an accompaniment, which is in none of the mixes.")
        instruments = {**_MICROPHONES, "overheads": "drum set"}
        return SongFacts(_drummer(mix), _take(mix), "", "", instruments, tuple(notes))

    def _mix(self, identity: str) -> Path:
        return self._mixes(_DRY if identity.endswith(f" {_DRY}") else _WET)[identity]

    def _mixes(self, kind: str) -> dict[str, Path]:
        return self._wet if kind == _WET else self._dry

    @cached_property
    def _wet(self) -> dict[str, Path]:
        return identities(self.folder, self._files(_WET), _name)

    @cached_property
    def _dry(self) -> dict[str, Path]:
        return identities(self.folder, self._files(_DRY), _name)

    def _files(self, kind: str) -> Iterator[Path]:
        for drummer in folders_in(self.folder):
            mixes = drummer / "audio" / f"{kind}_mix"
            if _DRUMMER.fullmatch(drummer.name) and mixes.is_dir():
                yield from audio_files(visible(mixes))


def _name(mix: Path) -> str:
    return f"{_drummer(mix)} {_take(mix)} {mix.parent.name.removesuffix('_mix')}"


def _drummer(mix: Path) -> str:
    return mix.parents[2].name


def _take(mix: Path) -> str:
    return mix.stem
