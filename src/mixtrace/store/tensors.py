"""What stands beside the tensors in a safetensors file."""

import json

__all__ = ["note_of"]


def note_of(packed: bytes) -> dict[str, str]:
    """Return the table of texts in the head of a safetensors file that was read without error.

    The library gives it for files that it opens itself, by their path alone.
    """
    length = int.from_bytes(packed[:8], "little")
    return json.loads(packed[8 : 8 + length]).get("__metadata__") or {}
