"""Curves small enough for a line of text: block characters, as high as the value."""

import numpy as np
from jaxtyping import Float

from mixtrace.processors import Heard, NodeSettings, processor
from mixtrace.reporting.svg import thinned

__all__ = ["blocks", "inline_curve"]

_BLOCKS = "▁▂▃▄▅▆▇█"
_WIDTH = 16


def inline_curve(node: NodeSettings, heard: Heard) -> str:
    """Return a processor's curve in 16 characters; empty for one that has none."""
    glyph = processor(node.kind).glyph(node, heard)
    return "" if glyph is None else blocks(thinned(glyph.values, _WIDTH), glyph.low, glyph.high)


def blocks(values: Float[np.ndarray, " place"], low: float, high: float) -> str:
    """Return a character for each value, those outside the range at its ends.

    >>> blocks(np.array([0.0, 0.5, 1.0, 7.0]), 0.0, 1.0)
    '▁▅██'
    """
    share = np.clip((values - low) / (high - low), 0.0, 1.0)
    return "".join(_BLOCKS[int(np.floor(7.0 * s + 0.5))] for s in share)
