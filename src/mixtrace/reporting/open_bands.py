"""Bands of an equalizer that the mix leaves open: they may as well not be there."""

from dataclasses import replace

import numpy as np
import torch

from mixtrace.processors import NodeSettings, processor
from mixtrace.store import Interval, Sureness

__all__ = ["split_bands"]

_EQ = "parametric_equalizer"
_WIDE_DB = 12.0
_SHELVES = ("low_shelf_db", "high_shelf_db")
_PASSES = ("high_pass", "low_pass")


def split_bands(
    number: int, node: NodeSettings, sureness: Sureness | None
) -> tuple[NodeSettings, NodeSettings | None]:
    """Return an equalizer with the bands that are known, and one with those that are open.

    A shelf or a bell is open where its gain may be 0 dB and lies within no less than 12 dB; a pass
    where its frequency may be any.

    Args:
        number: of the node.
        node: its settings; of another kind it is returned as it is.
        sureness: of the graph.

    Returns:
        Both; None for the second where no band is open.
    """
    if sureness is None or node.kind != _EQ:
        return node, None
    intervals = {(s.name, s.row): interval for s, interval in sureness.of(number)}
    entry = processor(_EQ)
    known, vague = dict(node.values), dict(node.values)
    found = False
    for name in (*_SHELVES, *(f"{name}_db_per_octave" for name in _PASSES)):
        asked = name.replace("_db_per_octave", "_hz")
        interval = intervals.get((asked, 0))
        spec = entry.param(asked)
        anywhere = interval is not None and (interval.low, interval.high) == (spec.low, spec.high)
        is_open = _may_be_flat(interval) if name in _SHELVES else anywhere
        (known if is_open else vague)[name] = torch.zeros_like(node.values[name])
        found = found or (is_open and abs(node.number(name)) > 0.0)
    gains = node.values["bell_db"]
    loose = np.array([_may_be_flat(intervals.get(("bell_db", k))) for k in range(len(gains))])
    mask = torch.from_numpy(loose)
    known["bell_db"], vague["bell_db"] = gains * ~mask, gains * mask
    found = found or bool((vague["bell_db"] != 0.0).any())
    return replace(node, values=known), replace(node, values=vague) if found else None


def _may_be_flat(interval: Interval | None) -> bool:
    if interval is None:
        return False
    return interval.low <= 0.0 <= interval.high and interval.high - interval.low >= _WIDE_DB
