"""Two mono files that are the left and right half of one stereo track, told by their names.

DAWs write a stereo track as two files: Pro Tools as `Drums.L` and `Drums.R` (and `Drums.A.L` for an
alternate take), others as `Drums_L`, `Drums-Left` or `Drums (L)`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mixtrace.names import plain_name

__all__ = ["AudioFile", "join_halves"]

_HALF = re.compile(
    r"(?P<base>.*[^\W_]\W?)(?P<join>[ ._-]+|[ ._-]*[(\[])(?P<side>l|r|left|right)(?P<end>[)\]]?)",
    re.I,
)


@dataclass(frozen=True)
class AudioFile:
    """One recording on disk, in one file or in two.

    Attributes:
        name: its name as a track, without folders.
        path: the file, or that of the left half.
        right_path: the file of the right half, or None.
    """

    name: str
    path: Path
    right_path: Path | None = None


def join_halves(paths: Iterable[Path]) -> list[AudioFile]:
    """Return the recordings of some files in their order, halves of one folder joined.

    Halves are joined where each side exists once, written the same way; `Guitar L` alone stays.

    >>> [file.name for file in join_halves(map(Path, ("OH_L.wav", "OH_R.wav", "Guitar L.wav")))]
    ['OH', 'Guitar L']
    """
    paths = list(paths)
    sides: dict[tuple[object, ...], dict[str, list[Path]]] = {}
    keys = {path: _key(path) for path in paths}
    for path, (key, side) in ((p, k) for p, k in keys.items() if k is not None):
        sides.setdefault(key, {}).setdefault(side, []).append(path)
    pairs = {
        found["l"][0]: found["r"][0]
        for found in sides.values()
        if {s: len(f) for s, f in found.items()} == {"l": 1, "r": 1}
    }
    rights = set(pairs.values())
    single = {(p.parent, p.stem.casefold()) for p in paths}
    files: list[AudioFile] = []
    for path in (p for p in paths if p not in rights):
        name = path.stem
        if path in pairs:
            match = _HALF.fullmatch(name)
            base = match["base"].strip(" ._-") if match else name
            name = base + " LR" * ((path.parent, base.casefold()) in single)
        files.append(AudioFile(plain_name(name) or "track", path, pairs.get(path)))
    return files


def _key(path: Path) -> tuple[tuple[object, ...], str] | None:
    """Return what both halves of a track have in common, and which half this is; None for none."""
    match = _HALF.fullmatch(path.stem)
    if match is None:
        return None
    side, whole = match["side"].lower(), len(match["side"]) > 1
    bracketed = match["join"][-1] in "(["
    if bracketed != bool(match["end"]):
        return None
    return (path.parent, match["base"].casefold(), match["join"], match["end"], whole), side[0]
