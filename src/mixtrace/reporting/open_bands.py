"""Bands of an equalizer that the mix leaves open: they may as well not be there."""

from dataclasses import replace

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
    singles = {name: _may_be_flat(intervals.get((name, 0))) for name in _SHELVES}
    for name in _PASSES:
        spec, interval = processor(_EQ).param(f"{name}_hz"), intervals.get((f"{name}_hz", 0))
        is_any = interval is not None and (interval.low, interval.high) == (spec.low, spec.high)
        singles[f"{name}_db_per_octave"] = is_any
    known, vague = dict(node.values), dict(node.values)
    for name, is_open in singles.items():
        (known if is_open else vague)[name] = torch.zeros_like(node.values[name])
    gains = node.values["bell_db"]
    loose = torch.tensor([_may_be_flat(intervals.get(("bell_db", k))) for k in range(len(gains))])
    known["bell_db"], vague["bell_db"] = gains * ~loose, gains * loose
    found = any(bool(vague[name].any()) for name in (*singles, "bell_db"))
    return replace(node, values=known), replace(node, values=vague) if found else None


def _may_be_flat(interval: Interval | None) -> bool:
    if interval is None:
        return False
    return interval.low <= 0.0 <= interval.high and interval.high - interval.low >= _WIDE_DB
