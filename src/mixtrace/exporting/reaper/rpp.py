"""Text of REAPER's project files: lines of words, and blocks of lines that begin with `<`."""

from collections.abc import Sequence
from uuid import NAMESPACE_OID, uuid5

__all__ = ["Block", "guid", "number", "quoted", "text_of"]

Word = str | int | float


class Block:
    """A block: its first line, and lines and blocks in it."""

    def __init__(self, *words: Word) -> None:
        """Begin a block by the words of its first line."""
        self.words = words
        self.inside: list[Block | Sequence[Word]] = []

    def line(self, *words: Word) -> None:
        """Add a line."""
        self.inside.append(words)

    def block(self, *words: Word) -> "Block":
        """Add a block and return it."""
        made = Block(*words)
        self.inside.append(made)
        return made


def text_of(block: Block, depth: int = 0) -> str:
    r"""Return a block as text, indented as REAPER does.

    >>> made = Block("TRACK")
    >>> made.line("NAME", quoted("Bass"))
    >>> text_of(made)
    '<TRACK\n  NAME "Bass"\n>\n'
    """
    margin = "  " * depth
    parts = [f"{margin}<{_joined(block.words)}\n"]
    for entry in block.inside:
        if isinstance(entry, Block):
            parts.append(text_of(entry, depth + 1))
        else:
            parts.append(f"{margin}  {_joined(entry)}\n")
    return "".join([*parts, f"{margin}>\n"])


def quoted(text: str) -> str:
    r"""Return text of one line as REAPER reads it, whatever stands in it.

    It has no escapes: a text is set in the first marks of three that it does not hold.

    >>> quoted('say "hey"'), quoted("it's")
    ('\'say "hey"\'', '"it\'s"')
    """
    for mark in "\"'`":
        if mark not in text:
            return f"{mark}{text}{mark}"
    return f"`{text.replace('`', chr(0x2019))}`"


def number(value: float) -> str:
    """Return a number without an exponent, to ten places.

    >>> number(0.5), number(-1e-9), number(3)
    ('0.5', '-0.000000001', '3')
    """
    told = f"{value:.10f}".rstrip("0").rstrip(".")
    return "0" if told in ("-0", "") else told


def guid(*names: object) -> str:
    """Return an identity that the same names always have."""
    return f"{{{str(uuid5(NAMESPACE_OID, repr(names))).upper()}}}"


def _joined(words: Sequence[Word]) -> str:
    return " ".join(word if isinstance(word, str) else number(word) for word in words)
