"""What a graph can do without: processors whose absence L_a hardly notices."""

from collections.abc import Callable, Sequence

from mixtrace.descent import SongWindows
from mixtrace.graph import Graph
from mixtrace.processors import Settings, processor
from mixtrace.trials import Trials, look_at

__all__ = ["dispensable"]

_PLACE = "place"


def dispensable(
    graph: Graph,
    settings: Settings,
    windows: SongWindows,
    worth: float,
    tried: Callable[[int, int], None],
) -> list[tuple[int, float]]:
    """Return processors that the song can do without, in the order in which they leave.

    Each is tried alone, on all windows of the song; then they leave one by one, the least missed
    first, as long as L_a rises by less than `worth` each. Faders and sends stay: they hold levels.

    Args:
        graph: the graph.
        settings: its settings.
        windows: the song.
        worth: by how much L_a has to rise without a processor for it to stay.
        tried: told how many of how many trials are done.

    Returns:
        Each processor, and by how much L_a rises without it and those before it.
    """
    candidates = [i for i in graph.processors if processor(graph.nodes[i].kind).family != _PLACE]
    look = look_at(graph, settings, windows, range(windows.count))
    trials = Trials(graph, settings, windows, look.numbers, look.means["published"])
    whole, total = trials.loss(()), 2 * len(candidates)
    alone: dict[int, float] = {}
    for number, i in enumerate(candidates):
        alone[i] = trials.loss((i,)) - whole
        tried(number + 1, total)
    gone: list[tuple[int, float]] = []
    for number, i in enumerate(sorted(candidates, key=alone.__getitem__)):
        tried(len(candidates) + number + 1, total)
        if alone[i] > worth:
            break
        rise = trials.loss([*_nodes(gone), i]) - whole
        if rise <= worth * (len(gone) + 1):
            gone.append((i, rise))
    return gone


def _nodes(gone: Sequence[tuple[int, float]]) -> list[int]:
    return [i for i, _ in gone]
