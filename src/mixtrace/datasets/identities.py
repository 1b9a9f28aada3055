"""What the songs of a data set are called: each once, printable."""

from collections.abc import Callable, Iterable
from pathlib import Path

from mixtrace.errors import SessionError
from mixtrace.names import plain_name

__all__ = ["identities"]


def identities(
    folder: Path, paths: Iterable[Path], name_of: Callable[[Path], str] | None = None
) -> dict[str, Path]:
    """Return paths of songs by identity, sorted.

    Args:
        folder: where all of them lie.
        paths: of folders or files.
        name_of: what the data set itself calls the song at a path; None for the path inside the
            folder, slashes made dashes.

    Raises:
        SessionError: there is none, or two would be called the same.
    """
    found: dict[str, Path] = {}
    spelt: dict[str, Path] = {}
    for path in paths:
        inside = path.relative_to(folder).as_posix() if name_of is None else name_of(path)
        identity = plain_name(inside) or plain_name(folder.resolve().name) or "song"
        other = spelt.setdefault(identity.casefold(), path)
        if other is not path:
            raise SessionError(
                f"Expected every song of a corpus to have a name of its own; {other} and {path} "
                f"are both {identity!r}. Rename one of them."
            )
        found[identity] = path
    if not found:
        raise SessionError(
            f"Expected a folder of songs, each a folder with its tracks and its mix; {folder} "
            "holds none. Name the folder above the songs' folders."
        )
    return dict(sorted(found.items()))
