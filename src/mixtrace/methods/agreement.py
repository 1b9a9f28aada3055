"""What runs of one song agree on: where their processors stand, and how their dials are set.

Processors are the same where they stand on a strip of one name and role, are of one kind, lead to
the same strips if they are sends, and come as the same one of these in the order of the sound.
Dials that a processor has several of, such as bells, are the same where each is the nearest to the
other.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from mixtrace.graph import Graph, Role, is_branch, leads_to
from mixtrace.params import ParamSpec
from mixtrace.processors import WET, Settings, processor
from mixtrace.store import Agreement, Elsewhere, EndedRun, Range, Setting, setting_value

__all__ = ["Dial", "Place", "Standing", "agreement_of", "standings"]


@dataclass(frozen=True)
class Place:
    """Where a processor stands, which tells it from all others of its graph.

    Attributes:
        strip, role: of its strip.
        kind: its kind.
        to: where it leads, if it is a send.
        number: which of several such, in the order of the sound, counted from 0.
    """

    strip: str
    role: Role
    kind: str
    to: tuple[str, ...] = ()
    number: int = 0


@dataclass(frozen=True)
class Dial:
    """Settings that are told together, such as those of a band.

    Attributes:
        words: what they are.
        settings: name, row and value of each.
    """

    words: str
    settings: tuple[tuple[str, int, float], ...]


@dataclass(frozen=True)
class Standing:
    """A processor of a run.

    Attributes:
        node: its number in the graph of that run.
        place: where it stands.
        dials: what is told of it.
    """

    node: int
    place: Place
    dials: tuple[Dial, ...]


def standings(graph: Graph, settings: Settings) -> tuple[Standing, ...]:
    """Return the processors of a graph, in the order of the sound."""
    found: list[Standing] = []
    seen: Counter[Place] = Counter()
    for i in graph.order:
        node = graph.nodes[i]
        if not node.is_processor:
            continue
        strip = graph.strips[node.strip]
        to = leads_to(graph, i) if is_branch(node) else ()
        first = Place(strip.name, strip.role, node.kind, to)
        place = Place(strip.name, strip.role, node.kind, to, seen[first])
        seen[first] += 1
        found.append(Standing(i, place, tuple(_dials(settings, i))))
    return tuple(found)


def agreement_of(
    ended: Sequence[EndedRun], found: Sequence[Sequence[Standing]], kept: int
) -> Agreement:
    """Return what runs agree on.

    Args:
        ended: what each came to.
        found: the processors of each.
        kept: the place of the one whose graph it is said of.
    """
    runs = [{each.place: each for each in one} for one in found]
    stood, ranges = {}, {}
    for own in found[kept]:
        same = [run[own.place] for run in runs if own.place in run]
        stood[own.node] = len(same)
        for dial in own.dials:
            pairs = [pair for other in same if (pair := _paired(dial, own, other)) is not None]
            for number, (name, row, _) in enumerate(dial.settings):
                values = [pair.settings[number][2] for pair in pairs]
                ranges[Setting(own.node, name, row)] = Range(len(values), min(values), max(values))
    known = runs[kept].keys()
    others = Counter(place for run in runs for place in run if place not in known)
    return Agreement(
        tuple(ended),
        kept,
        stood,
        ranges,
        tuple(Elsewhere(at.strip, at.role, at.kind, runs) for at, runs in others.items()),
    )


def _dials(settings: Settings, node: int) -> Iterator[Dial]:
    """Yield the dials of a node that are numbers."""
    own = settings[node]
    entry = processor(own.kind)
    for turned in entry.turned(own):
        values = []
        for name, row in turned.settings:
            value = setting_value(settings, Setting(node, name, row))
            values.append((name, row, value if name == WET else _clipped(entry.param(name), value)))
        if values:
            yield Dial(turned.words, tuple(values))


def _clipped(spec: ParamSpec, value: float) -> float:
    """Return a value within its range, which single precision may miss by a rounding."""
    return float(spec.clip(torch.tensor([value], dtype=torch.float64)))


def _paired(dial: Dial, own: Standing, other: Standing) -> Dial | None:
    """Return the dial of another processor that is the same as one of ours; None if none is."""
    there = _nearest(dial, other)
    return there if there is not None and _nearest(there, own) == dial else None


def _nearest(dial: Dial, standing: Standing) -> Dial | None:
    """Return the dial of the same name whose first setting is the nearest; by ratio, as in Hz."""
    same = [each for each in standing.dials if each.words == dial.words]
    return min(same, key=lambda each: abs(_placed(each) - _placed(dial)), default=None)


def _placed(dial: Dial) -> float:
    _, _, value = dial.settings[0]
    return math.log(value) if value > 0.0 else value
