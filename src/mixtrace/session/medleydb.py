"""A song folder of MedleyDB in its own layout, its raw tracks grouped by stem.

Source: the data set's published layout, `<Song>_METADATA.yaml` with `stems: {S01: {instrument,
raw: {R01: {filename, instrument}}}}`, `mix_filename` and `raw_dir`; R. Bittner et al., "MedleyDB",
ISMIR 2014. One bus a stem is what S. Lee et al. (arXiv 2509.15948) do.
"""

from pathlib import Path
from typing import Any

import yaml

from mixtrace.errors import SessionError
from mixtrace.names import plain_name
from mixtrace.session.opening import is_song_file, read_text
from mixtrace.session.song import Song, TrackSource

__all__ = ["find_metadata", "read_medleydb"]

_TOLD_CHARACTERS = 300  # of a path, in a sentence

_SUFFIX = "_METADATA.yaml"


def find_metadata(folder: Path) -> Path | None:
    """Return the metadata file that makes a folder a MedleyDB song, or None."""
    found = sorted(p for p in folder.glob("*" + _SUFFIX) if is_song_file(p))
    return found[0] if len(found) == 1 else None


def read_medleydb(metadata_path: Path, mix_path: Path | None = None) -> Song:
    """Return the song a MedleyDB metadata file describes.

    Args:
        metadata_path: `<Song>_METADATA.yaml` in the song's folder.
        mix_path: a mix that replaces the data set's.

    Raises:
        SessionError: not YAML of this layout, or a file it names is missing.
    """
    folder = metadata_path.parent
    metadata = _parse(metadata_path)
    name = plain_name(metadata_path.name.removesuffix(_SUFFIX)) or "song"
    if mix_path is None:
        mix_path = _file(folder, _text(metadata, "mix_filename", metadata_path), metadata_path)
    raw_dir = _text(metadata, "raw_dir", metadata_path)
    tracks: list[TrackSource] = []
    for stem_id, stem in sorted(_table(metadata, "stems", metadata_path).items()):
        group = plain_name(f"{stem_id} {_instrument(stem)}")
        for raw_id, raw in sorted(_table(stem, "raw", metadata_path).items()):
            path = _file(folder, _text(raw, "filename", metadata_path), metadata_path, raw_dir)
            tracks.append(TrackSource(_track_name(stem_id, raw_id, raw), path, group))
    notes = ["MedleyDB song: raw tracks from the data set, grouped by stem"]
    if metadata.get("has_bleed") == "yes":
        notes.append("the data set says that its tracks bleed into one another")
    return Song(name, mix_path, tuple(tracks), tuple(notes))


class _PlainLoader(yaml.BaseLoader):
    """Texts, lists and tables alone: no tags, which make other values, and no aliases.

    Aliases of aliases make gigabytes of a few lines.
    """

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Refuse an alias or a tag; everything else is as in YAML."""
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None) is not None:
            raise yaml.YAMLError("it uses aliases or tags")
        return super().compose_node(parent, index)


def _parse(path: Path) -> dict[str, Any]:
    try:
        loaded = yaml.load(read_text(path), _PlainLoader)
    except SessionError:
        raise
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())[:200]
        raise SessionError(
            f"Expected MedleyDB metadata in plain YAML; {path} is no YAML of that kind ({reason}). "
            "Download the song anew."
        ) from error
    if not isinstance(loaded, dict):
        raise SessionError(f"Expected MedleyDB metadata in {path}; got no table of keys.")
    return loaded


def _track_name(stem_id: str, raw_id: str, raw: dict[str, Any]) -> str:
    return plain_name(f"{stem_id} {raw_id} {_instrument(raw)}")


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
