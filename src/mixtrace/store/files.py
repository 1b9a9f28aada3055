"""Files that appear whole or not at all, and JSON documents that name their schema."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from mixtrace.errors import StoreError
from mixtrace.store.maxima import LARGEST_DOCUMENT_BYTES

__all__ = ["JSON", "check_size", "checked", "read_document", "stage", "write_document"]

JSON = Any
"""None, a truth value, a number, text, or lists and tables of these."""

_Document = TypeVar("_Document")


@contextmanager
def stage(folder: Path) -> Iterator[Callable[[str], Path]]:
    """Write several files of a folder as one: they take their places when all are written.

    Yields:
        A function that takes a file's name in the folder and returns the hidden path to write it
        at. When the block ends, all files are moved into place in the order in which they were
        asked for; when it fails, none is, and nothing stays behind.

    Raises:
        OSError: the folder cannot be written to.
    """
    parts: dict[Path, Path] = {}

    def part_of(name: str) -> Path:
        path = folder / name
        return parts.setdefault(path, path.with_name(f".{path.name}.part"))

    with ExitStack() as clean_up:
        clean_up.callback(lambda: [part.unlink(missing_ok=True) for part in parts.values()])
        yield part_of
        for path, part in parts.items():
            os.replace(part, path)


def write_document(path: Path, schema: str, content: dict[str, JSON]) -> None:
    """Write a JSON document; tables in lists stand on lines of their own, for people and diffs.

    Raises:
        ValueError: when a number is not finite; JSON has no word for it.
    """
    entries = {"schema": schema, **content}.items()
    lines = [f"  {json.dumps(key)}: {_compact(value)}" for key, value in entries]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


def read_document(path: Path, schema: str) -> dict[str, JSON]:
    """Return the content of a JSON document, its schema checked and taken off.

    Raises:
        StoreError: no such file, no JSON, one that is too large, numbers that are not
            finite, or another schema.
    """
    try:
        check_size(path, LARGEST_DOCUMENT_BYTES)
        document = msgspec.json.decode(path.read_bytes())
    except FileNotFoundError as error:
        raise StoreError(
            f"Expected a file {path.name} in {path.parent}; there is none. "
            "Give an output folder of mixtrace."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise StoreError(
            f"Expected a JSON document that mixtrace wrote; {path} cannot be read as one "
            f"({str(error) or type(error).__name__})."
        ) from error
    found = document.get("schema") if isinstance(document, dict) else None
    if found != schema:
        raise StoreError(
            f"Expected {path} to follow the schema {schema}; it follows {str(found)[:60]!r}. "
            "Use the version of mixtrace that wrote it, or make it anew."
        )
    return {key: value for key, value in document.items() if key != "schema"}


def checked(document: JSON, type_: type[_Document], path: Path) -> _Document:
    """Return a document as the type that describes it.

    Raises:
        StoreError: a key is missing, or a value is of another type or out of range.
    """
    try:
        return msgspec.convert(document, type_, strict=True)
    except msgspec.ValidationError as error:
        wrong = str(error)[:300]
        raise StoreError(
            f"Expected {path} as mixtrace writes it; what came: {wrong[:1].lower()}{wrong[1:]}. "
            "Make it anew."
        ) from error


def check_size(path: Path, most_bytes: int) -> None:
    """Raise ValueError where a file is larger than what is read of its kind, OSError without it."""
    if path.stat().st_size > most_bytes:
        raise ValueError(f"it is larger than {most_bytes // 1_000_000} MB")


def _compact(value: JSON) -> str:
    if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
        return "[\n" + ",\n".join(f"    {_compact(entry)}" for entry in value) + "\n  ]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
