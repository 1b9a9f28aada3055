"""One change, and all of them: plain values that are printed, written as JSON and put on pages."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Change", "Changes", "How"]

How = Literal["added", "removed", "moved", "turned"]
"""`moved` is in the order of a strip, `turned` a dial, a route or a level."""


@dataclass(frozen=True)
class Change:
    """One thing that is not as it was; all plain text, names as their authors wrote them.

    Attributes:
        strip: the name of the strip that it is on.
        role: of that strip.
        how: what happened.
        what: to what, such as "compressor", "send to reverb" or "track".
        dial: which dial of it, or which part, such as "bell at 1.2 kHz"; empty where it is the
            whole.
        before, after: what it was and what it is, in words; empty where there was, or is, nothing.
        difference: after minus before, where both are one number.
        unit: of the difference.
    """

    strip: str
    role: str
    how: How
    what: str
    dial: str = ""
    before: str = ""
    after: str = ""
    difference: float | None = None
    unit: str = ""

    @property
    def words(self) -> str:
        """What happened, as an engineer would say it, without the strip's name.

        >>> Change(
        ...     "voice", "track", "turned", "compressor", "threshold", "-26.0 dB", "-22.0 dB"
        ... ).words
        'compressor threshold -26.0 dB -> -22.0 dB'
        >>> Change(
        ...     "voice", "track", "turned", "send", "level", "-9.0 dB", "-6.0 dB", 3.0, "dB"
        ... ).words
        'send 3.0 dB louder (-9.0 dB -> -6.0 dB)'
        """
        between = ", " if " " in self.dial else " "
        named = f"{self.what}{between}{self.dial}" if self.dial else self.what
        if self.how == "added":
            return f"{named} added{_told(self.after)}"
        if self.how == "removed":
            return f"{named} removed{_told(self.before)}"
        if self.how == "moved":
            return f"{named} moved: it stood {self.before}, now it stands {self.after}"
        went = f"{self.before} -> {self.after}"
        if self.dial == "level" and self.difference is not None:
            louder = "louder" if self.difference > 0.0 else "softer"
            return f"{self.what} {abs(self.difference):.1f} {self.unit} {louder} ({went})"
        return f"{named} {went}"


@dataclass(frozen=True)
class Changes:
    """All that differs between two results.

    Attributes:
        changes: strip by strip in the order of the desk, the master last, each strip's in the
            order of the sound.
        within: how many settings are told in other words, but differ by less than is known.
        common: how many tracks, buses and returns both results have.
    """

    changes: tuple[Change, ...]
    within: int
    common: int


def _told(words: str) -> str:
    return f": {words}" if words else ""
