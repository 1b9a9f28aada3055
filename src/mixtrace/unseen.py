"""What of a song is held out: a match is judged there that nothing was learnt from.

A search that learns the song by heart matches what it saw better than what it did not. To see that,
a share of the song is held out: no sample of the mix in it is used to find the result, and L_a is
measured on both parts. The dry tracks are not held out, for the mix is what is to be explained.

Held-out ranges are half-open, [start, stop) in samples, ascending, and never touch each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast, get_args

from mixtrace.errors import MixtraceError
from mixtrace.losses import HOP_S, WARM_UP_S, WINDOW_S, evaluation_windows

__all__ = ["Range", "Unseen", "divided_windows", "ranges_between", "touches"]

Range = tuple[int, int]
"""First sample and the one behind the last."""

Where = Literal["end", "blocks"]

_MOST_SHARE = 0.9
_WINDOWS_IN_BLOCK = 2
"""A block is the counted part of two windows, 5.6 s: long enough that what rings on from the part
before it does not make most of it."""


@dataclass(frozen=True)
class Unseen:
    """How much of a song is held out, and where.

    Attributes:
        share: of the song's length, above 0 and at most 0.9.
        where: `end` holds out the last part of the song, `blocks` stretches of 5.6 s that are
            spread evenly over it. Blocks begin and end where counted parts of windows do, so that
            no window is lost between the parts; their share is the nearest that whole blocks make.
    """

    share: float
    where: Where

    def __post_init__(self) -> None:
        """Refuse a share that cannot be held out.

        Raises:
            MixtraceError: it is out of range.
        """
        if not 0.0 < self.share <= _MOST_SHARE:
            raise MixtraceError(
                f"Expected to hold out more than 0 and at most 90 percent of a song; got "
                f"{100.0 * self.share:g}. Try {self.where}:40."
            )

    def __str__(self) -> str:
        """Return the spelling that `parse` reads."""
        return f"{self.where}:{100.0 * self.share:g}"

    @property
    def words(self) -> str:
        """What is held out, for a sentence."""
        percent = f"{100.0 * self.share:g} %"
        return {
            "end": f"the last {percent} of the song",
            "blocks": f"blocks that make up about {percent} of the song",
        }[self.where]

    @classmethod
    def parse(cls, text: str) -> "Unseen":
        """Return what a user wrote: where, a colon, and a percentage.

        Raises:
            MixtraceError: the text is not of that form, or out of range.

        >>> Unseen.parse("end:40")
        Unseen(share=0.4, where='end')
        """
        where, _, percent = text.partition(":")
        try:
            share = float(percent) / 100.0
        except ValueError:
            share = None
        if share is None or where not in get_args(Where):
            raise MixtraceError(
                "Expected what to hold out as end or blocks, a colon and a percentage, such as "
                f"end:40; got '{text}'."
            )
        return cls(share, cast(Where, where))

    def ranges(self, length_samples: int, sample_rate_hz: int) -> list[Range]:
        """Return what is held out of a song.

        Args:
            length_samples: the song's length.
            sample_rate_hz: its rate.

        Raises:
            MixtraceError: the song is too short: no window would be left in one of the parts.
        """
        if self.where == "end":
            held_out = [(round((1.0 - self.share) * length_samples), length_samples)]
        else:
            held_out = self._blocks(length_samples, sample_rate_hz)
        if not all(divided_windows(length_samples, sample_rate_hz, held_out)):
            raise MixtraceError(
                f"Expected a song of which {self} leaves windows of {HOP_S} s both seen and "
                f"unseen; this one has {length_samples / sample_rate_hz:.1f} s. Hold out another "
                "share, or nothing."
            )
        return held_out

    def _blocks(self, length_samples: int, sample_rate_hz: int) -> list[Range]:
        """Return blocks in the middle of as many equal stretches of the song's windows."""
        starts = evaluation_windows(length_samples, sample_rate_hz)
        wanted = round(self.share * length_samples / (_WINDOWS_IN_BLOCK * HOP_S * sample_rate_hz))
        count = min(max(1, wanted), (len(starts) - 1) // _WINDOWS_IN_BLOCK)
        held_out: list[Range] = []
        for number in range(count):
            middle = (number + 0.5) * len(starts) / count
            first = int(middle - 0.5 * _WINDOWS_IN_BLOCK)
            start, _ = _counted(starts[first], length_samples, sample_rate_hz)
            last = starts[first + _WINDOWS_IN_BLOCK - 1]
            _, stop = _counted(last, length_samples, sample_rate_hz)
            if held_out and held_out[-1][1] == start:
                start, _ = held_out.pop()
            held_out.append((start, stop))
        return held_out


def ranges_between(length_samples: int, held_out: Sequence[Range]) -> list[Range]:
    """Return what of a song is not held out.

    >>> ranges_between(10, [(2, 4), (7, 10)])
    [(0, 2), (4, 7)]
    """
    edges = [0, *(edge for held in held_out for edge in held), length_samples]
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]


def touches(start: int, stop: int, held_out: Sequence[Range]) -> bool:
    """Say whether one of the samples from start to stop is held out."""
    return any(start < held_stop and held_start < stop for held_start, held_stop in held_out)


def divided_windows(
    length_samples: int, sample_rate_hz: int, held_out: Sequence[Range]
) -> tuple[list[int], list[int]]:
    """Return the first samples of the evaluation windows of the seen part and of the held-out one.

    A window belongs to the part in which its counted samples lie; its warm-up, where nothing is
    compared with the mix, may lie in the other. One that is counted in both belongs to neither.

    Args:
        length_samples: the song's length.
        sample_rate_hz: its rate.
        held_out: what is held out of it.
    """
    seen_ranges = ranges_between(length_samples, held_out)
    seen, unseen = [], []
    for start in evaluation_windows(length_samples, sample_rate_hz):
        counted = _counted(start, length_samples, sample_rate_hz)
        if not touches(*counted, held_out):
            seen.append(start)
        elif not touches(*counted, seen_ranges):
            unseen.append(start)
    return seen, unseen


def _counted(start: int, length_samples: int, sample_rate_hz: int) -> Range:
    """Return what is counted of a window, within the song."""
    first, last = round(WARM_UP_S * sample_rate_hz), round(WINDOW_S * sample_rate_hz)
    return start + first, min(start + last, length_samples)
