"""Amounts: how much of which processors, on which strips, as people say it: `lead/eq=50%`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mixtrace.errors import MixtraceError
from mixtrace.processors import FAMILIES, PROCESSORS, Processor
from mixtrace.session.song import listed

__all__ = ["Amount", "closeness", "known_words", "parse_amounts", "read_amounts"]

MOST_SHARE = 4.0
"""12 dB more of a reverb; beyond it nobody means what they say."""

ALL = "all"

_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")


@dataclass(frozen=True)
class Amount:
    """How much of some processors.

    Attributes:
        strip: the name of the strip they stand on; None for every strip.
        word: a kind, a word of a label, a family, or `all`.
        share: 1 for all that they do.
    """

    strip: str | None
    word: str
    share: float


def parse_amounts(texts: Iterable[str]) -> dict[str, float]:
    """Return amounts as they are typed, `[STRIP/]WORD=PERCENT`, as shares.

    Raises:
        MixtraceError: no such form, no percentage, or two of one word.

    >>> parse_amounts(["eq=50%", "lead/reverb=120%", "dynamics=0"])
    {'eq': 0.5, 'lead/reverb': 1.2, 'dynamics': 0.0}
    """
    found: dict[str, float] = {}
    for text in texts:
        what, equals, much = text.rpartition("=")
        what, percent = what.strip(), _PERCENT.fullmatch(much.strip())
        if not equals or not what or (percent is None and much.strip() != "0"):
            raise MixtraceError(
                f"Expected an amount as eq=50%, lead/reverb=120% or dynamics=0; got {text!r}. "
                f"Write a percentage after the equals sign, 0 to {100.0 * MOST_SHARE:.0f} % in "
                "plain digits."
            )
        if what in found:
            raise MixtraceError(
                f"Expected one amount of {what}; got two, the second of them {text!r}. "
                "Leave one of them out."
            )
        found[what] = float(percent[1]) / 100.0 if percent else 0.0
    return found


def read_amounts(shares: Mapping[str, float], strips: Iterable[str]) -> tuple[Amount, ...]:
    """Return amounts by strip and word.

    Args:
        shares: `word` or `strip/word` -> share.
        strips: the names of the strips there are.

    Raises:
        MixtraceError: an unknown word or strip, or a share that is negative or too large.
    """
    names = list(strips)
    words = known_words()
    found = []
    for what, share in shares.items():
        head, slash, word = what.rpartition("/")
        strip = head if slash else None
        word = word.strip().casefold()
        if word not in words:
            raise MixtraceError(
                f"Expected an amount of {', '.join(_offered())}, or of a kind of processor; got "
                f"{word!r}. Choose one of them."
            )
        if strip is not None and strip not in names:
            raise MixtraceError(
                f"Expected an amount of a track, bus or return of the result; there is no "
                f"{strip!r}. There are {listed(names)}."
            )
        if not 0.0 <= share <= MOST_SHARE:
            raise MixtraceError(
                f"Expected an amount from 0 to {100.0 * MOST_SHARE:.0f} %; got "
                f"{100.0 * share:g} % for {what}. Choose one within."
            )
        found.append(Amount(strip, word, share))
    return tuple(found)


def closeness(entry: Processor, word: str) -> int:
    """Return how closely a word names a processor; 0 where it does not.

    4 is its kind, 3 a word of its label, 2 its family, 1 `all`.
    """
    labels = {entry.label.casefold(), *re.split(r"[\s/]+", entry.label.casefold())}
    for rank, names in ((4, {entry.kind}), (3, labels), (2, {entry.family}), (1, {ALL})):
        if word in names:
            return rank
    return 0


def known_words() -> set[str]:
    """Return every word that names a processor."""
    found = {ALL, *FAMILIES}
    for entry in PROCESSORS.values():
        label = entry.label.casefold()
        found |= {entry.kind, label, *re.split(r"[\s/]+", label)}
    return found


def _offered() -> list[str]:
    """Return the words to choose from: families, and words of labels that name whole groups."""
    labels = {word for e in PROCESSORS.values() for word in re.split(r"[\s/]+", e.label.casefold())}
    return [ALL, *FAMILIES, *sorted(labels - set(FAMILIES))]
