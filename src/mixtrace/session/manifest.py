"""`session.toml`: the mix, the tracks, their names and groups, written by a person.

A manifest may come from a stranger with its audio: its paths stay inside its folder, and an unknown
key is an error, not a typing mistake passed over.
"""

import os
import sys
import unicodedata
from pathlib import Path
from typing import Any

from mixtrace.errors import SessionError
from mixtrace.names import plain_name, printable
from mixtrace.session.groups import guess_group
from mixtrace.session.opening import is_song_file, read_text
from mixtrace.session.song import Song, TrackSource

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pyright: ignore[reportMissingImports] (absent on 3.11 and later)

__all__ = ["MANIFEST_NAME", "read_manifest"]

MANIFEST_NAME = "session.toml"

_SONG_KEYS = {"name", "mix", "tracks"}
_MOST_DOTS = 100
"""In a line: time grows with the square of a key's parts, and no path has as many."""

_TRACK_KEYS = {"path", "name", "group"}


def read_manifest(path: Path, mix_path: Path | None = None) -> Song:
    """Return the song a manifest describes.

    Args:
        path: the TOML file; paths in it are relative to its folder.
        mix_path: a mix that replaces the manifest's.

    Raises:
        SessionError: not TOML, an unknown or missing key, a value of the wrong type, a missing file
            or one outside the manifest's folder.
    """
    table = _parse(path)
    _check_keys(table, _SONG_KEYS, str(path))
    folder = path.parent
    entries = table.get("tracks", [])
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise SessionError(f"Expected [[tracks]] tables in {path}; got something else there.")
    if mix_path is None:
        mix_path = _file_inside(folder, _text(table, "mix", str(path)), path)
    name = _name(table, "name", str(path), plain_name(folder.resolve().name) or "song")
    tracks = tuple(_track(e, f"track {i} of {path}", path) for i, e in enumerate(entries, 1))
    guessed = [t.name for t, e in zip(tracks, entries, strict=True) if "group" not in e]
    notes = ["tracks and mix from the manifest"]
    if guessed:
        notes.append(f"groups from file names for {len(guessed)} of {len(tracks)} tracks")
    return Song(name, mix_path, tracks, tuple(notes))


def _parse(path: Path) -> dict[str, Any]:
    try:
        text = read_text(path)
        if any(line.count(".") > _MOST_DOTS for line in text.splitlines()):
            raise ValueError(f"a line has more than {_MOST_DOTS} dots")
        return tomllib.loads(text)
    except SessionError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise SessionError(
            f"Expected a manifest in TOML; {path} cannot be read as such ({error}). Mend it there: "
            "a text is one line, and a backslash in double quotes is written twice."
        ) from error


def _track(entry: dict[str, Any], where: str, manifest: Path) -> TrackSource:
    _check_keys(entry, _TRACK_KEYS, where)
    path = _file_inside(manifest.parent, _text(entry, "path", where), manifest)
    name = _name(entry, "name", where, default=plain_name(path.stem) or "track")
    return TrackSource(name, path, _name(entry, "group", where, default=guess_group(name)))


def _check_keys(table: dict[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(table.keys() - known)
    if unknown:
        raise SessionError(
            f"Expected the keys {', '.join(sorted(known))} in {where}; got {unknown[0][:60]!r}. "
            "Remove it or mend its spelling."
        )


def _text(table: dict[str, Any], key: str, where: str, default: str | None = None) -> str:
    value = table.get(key, default)
    if not isinstance(value, str) or not value.strip() or any(map(_is_control, value)):
        got = "nothing" if value is None else repr(value)[:60]
        raise SessionError(
            f"Expected a text for {key!r} in {where}, of one line and without control characters; "
            f"got {got}. Write another one there."
        )
    return value


def _name(table: dict[str, Any], key: str, where: str, default: str) -> str:
    """Return a text that is shown to people: what cannot be seen in it is left out."""
    return printable(_text(table, key, where, default)).strip() or default


def _is_control(character: str) -> bool:
    return unicodedata.category(character) == "Cc"


def _file_inside(folder: Path, text: str, manifest: Path) -> Path:
    """Return the file a manifest names, which must lie inside its folder, links followed."""
    relative = Path(text)
    real, real_folder = os.path.realpath(folder / relative), os.path.realpath(folder)
    inside = Path(real).is_relative_to(real_folder)
    if relative.is_absolute() or ".." in relative.parts or not inside:
        raise SessionError(
            f"Expected paths inside the folder of {manifest}; {text!r} points outside it. "
            "Copy that file into the folder."
        )
    if not is_song_file(folder / relative):
        raise SessionError(f"Expected the file {text[:300]!r} named in {manifest}; there is none.")
    return folder / relative
