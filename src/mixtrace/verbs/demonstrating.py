"""`demo`: the embedded song, fitted and compared with the graph that was planted in its mix."""

from dataclasses import dataclass
from pathlib import Path

from mixtrace.examples import PlantedAndFound, compare, demo_session, plant_demo, write_demo_song
from mixtrace.metrics import LOSS_RATE_HZ
from mixtrace.progress import OnProgress, Progress, ignored
from mixtrace.store import is_plain_folder
from mixtrace.verbs.fitting import Fit, fit
from mixtrace.verbs.outputs import check_place, named

__all__ = ["Demo", "demo"]

_SONG, _FIT = "song", "fit"


@dataclass(frozen=True, eq=False)
class Demo:
    """What the demo found, and how it compares with what was planted, chain by chain."""

    found: Fit
    comparisons: tuple[PlantedAndFound, ...]


def demo(
    output: Path | str,
    *,
    fresh: bool = False,
    on_progress: OnProgress = ignored,
) -> Demo:
    """Write the demo song, find its graph and compare it with the planted one.

    Args:
        output: a folder; the song goes to `song/` in it, the result to `fit/`.
        fresh: see `fit`.
        on_progress: see `fit`.

    Raises:
        MixtraceError: a folder that cannot be used.
        OSError: a folder cannot be made.
    """
    folder = named(output)
    check_place(folder)
    song = folder / _SONG
    is_plain_folder(song)
    on_progress(Progress("synthesising", 0, 1))
    write_demo_song(song)
    found = fit(song, folder / _FIT, fresh=fresh, on_progress=on_progress)
    result = (found.stored.graph, found.stored.settings)
    rows = compare(plant_demo(), result, demo_session(LOSS_RATE_HZ))
    return Demo(found, tuple(rows))
