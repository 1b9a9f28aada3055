"""Where a song's tracks and mix lie: a manifest, a MedleyDB song, or any folder of audio."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from mixtrace.errors import SessionError
from mixtrace.session.containers import AUDIO_SUFFIXES
from mixtrace.session.groups import guess_group
from mixtrace.session.manifest import MANIFEST_NAME, read_manifest
from mixtrace.session.medleydb import find_metadata, read_medleydb
from mixtrace.session.song import Song, TrackSource, listed, plain_name

__all__ = ["find_song"]

_MIX_NAMES = (r"mix", r".*[^a-z]mix(down)?|mixdown|.*[a-z]+Mix", r".*master.*")
"""What a mix is called, the surest first."""


def find_song(path: Path | str, *, mix: str | Path | None = None) -> Song:
    """Return the files of the song at a path; nothing but names and manifests is read.

    Args:
        path: a `session.toml`, or a folder: with that file in it, of a MedleyDB song, with
            `tracks/` and a mix, or of loose audio files one of which is named as a mix.
        mix: the mix's file, looked for in the song's folder first; None to find it.

    Raises:
        SessionError: nothing there, no mix or several, no track, two of one name, a bad manifest.
    """
    path = Path(path)
    if not path.exists():
        raise SessionError(f"Expected a song's folder or manifest; there is nothing at {path}.")
    if path.is_file() and path.suffix.lower() != ".toml":
        raise SessionError(
            f"Expected a song's folder or a manifest (.toml); {path} is a file of another kind."
        )
    folder = path if path.is_dir() else path.parent
    mix_path = None if mix is None else _chosen_mix(folder, Path(mix))
    manifest = path if path.is_file() else path / MANIFEST_NAME
    if manifest.is_file():
        return read_manifest(manifest, mix_path)
    metadata = find_metadata(folder)
    if metadata is not None:
        return read_medleydb(metadata, mix_path)
    return _read_folder(folder, mix_path)


def _chosen_mix(folder: Path, mix: Path) -> Path:
    for candidate in (folder / mix, mix):
        if candidate.is_file():
            return candidate
    raise SessionError(f"Expected the mix {mix} in {folder} or as a path; there is no such file.")


def _read_folder(folder: Path, mix_path: Path | None) -> Song:
    """Return the song in a plain folder, with notes of what was assumed and passed over."""
    outer = _visible(folder)
    tracks_folder = next((p for p in outer if p.is_dir() and p.name.casefold() == "tracks"), None)
    inner = _visible(tracks_folder) if tracks_folder else []
    notes = []
    if mix_path is None:
        mix_path = _find_mix(folder, _audio(outer), lone=tracks_folder is not None)
        notes.append(f"took {mix_path.name} for the mix")
    mix_file = os.path.realpath(mix_path)
    candidates = inner if tracks_folder else [p for p in outer if _mix_rank(p) is None]
    sources = [p for p in _audio(candidates) if os.path.realpath(p) != mix_file]
    passed_over = [
        p.name + "/" * p.is_dir()
        for p in [*outer, *inner]
        if p not in sources and p != tracks_folder and os.path.realpath(p) != mix_file
    ]
    if passed_over:
        notes.append(f"ignored {listed(passed_over)}")
    notes.append("groups from file names")
    tracks = (TrackSource(plain_name(p.stem), p, guess_group(p.stem)) for p in sources)
    return Song(folder.resolve().name, mix_path, tuple(tracks), tuple(notes))


def _find_mix(folder: Path, audio: list[Path], lone: bool) -> Path:
    """Return the one file named as a mix, the surest name first.

    `lone` allows any name where only one file comes into question.
    """
    ranks = {p: rank for p in audio if (rank := _mix_rank(p)) is not None}
    best = [p for p in ranks if ranks[p] == min(ranks.values())]
    if not ranks and lone and len(audio) == 1:
        best = audio
    if len(best) == 1:
        return best[0]
    found = f"{listed([p.name for p in best])} could all be it" if best else "there is none"
    raise SessionError(
        f"Expected a mix in {folder}, called mix, *_mix or *master*; {found}. "
        "Rename it or choose it with --mix."
    )


def _mix_rank(path: Path) -> int | None:
    """Return how surely a file is called a mix, 0 the surest; None for a track."""
    for rank, pattern in enumerate(_MIX_NAMES):
        if re.fullmatch(pattern, path.stem) or re.fullmatch(pattern, path.stem.lower()):
            return rank
    return None


def _visible(folder: Path) -> list[Path]:
    """Return what lies in a folder, hidden files left out, numbers in their natural order."""
    try:
        found = [p for p in folder.iterdir() if not p.name.startswith(".")]
    except OSError as error:
        raise SessionError(f"Expected a folder that can be read; {folder} cannot.") from error
    return sorted(found, key=_natural_key)


def _natural_key(path: Path) -> tuple[list[tuple[int, int, str]], str]:
    """Return a key that sorts `2 kick` before `10 vox` and `a` before `a2`."""
    words = re.split(r"(\d+)", path.stem.lower())
    return [(0, int(w), "") if w.isdecimal() else (1, 0, w) for w in words], path.name


def _audio(paths: Iterable[Path]) -> list[Path]:
    return [p for p in paths if p.is_file() and p.suffix.lower() in AUDIO_SUFFIXES]
