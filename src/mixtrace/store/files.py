"""JSON documents that name their schema."""

import json
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from mixtrace.errors import StoreError
from mixtrace.store.maxima import LARGEST_DOCUMENT_BYTES
from mixtrace.store.opening import read_bytes
from mixtrace.store.temporary import put

__all__ = ["JSON", "MAKE_ANEW", "checked", "read_document", "write_document"]

JSON = Any
"""None, a truth value, a number, text, or lists and tables of these."""

MAKE_ANEW = "Run the command that wrote it again, into a new folder."
"""What to do about a damaged file of a result."""

_Document = TypeVar("_Document")


def write_document(path: Path, schema: str, content: dict[str, JSON]) -> None:
    """Write a JSON document; tables in lists stand on lines of their own, for people and diffs.

    Raises:
        ValueError: when a number is not finite; JSON has no word for it.
        OSError: it cannot be written.
    """
    entries = {"schema": schema, **content}.items()
    lines = [f"  {json.dumps(key)}: {_compact(value)}" for key, value in entries]
    put(path, ("{\n" + ",\n".join(lines) + "\n}\n").encode())


def read_document(path: Path, schema: str, *, root: Path | None = None) -> dict[str, JSON]:
    """Return the content of a JSON document, its schema checked and taken off.

    Args:
        path: the file.
        schema: that it must follow.
        root: the folder of the result, where the file lies in a folder inside it.

    Raises:
        StoreError: no such file, no JSON, one that is too large, numbers that are not
            finite, or another schema.
    """
    try:
        document = msgspec.json.decode(read_bytes(path, LARGEST_DOCUMENT_BYTES, root=root))
    except FileNotFoundError as error:
        raise StoreError(
            f"Expected a file {path.name} in {path.parent}; there is none. "
            "Give an output folder of mixtrace."
        ) from error
    except StoreError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise StoreError(
            f"Expected a JSON document that mixtrace wrote; {path} cannot be read as one "
            f"({str(error) or type(error).__name__}). {MAKE_ANEW}"
        ) from error
    found = document.get("schema") if isinstance(document, dict) else None
    if found is None:
        raise StoreError(
            f"Expected {path} to follow the schema {schema}; it names none. "
            "Give an output folder of mixtrace."
        )
    if found != schema:
        raise StoreError(
            f"Expected {path} to follow the schema {schema}; it follows {str(found)[:60]!r}. Use "
            f"the version of mixtrace that wrote it, or {MAKE_ANEW[0].lower()}{MAKE_ANEW[1:]}"
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
            f"{MAKE_ANEW}"
        ) from error


def _compact(value: JSON) -> str:
    if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
        return "[\n" + ",\n".join(f"    {_compact(entry)}" for entry in value) + "\n  ]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
