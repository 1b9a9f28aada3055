"""The one way to a terminal: of a stranger's name nothing reaches it but what can be read."""

import json
import os
import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from mixtrace.names import printable

__all__ = ["ShownConsole", "json_text", "keep_output_apart", "say_wrong", "shown"]


class ShownConsole(Console):
    """A console that makes all text printable; colours and cursor moves of its own pass."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield the pieces of what is printed, see `rich.console.Console.render`."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=shown(segment.text))


def shown(text: str) -> str:
    r"""Return a text as it can be printed, with its line breaks.

    >>> shown("a\x1b[2Jb\n")
    'a [2Jb\n'
    """
    return "\n".join(map(printable, text.split("\n")))


def json_text(document: Any) -> str:
    """Return a document as JSON in ASCII: what cannot be shown is escaped, and nothing is lost."""
    return json.dumps(document, indent=2).replace("\x7f", "\\u007f")


def say_wrong(text: str) -> None:
    """Print a sentence on standard error."""
    sys.stderr.write(printable(text) + "\n")


def keep_output_apart() -> None:
    """Keep standard output for what is printed here, and send what C libraries print elsewhere.

    Some print warnings to where a program reads JSON. They get standard error, for as long as the
    process lives: what they hold back is written when it ends.
    """
    if sys.stdout is None or sys.stdout is not sys.__stdout__:
        return
    sys.stdout.flush()
    number, encoding = sys.stdout.fileno(), sys.stdout.encoding
    own = os.dup(number)
    try:
        os.dup2(2, number)
    except OSError:  # standard error is closed
        os.dup2(os.open(os.devnull, os.O_WRONLY), number)
    sys.stdout = os.fdopen(own, "w", encoding=encoding, errors="backslashreplace")
