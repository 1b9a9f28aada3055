"""What is told of everything that rings after the sound: echoes and reverbs."""

from mixtrace.processors.told import Heard, NodeSettings, Said
from mixtrace.units import db_from_ratio
from mixtrace.wording import rounded_db

__all__ = ["tail_words"]

_INAUDIBLE_DB = -40.0
_WET_ALONE = 0.999


def tail_words(name: str, they_are: str, node: NodeSettings, heard: Heard) -> Said:
    """Return what rings and how loud, or doubt it where it is far below the dry sound.

    Where the wet part is all there is, as on a return, its sends tell how loud it is.

    Args:
        name: what rings, such as "1.2 s reverb".
        they_are: how a doubt begins, such as "the reverb is".
        node: its settings; the weight tells the level where it was not measured.
        heard: what was measured.
    """
    if node.wet >= _WET_ALONE:
        return Said((name,))
    level_db = heard.wet_level_db
    if level_db is None:
        level_db = db_from_ratio(node.wet / max(1.0 - node.wet, 1e-6))
    if level_db < _INAUDIBLE_DB:
        return Said(doubts=(f"{they_are} more than 40 dB below the dry sound",))
    return Said((f"{name} at {rounded_db(level_db)}",))
