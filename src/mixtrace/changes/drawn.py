"""What differs where no dial of a search tells it: switches, curves, responses, rides."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from mixtrace.changes.node import Dialled, Node, is_within
from mixtrace.changes.words import difference_of
from mixtrace.params import ParamSpec
from mixtrace.processors import NodeSettings, Processor

__all__ = ["drawn_changes"]

_MOST_TOLD = 4
"""Of what is drawn: where more of it differs, the whole is told on one line."""

_ALIKE = 0.01  # amplitude of what two responses do not share, -40 dB: not heard beside them


def drawn_changes(
    entry: Processor, before: Node, after: Node, covered: Collection[str], told: Sequence[str]
) -> tuple[list[Dialled], int]:
    """Return what differs in parameters that no dial of a search tells.

    The processor is asked for its dials as they would be with these parameters alone turned.
    """
    names = [spec.name for spec in entry.params if spec.name not in covered]
    changed = [name for name in names if _is_other(before.own, after.own, name)]
    if not changed and before.own.keyed == after.own.keyed:
        return [], 0
    values = {**before.own.values, **{name: after.own.values[name] for name in changed}}
    turned = replace(before.own, values=values, keyed=after.own.keyed)
    dials = [dict(entry.dials(node)) for node in (before.own, turned)]
    others = [
        _told_anew(entry, before, after, (dial, dials[0].get(dial, ""), dials[1].get(dial, "")))
        for dial in dict.fromkeys([*dials[0], *dials[1]])
        if dials[0].get(dial) != dials[1].get(dial) and not any(dial in words for words in told)
    ]
    if changed and all(_all_within((before, after), name) for name in changed):
        return [], len(others)
    if len(others) > _MOST_TOLD:
        others = [Dialled("", entry.describe(before.own), entry.describe(turned))]
        return [change for change in others if change.before != change.after], 0
    if others:
        return others, 0
    curves = [name for name in changed if _is_curve(entry.param(name))]
    return [_drawn_otherwise(entry, before, after, name) for name in curves[:1]], 0


def _is_curve(spec: ParamSpec) -> bool:
    """Return whether a parameter is a response or a curve as a whole, not bands or knots."""
    return bool(spec.shape) and (spec.fixed or not spec.varies)


def _told_anew(entry: Processor, before: Node, after: Node, told: tuple[str, str, str]) -> Dialled:
    """Return a dial of other words, with its difference where it is one number of its name."""
    for spec in entry.params:
        if spec.label == told[0] and not spec.shape and not spec.choices:
            return Dialled(
                *told,
                *difference_of(entry, spec.name, before.number(spec.name), after.number(spec.name)),
            )
    return Dialled(*told)


def _is_other(before: NodeSettings, after: NodeSettings, name: str) -> bool:
    """Return whether values differ by what could be heard."""
    first, second = before.array(name), after.array(name)
    if first.shape != second.shape:
        return True
    return bool(np.linalg.norm(second - first) > _ALIKE * np.linalg.norm(first))


def _all_within(nodes: tuple[Node, Node], name: str) -> bool:
    """Return whether all numbers of a parameter lie in each other's intervals."""
    sizes = {node.own.values[name].numel() for node in nodes}
    if len(sizes) > 1:
        return False
    return all(is_within(nodes, (name, row), (name, row)) for row in range(*sizes))


def _drawn_otherwise(entry: Processor, before: Node, after: Node, name: str) -> Dialled:
    """Return in what a response or curve differs, as far as it is said."""
    spec = entry.param(name)
    choices = [
        [f"{t.words} {t.choice}" for t in entry.turned(node.own) if not t.settings]
        for node in (before, after)
    ]
    said = next((pair for pair in zip(*choices, strict=False) if pair[0] != pair[1]), None)
    if said is not None:
        return Dialled(spec.label, *said)
    first, second = before.own.array(name), after.own.array(name)
    if spec.unit == "dB" and first.shape == second.shape:
        most_db = float(np.abs(second - first).max())
        return Dialled(spec.label, "as it was", f"up to {most_db:.1f} dB from it")
    return Dialled(spec.label, "as it was", "another")
