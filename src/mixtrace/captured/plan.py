"""How much is done for a song, by its size.

A turn of a solve costs as the square of the inputs times the taps, and so does its memory. Songs of
up to a few dozen tracks are read at several lengths, of which the best is taken; longer ones are
left out where there are more tracks. Where even the usual length is dear the song is large: it is
read at that length alone, or beyond a hundred channels at the shortest, in fewer turns that all
have one preconditioner; level curves are read once, in frames four times as long; and the seams of
what is held out are not mended.
"""

from dataclasses import dataclass

from mixtrace.captured.responses import Turns
from mixtrace.dsp import fast_length

__all__ = ["Plan", "plan_of"]

_LENGTHS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0)
_LARGE_S = 0.1  # of the largest songs
_USUAL_S = 0.25  # where the search for a length begins
_SONG_LENGTHS = 30  # a song is at least so many responses long: others are learnt by heart
_DEAR = 12_000_000  # inputs^2 x taps: a turn takes about a quarter of a second on two cores
_MOST = 130_000_000  # the same: 0.5 GB for equations, and again for what eases them


@dataclass(frozen=True)
class Plan:
    """What is done for a song.

    Attributes:
        lengths: of responses, in taps, that may be chosen; rising.
        usual: place of the first that is tried.
        first: turns of a first solve.
        again: turns of a solve that starts from another.
        last: turns of the solve that ends a reading: what little a track has of some frequencies
            comes late.
        frames: of a capture that are one frame of the level curves.
        large: whether the song is read at one length, and seams are left.
    """

    lengths: tuple[int, ...]
    usual: int
    first: Turns
    again: Turns
    last: Turns
    frames: int
    large: bool


def plan_of(inputs: int, time: int, sample_rate_hz: int) -> Plan:
    """Return the plan for a song of so many channels and samples."""
    longest_s = max(time / sample_rate_hz / _SONG_LENGTHS, _USUAL_S)
    lengths = {s: fast_length(round(s * sample_rate_hz)) for s in _LENGTHS_S if s <= longest_s}
    cost = {s: inputs**2 * taps for s, taps in lengths.items()}
    if cost[_USUAL_S] > _DEAR:
        again = Turns(5, 6, True)
        only = _USUAL_S if cost[_USUAL_S] <= _MOST else _LARGE_S
        return Plan((lengths[only],), 0, Turns(15, 8, True), again, again, 4, large=True)
    tried = [s for s in lengths if cost[s] <= _DEAR]
    return Plan(
        tuple(lengths[s] for s in tried),
        tried.index(_USUAL_S),
        Turns(25, 10),
        Turns(12, 10),
        Turns(40, 60),
        1,
        large=False,
    )
