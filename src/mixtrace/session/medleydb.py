"""A song folder of MedleyDB in its own layout, its raw tracks grouped by stem.

Source: the data set's published layout, `<Song>_METADATA.yaml` with `stems: {S01: {instrument,
raw: {R01: {filename, instrument}}}}`, `mix_filename` and `raw_dir`; R. Bittner et al., "MedleyDB",
ISMIR 2014. One bus a stem is what S. Lee et al. (arXiv 2509.15948) do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mixtrace.errors import SessionError
from mixtrace.names import plain_name
from mixtrace.session.opening import is_song_file
from mixtrace.session.plain_yaml import read_plain_yaml
from mixtrace.session.song import Song, TrackSource

__all__ = ["RawTrack", "find_metadata", "raw_tracks", "read_medleydb", "read_metadata"]

_TOLD_CHARACTERS = 300  # of a path, in a sentence

_SUFFIX = "_METADATA.yaml"


def find_metadata(folder: Path) -> Path | None:
    """Return the metadata file that makes a folder a MedleyDB song, or None."""
    found = sorted(p for p in folder.glob("*" + _SUFFIX) if is_song_file(p))
    return found[0] if len(found) == 1 else None


@dataclass(frozen=True)
class RawTrack:
    """A raw track as the metadata tell of it.

    Attributes:
        name: of the track in our song, `S02 R01 snare drum`.
        group: its stem, `S02 drum set`.
        file_name: in the song's folder of raw tracks.
        instrument: what is heard on it.
    """

    name: str
    group: str
    file_name: str
    instrument: str


def read_metadata(metadata_path: Path) -> dict[str, Any]:
    """Return a MedleyDB metadata file, whose values are texts, lists and tables.

    Raises:
        SessionError: it is no YAML of this kind.
    """
    return read_plain_yaml(metadata_path, "MedleyDB metadata")


def raw_tracks(metadata: dict[str, Any], metadata_path: Path) -> Iterator[RawTrack]:
    """Yield the raw tracks of a song, stem by stem.

    Args:
        metadata: what `read_metadata` gave.
        metadata_path: where it was read, for messages.

    Raises:
        SessionError: the metadata are not of this layout.
    """
    for stem_id, stem in sorted(_table(metadata, "stems", metadata_path).items()):
        group = plain_name(f"{stem_id} {_instrument(stem)}")
        for raw_id, raw in sorted(_table(stem, "raw", metadata_path).items()):
            instrument = _instrument(raw)
            name = plain_name(f"{stem_id} {raw_id} {instrument}")
            file_name = _text(raw, "filename", metadata_path)
            yield RawTrack(name, group, file_name, plain_name(instrument))


def read_medleydb(metadata_path: Path, mix_path: Path | None = None) -> Song:
    """Return the song a MedleyDB metadata file describes.

    Args:
        metadata_path: `<Song>_METADATA.yaml` in the song's folder.
        mix_path: a mix that replaces the data set's.

    Raises:
        SessionError: not YAML of this layout, or a file it names is missing.
    """
    folder = metadata_path.parent
    metadata = read_metadata(metadata_path)
    name = plain_name(metadata_path.name.removesuffix(_SUFFIX)) or "song"
    if mix_path is None:
        mix_path = _file(folder, _text(metadata, "mix_filename", metadata_path), metadata_path)
    raw_dir = _text(metadata, "raw_dir", metadata_path)
    tracks = tuple(
        TrackSource(raw.name, _file(folder, raw.file_name, metadata_path, raw_dir), raw.group)
        for raw in raw_tracks(metadata, metadata_path)
    )
    notes = ["MedleyDB song: raw tracks from the data set, grouped by stem"]
    if metadata.get("has_bleed") == "yes":
        notes.append("the data set says that its tracks bleed into one another")
    return Song(name, mix_path, tracks, tuple(notes))


def _instrument(entry: Any) -> str:
    """Return the instrument of a stem or raw; some have a list of them, some none."""
    instrument = entry.get("instrument") if isinstance(entry, dict) else None
    names = instrument if isinstance(instrument, list) else [instrument or "unknown"]
    return " + ".join(str(n) for n in names)


def _table(entry: Any, key: str, path: Path) -> dict[str, Any]:
    value = entry.get(key) if isinstance(entry, dict) else None
    if not isinstance(value, dict):
        raise SessionError(f"Expected a table {key!r} in the MedleyDB metadata {path}; got none.")
    return {str(k): v for k, v in value.items()}


def _text(entry: Any, key: str, path: Path) -> str:
    value = entry.get(key) if isinstance(entry, dict) else None
    if not isinstance(value, str) or Path(value).name != value or not value.isprintable():
        raise SessionError(
            f"Expected a plain file name for {key!r} in the MedleyDB metadata {path}; "
            f"got {value!r:.60}."
        )
    return value


def _file(folder: Path, name: str, metadata_path: Path, subfolder: str = "") -> Path:
    path = folder / subfolder / name
    if not is_song_file(path):
        meant = str(Path(subfolder) / name)[:_TOLD_CHARACTERS]
        raise SessionError(
            f"Expected {meant} in {folder}, named in {metadata_path.name}; "
            "there is none. Complete the download of this song."
        )
    return path
