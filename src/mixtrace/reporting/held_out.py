"""How a result matches what its search saw of the song, and what was held out of it."""

from typing import Any

from mixtrace.reporting.result import fixed
from mixtrace.unseen import Unseen

__all__ = ["PARTS", "held_out_rows", "held_out_sentence"]

PARTS = (("seen part", "seen"), ("unseen part", "unseen"))
"""What the parts are called, and their keys in `metrics.json`."""


def held_out_rows(measures: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return (name, published, eq. (4)) of L_a of both parts; nothing where nothing was held out.

    Args:
        measures: the content of `metrics.json`.
    """
    if not isinstance(measures.get("held_out"), dict):
        return []

    def shown(part: str, by: str) -> str:
        return fixed(measures["held_out"][part][by]["l_a"], 3)

    return [(name, shown(part, "published"), shown(part, "eq4")) for name, part in PARTS]


def held_out_sentence(measures: dict[str, Any]) -> str:
    """Return what was held out and what L_a is in both parts; empty where nothing was.

    >>> loss = {"published": {"l_a": 0.3}, "eq4": {"l_a": 0.3}}
    >>> held_out_sentence({"held_out": {"choice": "end:40", "seen": loss, "unseen": loss}})
    'Held out: the last 40 % of the song. L_a is 0.300 there, 0.300 in the rest.'
    """
    rows = held_out_rows(measures)
    if not rows:
        return ""
    (_, seen, _), (_, unseen, _) = rows
    what = Unseen.parse(str(measures["held_out"].get("choice"))).words
    return f"Held out: {what}. L_a is {unseen} there, {seen} in the rest."
