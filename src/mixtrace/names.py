"""Names that come from strangers, as text that can be shown: the one way for all of them.

What a file, a folder or a manifest is called may hold control characters, which a terminal obeys,
and marks that turn the direction of what is written around them.
"""

import re
import shlex
import unicodedata

__all__ = ["command_line", "folded", "plain_name", "printable", "shortened"]


def command_line(*words: object) -> str:
    """Return a command of mixtrace as a shell takes it: for a person to copy.

    >>> command_line("show", "my song/OUT")
    "mixtrace show 'my song/OUT'"
    """
    return shlex.join(["mixtrace", *map(str, words)])


def folded(name: str) -> str:
    """Return what names have in common that differ in case and separators alone.

    >>> folded("Lead Vox") == folded("lead_vox"), folded("Vox 1") == folded("Vox 2")
    (True, False)
    """
    return re.sub(r"[\W_]+", "", name.casefold())


def plain_name(text: str) -> str:
    """Return the text as a name: no slashes, printable, no spaces and dots around.

    >>> plain_name("fx/processed sound")
    'fx-processed sound'
    """
    return printable(text).replace("/", "-").replace("\\", "-").strip(" .")


def printable(text: str) -> str:
    r"""Return the text as a terminal can show it: letters composed, what cannot be seen left out.

    Marks of direction, joiners and the like vanish; tabs, no-break spaces and bytes that are no
    text become spaces.

    >>> printable("Lead\u00a0Vox\u200f")
    'Lead Vox'
    """
    seen = (c for c in text if c.isprintable() or unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFC", "".join(c if c.isprintable() else " " for c in seen))


def shortened(text: str, most: int, most_bytes: int) -> str:
    """Return the beginning of a text that has no more letters, and no more bytes of UTF-8.

    >>> shortened("Lead Vox", 4, 99), shortened("鍵盤", 99, 5)
    ('Lead', '鍵')
    """
    return text[:most].encode()[:most_bytes].decode(errors="ignore")
