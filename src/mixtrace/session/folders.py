"""What lies in folders as people and programs leave them: hidden files, junk, wrappers, links."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from mixtrace.errors import SessionError
from mixtrace.session.containers import AUDIO_SUFFIXES
from mixtrace.session.opening import is_song_file

__all__ = ["audio_below", "audio_files", "folder_groups", "innermost", "refuse_result", "visible"]

_JUNK_SUFFIXES = frozenset(
    ".asd .cfa .gpk .ini .mrk .ovw .peak .pek .pdf .pkf .reapeaks .reapindex .sfap0 .sfk .sfl "
    ".wfm .db .ds_store .tmp .part .crdownload".split()
)
"""Peak files, indices and the like that programs leave beside audio: nobody misses them."""

_JUNK_NAMES = frozenset(("__macosx", "thumbs.db", "desktop.ini", "icon\r"))

_SAY_NOTHING = frozenset(
    "24bit,audio,audio files,bounces,dry,files,mono,multitrack,raw,stems,stereo,takes,tracks,wav,"
    "wavs".split(",")
)
"""Folders that are called after what their files are, not after who plays in them."""

_RESULT = ("graph.json", "fit.json")
_DEEPEST = 8
_MOST_FILES = 5000  # a folder with more is no song but a disk


def visible(folder: Path) -> list[Path]:
    """Return what lies in a folder, hidden files and junk left out, numbers in natural order."""
    try:
        found = [p for p in folder.iterdir() if not _is_junk(p)]
    except OSError as error:
        raise SessionError(f"Expected a folder that can be read; {folder} cannot.") from error
    return sorted(found, key=_natural_key)


def audio_files(paths: Iterable[Path]) -> list[Path]:
    """Return those of some paths that are files named as audio.

    Raises:
        SessionError: a pipe, a device or a socket is named so.
    """
    return [p for p in paths if p.suffix.lower() in AUDIO_SUFFIXES and is_song_file(p)]


def audio_below(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return all audio files in a folder and its folders, and whatever else lies there.

    Raises:
        SessionError: more than 5000 files, folders more than 8 deep, or a pipe, a device or a
            socket that is named as audio.
    """
    audio: list[Path] = []
    others: list[Path] = []
    for path in _walk(folder, 0, set()):
        is_audio = path.suffix.lower() in AUDIO_SUFFIXES and is_song_file(path)
        (audio if is_audio else others).append(path)
        if len(audio) + len(others) > _MOST_FILES:
            raise SessionError(
                f"Expected a song; {folder} holds more than {_MOST_FILES} files. "
                "Give the folder of one song."
            )
    return audio, others


def innermost(folder: Path) -> Path:
    """Return the folder itself, or the first below it that holds more than one other folder."""
    for _ in range(_DEEPEST):
        inside = visible(folder)
        if len(inside) != 1 or not inside[0].is_dir():
            break
        folder = inside[0]
    return folder


def refuse_result(folder: Path) -> None:
    """Refuse the folder of a result, whose audio would be taken for tracks.

    Raises:
        SessionError: it is one.
    """
    if all((folder / name).is_file() for name in _RESULT):
        raise SessionError(
            f"Expected a song; {folder} holds a result that mixtrace wrote. Give the song that it "
            "was made of."
        )


def folder_groups(paths: Sequence[Path], guess: Callable[[str], str]) -> list[str | None]:
    """Return for each file the name of the folder that is its group, None where none says it.

    Folders that hold all the files say nothing. Of several inside one another the outermost whose
    name is known as a group's counts, unless one inside it belongs to another group; where no name
    is known, the outermost.

    Args:
        paths: all files of a song's tracks.
        guess: gives the group that a name suggests, `other` for none.
    """
    common = os.path.commonpath([p.parent for p in paths]) if paths else ""
    names = [p.parent.relative_to(common).parts for p in paths]
    return [_group([n for n in parts if n.lower() not in _SAY_NOTHING], guess) for parts in names]


def _group(folders: Sequence[str], guess: Callable[[str], str]) -> str | None:
    chosen, meant = (folders[0], "other") if folders else (None, "other")
    for name in folders:
        group = guess(name)
        if group not in ("other", meant):
            chosen, meant = name, group
    return chosen


def _walk(folder: Path, depth: int, seen: set[str]) -> Iterator[Path]:
    real = os.path.realpath(folder)
    if depth > _DEEPEST:
        raise SessionError(
            f"Expected folders at most {_DEEPEST} deep; {folder} lies deeper. "
            "Put the tracks nearer to the song's folder."
        )
    if real in seen:  # a link that leads back
        return
    seen.add(real)
    for path in visible(folder):
        if path.is_dir():
            yield from _walk(path, depth + 1, seen)
        else:
            yield path


def _is_junk(path: Path) -> bool:
    return (
        path.name.startswith(".")
        or path.name.lower() in _JUNK_NAMES
        or path.suffix.lower() in _JUNK_SUFFIXES
    )


def _natural_key(path: Path) -> tuple[list[tuple[int, int, str]], str]:
    """Return a key that sorts `2 kick` before `10 vox` and `a` before `a2`."""
    words = re.split(r"(\d+)", path.stem.lower())
    return [(0, int(w), "") if w.isdecimal() else (1, 0, w) for w in words], path.name
