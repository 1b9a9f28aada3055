"""The memory of long work on disk: a file of tensors, with facts as JSON and a digest of all.

The state before the last one is kept beside it, for the day on which the last is damaged. One bit
that flips on a disk changes a tensor in silence: the digest tells.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from mixtrace.errors import StoreError
from mixtrace.store.opening import is_plain_file, read_bytes
from mixtrace.store.staging import stage
from mixtrace.store.temporary import put
from mixtrace.store.tensors import note_of

__all__ = ["Checkpoint"]

_SCHEMA = "mixtrace.checkpoint/7"
_KEY = "mixtrace"  # a single key: safetensors writes several in no fixed order
_LARGEST_BYTES = 4_000_000_000
"""The responses of 150 tracks over two seconds take a quarter of it."""
_Stored = tuple[dict[str, Tensor], dict[str, Any]]


class Checkpoint:
    """A file that long work stores itself in, and goes on from when it was stopped or killed.

    Attributes:
        path: the file; a new state replaces the old one in a single move.
        previous: the file of the state before that.
        warning: a sentence for the user where the last state was damaged and the one before it was
            taken; else None.
    """

    def __init__(self, path: Path, fingerprint: str) -> None:
        """Take the place of the files; nothing is read or written yet.

        Args:
            path: the file.
            fingerprint: of the work that the states belong to.
        """
        self.path = path
        self.previous = path.with_name(f"{path.stem}.previous{path.suffix}")
        self.warning: str | None = None
        self._fingerprint = fingerprint
        self._last_is_damaged = False

    @property
    def exists(self) -> bool:
        """Whether a state was saved.

        A run that was killed while it saved may have left the earlier file alone.
        """
        return is_plain_file(self.path) or is_plain_file(self.previous)

    def load(self) -> _Stored | None:
        """Return the tensors and facts that were saved last, or None where there are none.

        Where the last ones are damaged, those before them are returned, and `warning` says so.

        Raises:
            StoreError: what was saved is damaged or belongs to other work.
        """
        damages = []
        for path in (self.path, self.previous):
            if not is_plain_file(path):
                continue
            try:
                document, tensors = _read(path)
            except (SafetensorError, OSError, ValueError, RecursionError) as error:
                damages.append(f"{path} is damaged ({error})")
                self._last_is_damaged = True
                continue
            self._check_own(document, path)
            if damages:
                self.warning = f"{damages[0]}: went on from the state that was stored before it."
            return tensors, document["facts"]
        if not damages:
            return None
        raise StoreError(
            f"Expected a state to go on from; {' and '.join(damages)}. Pass --fresh to start anew."
        )

    def _check_own(self, document: Any, path: Path) -> None:
        """Refuse what other work stored."""
        own = (
            isinstance(document, dict)
            and document.get("schema") == _SCHEMA
            and document.get("fingerprint") == self._fingerprint
            and isinstance(document.get("facts"), dict)
        )
        if not own:
            raise StoreError(
                f"Expected {path} to belong to this run; it was made from another song, with "
                "other settings or by another version of mixtrace. Pass --fresh to replace it, or "
                "choose another output folder."
            )

    def save(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Replace what was saved, which becomes the state before it unless it is damaged.

        Args:
            tensors: by name, on any device.
            facts: JSON values; here NaN may be among them, a diverged loss is a fact.
        """
        text = json.dumps({"schema": _SCHEMA, "fingerprint": self._fingerprint, "facts": facts})
        plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        with stage(self.path.parent) as part_of:
            signed = f"{_digest(text, plain)} {text}"
            put(part_of(self.path.name), save(plain, {_KEY: signed}))
            if is_plain_file(self.path) and not self._last_is_damaged:
                os.replace(self.path, self.previous)
        self._last_is_damaged = False

    def forget(self) -> None:
        """Remove what was saved."""
        self.path.unlink(missing_ok=True)
        self.forget_previous()

    def forget_previous(self) -> None:
        """Remove the state before the last one: work that is done will not need it."""
        self.previous.unlink(missing_ok=True)


def _read(path: Path) -> tuple[Any, dict[str, Tensor]]:
    """Return the document and the tensors of a file.

    Raises:
        SafetensorError: it is no such file.
        OSError: it cannot be read.
        ValueError: it was changed since it was written, or other software wrote it.
    """
    packed = read_bytes(path, _LARGEST_BYTES)
    tensors = dict(sorted(load(packed).items()))  # in the same order each time
    digest, _, text = note_of(packed).get(_KEY, "").partition(" ")
    if digest != _digest(text, tensors):
        raise ValueError("its digest is that of another content")
    return json.loads(text), tensors


def _digest(text: str, tensors: dict[str, Tensor]) -> str:
    """Return SHA-256 of a document and of tensors with their names, types and shapes."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"\n{name} {tensor.dtype} {list(tensor.shape)}\n".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()
