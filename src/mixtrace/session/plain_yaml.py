"""YAML of strangers as texts, lists and tables alone."""

from pathlib import Path
from typing import Any

import yaml

from mixtrace.errors import SessionError
from mixtrace.session.opening import read_text

__all__ = ["read_plain_yaml"]


class _PlainLoader(yaml.BaseLoader):
    """Texts, lists and tables alone: no tags, which make other values, and no aliases.

    Aliases of aliases make gigabytes of a few lines.
    """

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Refuse an alias or a tag; everything else is as in YAML."""
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None) is not None:
            raise yaml.YAMLError("it uses aliases or tags")
        return super().compose_node(parent, index)


def read_plain_yaml(path: Path, what: str) -> dict[str, Any]:
    """Return the table in a YAML file; numbers and the like in it stay texts.

    Args:
        path: the file.
        what: what it should hold, in a sentence: `MedleyDB metadata`.

    Raises:
        SessionError: it cannot be read, is no YAML of this kind, or holds no table.
    """
    try:
        loaded = yaml.load(read_text(path), _PlainLoader)
    except SessionError:
        raise
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())[:200]
        raise SessionError(
            f"Expected {what} in plain YAML; {path} is no YAML of that kind ({reason}). "
            "Download the song anew."
        ) from error
    if not isinstance(loaded, dict):
        raise SessionError(
            f"Expected {what} in {path}; got no table of keys. Download the song anew."
        )
    return {str(key): value for key, value in loaded.items()}
