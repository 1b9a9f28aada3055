"""Parts of a mix, each on its own, which add up to the mix whatever bends and compresses it.

What is linear works on each part alone. What is not works on the sum of all parts in the mix; for a
part it is frozen. Of dynamics, the gain that the whole song gave rise to acts on each part. Of
saturation, each part has its share (`dsp.saturation_share`). Both are linear in the part. Where all
that enters a processor is in the part it just runs, as it does in the mix.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp import saturation_share
from mixtrace.errors import MixtraceError
from mixtrace.exporting.project import Project
from mixtrace.exporting.stems.gains import gain_of
from mixtrace.exporting.stems.parts import Part
from mixtrace.graph import INPUT, KEY, MAIN, OUTPUT, Edge, Graph, Node
from mixtrace.names import printable
from mixtrace.processors import (
    AutomationProcessor,
    DynamicsProcessor,
    NodeSettings,
    TimeDomainProcessor,
    processor,
)
from mixtrace.progress import Steps
from mixtrace.rendering import render_taps
from mixtrace.session import Views

__all__ = ["Shares", "entering", "shared"]

_SATURATION = "saturation"
_AT_ONCE_BYTES = 1_000_000_000


@dataclass(frozen=True, eq=False)
class _Gain:
    """What a dynamics processor does, as it was in the mix: [1 or 2 channels, time]."""

    gain: Float[Tensor, "gain time"]

    def of(self, part: Tensor) -> Tensor:
        return part * self.gain


@dataclass(frozen=True, eq=False)
class _Bend:
    """What a saturation does, as it was in the mix."""

    settings: NodeSettings
    whole: Float[Tensor, "channel time"]
    sample_rate_hz: int

    def of(self, part: Tensor) -> Tensor:
        part, whole = (
            each.expand(max(len(part), len(self.whole)), -1).contiguous()
            for each in (part, self.whole)
        )
        drive_db, bias = (self.settings.number(name) for name in ("drive_db", "bias"))
        share = saturation_share(part, whole, drive_db, bias, self.sample_rate_hz)
        return torch.lerp(part, share, self.settings.wet)


class Shares:
    """The parts of a project's mix."""

    def __init__(self, project: Project, parts: Collection[Part], report: Steps) -> None:
        """Freeze what works on several parts at once.

        Args:
            project: the mix.
            parts: those that will be asked for.
            report: see `Steps`.

        Raises:
            MixtraceError: a processor that is not linear, and is of another package, works on
                several parts.
        """
        self._project = project
        frozen = shared(project.graph, parts)
        for i in frozen:
            _check_shared(project.graph, i)
        self._frozen: dict[int, _Gain | _Bend] = {}
        for i, audio, key in entering(project, frozen, report):
            node = project.settings[i]
            if node.kind == _SATURATION:
                self._frozen[i] = _Bend(node, audio, project.sample_rate_hz)
            else:
                (stack,) = project.settings.groups([i])
                self._frozen[i] = _Gain(gain_of(stack, audio, key, project.sample_rate_hz))

    def audio(self, part: Part) -> Float[np.ndarray, "_channel time"]:
        """Return a part as it is heard in the mix."""
        graph, done = self._project.graph, dict[int, Tensor]()
        for level in _levels(graph, part, self._frozen.keys()):
            reached = self._rendered(part, level, done)
            for i, audio in reached.items():
                done[i] = self._frozen[i].of(audio) if i in self._frozen else audio
        return done[graph.output].numpy()

    def _rendered(
        self, part: Part, nodes: Collection[int], done: Mapping[int, Tensor]
    ) -> dict[int, Tensor]:
        """Return what enters some nodes, rendered from tracks and from nodes that are done."""
        project = self._project
        smaller = _between(project.graph, part, nodes, done.keys())
        tracks = [
            done[i] if i in done else torch.from_numpy(project.track(i)) for i in smaller.inputs
        ]
        settings = project.settings.only(smaller.processors)
        return render_taps(smaller, settings, tracks, project.sample_rate_hz, nodes)[1]


def shared(graph: Graph, parts: Collection[Part]) -> list[int]:
    """Return the processors that are not linear and work on several parts at once."""
    return sorted({i for part in parts for i in _shared(graph, part)})


def entering(
    project: Project, nodes: Collection[int], report: Steps
) -> Iterator[tuple[int, Tensor, Tensor | None]]:
    """Yield some processors, what enters each in the mix, and what it listens to if not that.

    The song is rendered as often as keeps what is held of it within 1 GB.
    """
    graph, new = project.graph, max(project.graph.nodes) + 1
    at_once = max(1, _AT_ONCE_BYTES // (16 * project.length_samples))
    wanted = list(nodes)
    passes = [wanted[first : first + at_once] for first in range(0, len(wanted), at_once)]
    for number, some in enumerate(passes):
        added = {(i, port): new + place for place, (i, port) in enumerate(_ports(graph, some))}
        outputs = {tap: Node(OUTPUT, graph.nodes[i].strip) for (i, _), tap in added.items()}
        edges = [
            Edge(edge.source, tap, edge.level_db)
            for (i, port), tap in added.items()
            for edge in graph.feeds[i]
            if edge.port == port
        ]
        tapped = Graph(graph.strips, {**graph.nodes, **outputs}, (*graph.edges, *edges))

        def progress(done: int, total: int, number: int = number) -> None:
            report("rendering", number * total + done, len(passes) * total)

        tracks = Views(torch.from_numpy, project.tracks)
        rate = project.sample_rate_hz
        settings, taps = project.settings, added.values()
        _, found = render_taps(tapped, settings, tracks, rate, taps, progress=progress)
        for i in some:
            key = found[added[i, KEY]] if graph.keyed(i) else None
            yield i, found[added[i, MAIN]], key


def _ports(graph: Graph, nodes: Collection[int]) -> Iterator[tuple[int, str]]:
    for i in nodes:
        yield i, MAIN
        if graph.keyed(i):
            yield i, KEY


def _is_bent(graph: Graph, node: int) -> bool:
    """Return whether a node is not linear."""
    if not graph.nodes[node].is_processor:
        return False
    entry = processor(graph.nodes[node].kind)
    return isinstance(entry, TimeDomainProcessor) and not isinstance(entry, AutomationProcessor)


def _check_shared(graph: Graph, node: int) -> None:
    entry = processor(graph.nodes[node].kind)
    if entry.kind != _SATURATION and not isinstance(entry, DynamicsProcessor):
        whose = f"the {entry.label} of '{printable(graph.name(node))}'"
        raise MixtraceError(
            "Expected processors whose work can be shared among stems; nobody can say which stem "
            f"what {whose} adds belongs to. Export to another target."
        )


def _shared(graph: Graph, part: Part) -> set[int]:
    """Return what is not linear and does not hear all that it hears in the mix, or has a key."""
    found, whole = set[int](), set(graph.inputs)
    reached = {edge.destination for edge in part.edges}
    for i in (i for i in graph.order if i in reached):
        mains = [edge for edge in graph.feeds[i] if edge.port == MAIN]
        if all(edge in part.edges and edge.source in whole for edge in mains):
            whole.add(i)
        if _is_bent(graph, i) and (i not in whole or graph.keyed(i)):
            found.add(i)
    return found


def _levels(graph: Graph, part: Part, frozen: Collection[int]) -> list[list[int]]:
    """Return the frozen nodes of a part in the order in which they can be done, the mix last."""
    depth: dict[int, int] = {}
    reached = {edge.destination for edge in part.edges}
    levels: dict[int, list[int]] = {}
    for i in (i for i in graph.order if i in reached):
        feeds = [edge.source for edge in graph.feeds[i] if edge in part.edges]
        depth[i] = max(depth.get(source, 0) + (source in frozen) for source in feeds)
        if i in frozen:
            levels.setdefault(depth[i], []).append(i)
    return [*(levels[at] for at in sorted(levels)), [graph.output]]


def _between(graph: Graph, part: Part, nodes: Collection[int], done: Collection[int]) -> Graph:
    """Return a part's way to some nodes from tracks, and from nodes that are done."""
    edges, kept = [], set(nodes)
    for i in reversed(graph.order):
        if i in kept and (i not in done or i in nodes):
            own = [edge for edge in graph.feeds[i] if edge in part.edges]
            edges += own
            kept.update(edge.source for edge in own)
    kinds = dict.fromkeys(done, INPUT) | dict.fromkeys(nodes, OUTPUT)
    changed = {
        i: Node(kinds.get(i, node.kind), node.strip) for i, node in graph.nodes.items() if i in kept
    }
    places = {id(edge): place for place, edge in enumerate(graph.edges)}
    edges.sort(key=lambda edge: places[id(edge)])
    strips = {node.strip for node in changed.values()}
    return Graph({n: s for n, s in graph.strips.items() if n in strips}, changed, tuple(edges))
