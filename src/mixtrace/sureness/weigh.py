"""How sure the settings of a graph are: an interval for each, and what cannot be told apart."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np
import torch
from jaxtyping import Float
from scipy.fft import next_fast_len
from torch import Tensor

from mixtrace.captured import whitening_of
from mixtrace.descent import SongWindows, Target
from mixtrace.graph import Graph
from mixtrace.losses import combine
from mixtrace.processors import Settings, processor
from mixtrace.rendering import Prepared, Varied
from mixtrace.session import Session
from mixtrace.store import Interval, Setting, Sureness
from mixtrace.sureness.information import Information, Known
from mixtrace.sureness.scales import NINE_TENTHS, scale_of
from mixtrace.sureness.spreads import spread_of
from mixtrace.sureness.variations import Moved, derivatives, moved_settings

__all__ = ["how_sure"]

_MOST_WINDOWS = 8
"""As many, spread over the song, are looked at: 22 s. More would take longer than they tell."""

_PIECES = 3
"""A window's counted part is cut into: a second each, longer than what most music repeats."""

_ALIKE = 0.95
"""Settings whose errors go together more than this cannot be told apart: each is known three times
as well where the other is given."""

_UNSHOWN = 0.9
"""Where the spread is more than this share of that of the whole range, the song shows nothing."""

_TURNED = {"tone", "dynamics"}
"""The families whose order is asked for."""


def how_sure(
    graph: Graph,
    settings: Settings,
    session: Session,
    windows: SongWindows,
    worth: float,
    tried: Callable[[int, int], None] = lambda done, total: None,
    *,
    foreign: bool = True,
) -> Sureness:
    """Return how sure the settings of a graph are.

    Args:
        graph: the graph.
        settings: its settings.
        session: the song.
        windows: the same song; those that show what is held out are left out.
        worth: by how much L_a has to rise for a difference to count.
        tried: told how many of how many windows are done.
        foreign: whether intervals are those of the dials of others' engines; else of ours.
    """
    settings = settings.map(lambda value: value.detach())
    moved, pairs = moved_settings(graph, settings), list(_neighbours(graph))
    if not moved:
        return Sureness({})
    limit = windows.time + windows.warm_up
    prepared = Prepared(graph, settings, windows.sample_rate_hz, windows.time, limit)
    chosen = _spread_out(windows.count)
    whiten = _Whitener(session, windows, chosen)
    information, rises = Information(len(moved)), np.zeros(len(pairs))
    for done, number in enumerate(chosen):
        tried(done, len(chosen))
        dry, target = windows.window(number)
        rendering = Varied(prepared, dry)
        mix = rendering.mix()
        error = whiten.mix(number)[0]
        error = error if mix is None else error - whiten(mix, number)[0]
        change = error.new_zeros((len(moved), *error.shape))
        for rows, slopes in derivatives(rendering, settings, moved):
            change[rows] = whiten(slopes, number)
        information.add(error, change, _PIECES)
        rises += [_rise(rendering, windows, target, mix, pair) for pair in pairs]
    tried(len(chosen), len(chosen))
    known = information.known([one.spread for one in moved], len(chosen) / windows.count)
    intervals = {
        one.setting: _interval(graph, one, known, row, foreign) for row, one in enumerate(moved)
    }
    orders = tuple(p for p, rise in zip(pairs, rises / len(chosen), strict=True) if rise < worth)
    return Sureness(intervals, _alike(graph, moved, known), orders)


def _spread_out(count: int) -> list[int]:
    """Return the numbers of the windows to look at."""
    places = np.linspace(0, count - 1, min(count, _MOST_WINDOWS))
    return sorted(set(np.round(places).astype(int).tolist()))


class _Whitener:
    """Whitens the counted parts of windows by the spectrum of the mix in them."""

    def __init__(self, session: Session, windows: SongWindows, chosen: Sequence[int]) -> None:
        self._windows = windows
        song = torch.from_numpy(np.asarray(session.mix))
        self._song = song.to(windows.device)
        counted = [self._counted(self._song, windows.starts[number]) for number in chosen]
        whitening = whitening_of(torch.cat(counted, -1).cpu(), session.sample_rate_hz)
        self._length = int(next_fast_len(windows.time - windows.warm_up, real=True) or 0)
        gains, bins = whitening.gains[None, None], self._length // 2 + 1
        spread = torch.nn.functional.interpolate(gains, bins, mode="linear", align_corners=True)
        self._gains = spread[0, 0].to(windows.device)

    def mix(self, number: int) -> Float[Tensor, "1 2 counted"]:
        """Return the whitened mix of a window."""
        return self._whitened(self._counted(self._song, self._windows.starts[number])[None])

    def __call__(
        self, audio: Float[Tensor, "row 2 time"], number: int
    ) -> Float[Tensor, "row 2 counted"]:
        """Return the whitened counted part of a window's audio, up to the end of the song."""
        left = self._song.shape[-1] - self._windows.starts[number]
        return self._whitened(self._counted(audio[..., :left], 0))

    def _counted(self, audio: Tensor, start: int) -> Tensor:
        return audio[..., start + self._windows.warm_up : start + self._windows.time]

    def _whitened(self, audio: Tensor) -> Tensor:
        spectrum = torch.fft.rfft(audio, self._length) * self._gains
        return torch.fft.irfft(spectrum, self._length)[..., : audio.shape[-1]]


def _interval(graph: Graph, one: Moved, known: Known, row: int, foreign: bool) -> Interval:
    """Return the interval of a setting: what the song leaves open, and what engines mean by it."""
    scale = scale_of(one.spec)
    deviation = float(known.deviation[row])
    if deviation > _UNSHOWN * one.spread:
        return Interval(scale.low, scale.high)
    pull = float(np.clip(known.pull[row], -one.spread, one.spread))
    half = NINE_TENTHS * float(np.hypot(deviation, pull)) if foreign else NINE_TENTHS * deviation
    spread = spread_of(graph, one.setting) if foreign else 0.0
    middle = scale.place(one.physical(one.value))
    ends = []
    for side in (-1.0, 1.0):
        own = scale.place(one.physical(one.value + side * half)) - middle
        ends.append(scale.value(middle + side * float(np.hypot(own, spread))))
    return Interval(min(ends), max(ends))


def _alike(graph: Graph, moved: Sequence[Moved], known: Known) -> tuple[tuple[Setting, ...], ...]:
    """Return groups of settings that cannot be told apart, where that widens their intervals."""
    wide = [row for row, one in enumerate(moved) if _is_wide(graph, one, known, row)]
    groups: dict[int, set[int]] = {row: {row} for row in wide}
    correlation = np.abs(known.correlation)
    for a, b in combinations(wide, 2):
        if correlation[a, b] > _ALIKE and groups[a] is not groups[b]:
            joined = groups[a] | groups[b]
            for row in joined:
                groups[row] = joined
    found = {min(group): sorted(group) for group in groups.values() if len(group) > 1}
    return tuple(tuple(moved[row].setting for row in group) for group in found.values())


def _is_wide(graph: Graph, one: Moved, known: Known, row: int) -> bool:
    """Return whether the song shows a setting, but leaves more open than engines differ by."""
    scale, deviation = scale_of(one.spec), float(known.deviation[row])
    low, high = (
        scale.place(one.physical(one.value + side * NINE_TENTHS * deviation))
        for side in (-1.0, 1.0)
    )
    return deviation <= _UNSHOWN * one.spread and high - low > spread_of(graph, one.setting)


def _neighbours(graph: Graph) -> Iterator[tuple[int, int]]:
    """Yield an equalizer and a compressor of which one feeds the other and nothing else."""
    for i in graph.processors:
        fed = [edge for edge in graph.edges if edge.source == i]
        if len(fed) != 1 or fed[0].level_db or len(graph.feeds[fed[0].destination]) != 1:
            continue
        j = fed[0].destination
        if not graph.nodes[j].is_processor or len(graph.feeds[i]) != 1:
            continue
        families = {processor(graph.nodes[n].kind).family for n in (i, j)}
        if families == _TURNED:
            yield i, j


def _rise(
    rendering: Varied,
    windows: SongWindows,
    target: Target,
    mix: Tensor | None,
    pair: tuple[int, int],
) -> float:
    """Return by how much L_a of a window rises where two neighbours are exchanged."""
    losses = [
        float(combine(windows.compare(audio, target), "published"))
        for audio in (rendering.swapped(*pair), mix)
    ]
    return losses[0] - losses[1]
