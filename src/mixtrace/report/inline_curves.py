"""Curves small enough for a line of text: block characters, as high as the value."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from mixtrace.processors.base import DESIGN_RATE_HZ
from mixtrace.processors.equalizer import equalizer_frequencies
from mixtrace.report.curves import third_octaves
from mixtrace.report.effects import mixed_gain_db, strongest_echoes
from mixtrace.report.pictures import static_curve
from mixtrace.report.rendered import NodeValues
from mixtrace.report.svg import thinned
from mixtrace.store import Evidence

__all__ = ["blocks", "inline_curve"]

_BLOCKS = "▁▂▃▄▅▆▇█"
_WIDTH = 16
_EQ_DB = 9.0
_REDUCTION_DB = 12.0
_RIDE_DB = 6.0
_ECHO_RANGE_DB = 30.0
_DELAY_S = 2.0
_LONGEST_S = 2.0


def inline_curve(node: NodeValues, number: int, evidence: Evidence | None) -> str:
    """Return a processor's curve in 16 characters; empty for a kind that has none.

    An equalizer is drawn from 40 Hz to 13 kHz, +-9 dB; dynamics as the gain over the song, 0 to
    -12 dB, or over the level, -60 to 0 dB, where nothing was measured; a delay over 2 s, 30 dB
    high; a reverb as its decay time from 125 Hz to 13 kHz, up to 2 s; automation over the song,
    +-6 dB.
    """
    draw = _CURVES.get(node.kind)
    return draw(node, number, evidence) if draw else ""


def blocks(values: Float[np.ndarray, " place"], low: float, high: float) -> str:
    """Return a character for each value, those outside the range at its ends.

    >>> blocks(np.array([0.0, 0.5, 1.0, 7.0]), 0.0, 1.0)
    '▁▅██'
    """
    share = np.clip((values - low) / (high - low), 0.0, 1.0)
    return "".join(_BLOCKS[int(np.floor(7.0 * s + 0.5))] for s in share)


def _equalizer(node: NodeValues, number: int, evidence: Evidence | None) -> str:
    gain_db = mixed_gain_db(node.values["magnitude_db"].double().numpy(), node.wet)
    grid_hz = np.geomspace(40.0, 13_000.0, _WIDTH)
    curve_db = third_octaves(grid_hz, equalizer_frequencies().double().numpy(), gain_db)
    return blocks(curve_db, -_EQ_DB, _EQ_DB)


def _dynamics(node: NodeValues, number: int, evidence: Evidence | None) -> str:
    rows = np.flatnonzero(evidence.dynamics == number) if evidence is not None else []
    if evidence is not None and len(rows):
        return blocks(thinned(evidence.gain_db[rows[0]], _WIDTH), -_REDUCTION_DB, 0.0)
    return blocks(static_curve(node, np.linspace(-60.0, 0.0, _WIDTH)), -_REDUCTION_DB, 0.0)


def _delay(node: NodeValues, number: int, evidence: Evidence | None) -> str:
    heights_db = np.full(_WIDTH, -200.0)
    for echo in strongest_echoes(node.values, node.wet, most=40):
        place = min(_WIDTH - 1, int(_WIDTH * echo.time_s / _DELAY_S))
        heights_db[place] = max(heights_db[place], echo.level_db)
    return blocks(heights_db, heights_db.max() - _ECHO_RANGE_DB, heights_db.max())


def _reverb(node: NodeValues, number: int, evidence: Evidence | None) -> str:
    rt60_s = node.values["rt60_s"][0].double().numpy()
    frequencies_hz = np.linspace(0.0, DESIGN_RATE_HZ / 2.0, len(rt60_s))
    grid_hz = np.geomspace(125.0, 13_000.0, _WIDTH)
    return blocks(third_octaves(grid_hz, frequencies_hz, rt60_s), 0.0, _LONGEST_S)


def _automation(node: NodeValues, number: int, evidence: Evidence | None) -> str:
    gain_db = mixed_gain_db(node.values["ride_db"].double().numpy(), node.wet)
    return blocks(thinned(gain_db, _WIDTH), -_RIDE_DB, _RIDE_DB)


_CURVES: dict[str, Callable[[NodeValues, int, Evidence | None], str]] = {
    "equalizer": _equalizer,
    "compressor": _dynamics,
    "noise_gate": _dynamics,
    "multitap_delay": _delay,
    "reverb": _reverb,
    "gain_automation": _automation,
}
