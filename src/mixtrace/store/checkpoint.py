"""The memory of a search on disk: one file of tensors, with its facts as JSON beside them."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from mixtrace.errors import StoreError
from mixtrace.store.opening import is_plain_file, read_bytes
from mixtrace.store.staging import stage
from mixtrace.store.temporary import put
from mixtrace.store.tensors import note_of

__all__ = ["Checkpoint"]

_SCHEMA = "mixtrace.checkpoint/5"
_KEY = "mixtrace"  # a single key: safetensors writes several in no fixed order
_LARGEST_BYTES = 4_000_000_000
"""The responses of 150 tracks over two seconds take a quarter of it."""


class Checkpoint:
    """A file that a search stores itself in, and goes on from when it was killed.

    Attributes:
        path: the file; a new state replaces the old one in a single move.
    """

    def __init__(self, path: Path, fingerprint: str) -> None:
        """Take the place of the file; nothing is read or written yet.

        Args:
            path: the file.
            fingerprint: of the fit that the states belong to.
        """
        self.path = path
        self._fingerprint = fingerprint

    def load(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """Return the tensors and facts that were saved last, or None where there is no file.

        Raises:
            StoreError: the file is damaged or belongs to another fit.
        """
        if not is_plain_file(self.path):
            return None
        packed = read_bytes(self.path, _LARGEST_BYTES)
        try:
            tensors = load(packed)
            document = json.loads(note_of(packed).get(_KEY, "{}"))
        except (SafetensorError, OSError, ValueError, RecursionError) as error:
            raise StoreError(
                f"Expected a checkpoint; {self.path} is damaged ({error}). "
                "Pass --fresh to start anew."
            ) from error
        if not self._is_own(document):
            raise StoreError(
                f"Expected {self.path} to belong to this fit; it was made from another song, with "
                "other settings or by another version of mixtrace. Pass --fresh to replace it, or "
                "choose another output folder."
            )
        return tensors, document["facts"]

    def _is_own(self, document: Any) -> bool:
        return (
            isinstance(document, dict)
            and document.get("schema") == _SCHEMA
            and document.get("fingerprint") == self._fingerprint
            and isinstance(document.get("facts"), dict)
        )

    def save(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Replace what was saved.

        Args:
            tensors: by name, on any device.
            facts: JSON values; here NaN may be among them, a diverged loss is a fact.
        """
        document = {"schema": _SCHEMA, "fingerprint": self._fingerprint, "facts": facts}
        plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        with stage(self.path.parent) as part_of:
            put(part_of(self.path.name), save(plain, {_KEY: json.dumps(document)}))
