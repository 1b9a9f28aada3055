"""Where a song's tracks and mix lie: a manifest, a MedleyDB song, an archive, or any folder."""

from dataclasses import replace
from pathlib import Path

from mixtrace.errors import SessionError
from mixtrace.names import plain_name
from mixtrace.session.archive import is_archive, unpack
from mixtrace.session.folders import audio_files, innermost, refuse_result, visible
from mixtrace.session.layout import read_folder
from mixtrace.session.manifest import MANIFEST_NAME, read_manifest
from mixtrace.session.medleydb import find_metadata, read_medleydb
from mixtrace.session.opening import is_song_file
from mixtrace.session.song import Song
from mixtrace.session.stem_file import STEM_SUFFIX, read_stem_file

__all__ = ["find_song"]


def find_song(path: Path | str, *, mix: str | Path | None = None) -> Song:
    """Return the files of the song at a path; nothing but names and manifests is read.

    Args:
        path: a `session.toml`, a `.stem.mp4`, or a folder or ZIP: with a manifest in it, of a
            MedleyDB song, with `tracks/` or other folders of tracks and a mix, or of loose audio
            files one of which is named as a mix.
        mix: the mix's file, looked for in the song's folder first; None to find it.

    Raises:
        SessionError: nothing there, no mix or several, no track, two of one name, a bad manifest or
            archive, a result of ours, or a pipe or device where a file is expected.
    """
    path = Path(path)
    if not path.exists():
        raise SessionError(
            f"Expected a song's folder or manifest; there is nothing at {path}. Correct the path."
        )
    if path.is_dir():
        return _find_in(path, mix, _name(path))
    if path.name.lower().endswith(STEM_SUFFIX):
        return read_stem_file(path, None if mix is None else _chosen_mix(path.parent, Path(mix)))
    if is_archive(path):
        unpacked = unpack(path)
        return replace(_find_in(unpacked.folder, mix, _name(path)), unpacked=unpacked)
    if path.suffix.lower() == ".toml":
        return read_manifest(path, None if mix is None else _chosen_mix(path.parent, Path(mix)))
    raise SessionError(
        "Expected a song's folder, a ZIP of one, a .stem.mp4 or a manifest (.toml); "
        f"{path} is a file of another kind."
    )


def _find_in(outer: Path, mix: str | Path | None, name: str) -> Song:
    """Return the song in a folder, or in the only folder inside it."""
    folder = outer if is_song_file(outer / MANIFEST_NAME) else innermost(outer)
    refuse_result(folder)
    mix_path = None
    if mix is not None:
        inside = folder if is_song_file(folder / mix) else outer
        mix_path = _chosen_mix(inside, Path(mix))
    if is_song_file(folder / MANIFEST_NAME):
        return read_manifest(folder / MANIFEST_NAME, mix_path)
    metadata = find_metadata(folder)
    if metadata is not None:
        return read_medleydb(metadata, mix_path)
    audio = audio_files(visible(folder))
    if len(audio) == 1 and audio[0].name.lower().endswith(STEM_SUFFIX):
        return read_stem_file(audio[0], mix_path)
    return read_folder(folder, mix_path, name)


def _name(path: Path) -> str:
    """Return what a song is called after its folder or archive."""
    real = path.resolve()
    return plain_name(real.name if real.is_dir() else real.stem) or "song"


def _chosen_mix(folder: Path, mix: Path) -> Path:
    for candidate in (folder / mix, mix):
        if is_song_file(candidate):
            return candidate
    raise SessionError(f"Expected the mix {mix} in {folder} or as a path; there is no such file.")
