"""Parametric equalizer: passes, shelves and bells of minimum phase, as on a channel strip."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp import (
    bell_sections,
    cascade_taps,
    high_pass_sections,
    high_shelf_sections,
    low_pass_sections,
    low_shelf_sections,
)
from mixtrace.params import Affine, Between, ParamSpec
from mixtrace.processors.base import FilterProcessor, ImpulseResponse, Lengths, Values
from mixtrace.processors.equalizer import tone_picture
from mixtrace.processors.picture import Glyph, Picture
from mixtrace.processors.told import Heard, NodeSettings, Said, Turned
from mixtrace.wording import hertz, percent, rounded_db, short_number, signed_db

__all__ = ["ParametricEqualizer"]

_RINGING_S = 0.25
"""Two poles of 20 Hz and Q 1.3, those of the steepest high-pass, are down 80 dB after 0.19 s."""

_SHELF_Q = math.sqrt(0.5)
_MOST_BELLS = 6
_MOST_DB = 18.0
_TOLD_DB = 0.5
_FULLY_WET = 0.995
_SHOWN_RATE_HZ = 96_000.0
_GLYPH_DB = 9.0
_CHOICES = (0.0, 6.0, 12.0, 24.0)
_BELLS_HZ = (150.0, 500.0, 1700.0, 5500.0)

_PLACES = {
    "high-pass": "high-pass at {hz} ({slope} dB/oct)",
    "low shelf": "{db} below {hz}",
    "bell": "{db} at {hz}",
    "high shelf": "{db} above {hz}",
    "low-pass": "low-pass at {hz} ({slope} dB/oct)",
}
"""How each band is told."""

_SHIFTS = {"high-pass": 0.7, "low shelf": 0.7, "bell": 1.0, "high shelf": 1.4, "low-pass": 1.4}
"""Where each is heard most, as a multiple of its frequency: half an octave beyond a corner."""


def _frequency(name: str, low: float, high: float, start: float, meaning: str) -> ParamSpec:
    return ParamSpec(
        name=f"{name}_hz",
        unit="Hz",
        low=low,
        high=high,
        neutral=None,
        init=0.0,
        warp=Between(low, high),
        shape=(),
        label=f"{name.replace('_', ' ')} frequency",
        meaning=meaning,
        start=start,
        rate=0.1,
    )


def _slope(name: str) -> ParamSpec:
    return ParamSpec(
        name=f"{name}_db_per_octave",
        unit="dB/oct",
        low=0.0,
        high=24.0,
        neutral=0.0,
        init=0.0,
        warp=Affine(12.0, 12.0),
        shape=(),
        label=f"{name.replace('_', ' ')} slope",
        meaning="A switch: 0 is off; 6, 12 and 24 are Butterworth filters. No search moves it.",
        start=12.0,
        rate=0.0,
        choices=_CHOICES,
        choice_words=("off", *(f"{slope:g} dB/oct" for slope in _CHOICES[1:])),
    )


def _gain(name: str, label: str, meaning: str) -> ParamSpec:
    return ParamSpec(
        name=f"{name}_db",
        unit="dB",
        low=-_MOST_DB,
        high=_MOST_DB,
        neutral=0.0,
        init=0.0,
        warp=Affine(6.0),
        shape=(),
        label=label,
        meaning=meaning,
        start=0.0,
        rate=0.1,
    )


class ParametricEqualizer(FilterProcessor):
    """Second-order sections in series (see `dsp.sections`), the same for both channels."""

    kind = "parametric_equalizer"
    letter = "q"
    label = "parametric EQ"
    short = "PEQ"
    family = "tone"
    about = (
        "An equalizer as on a channel strip, of minimum phase, the same for left and right: a "
        "high-pass, a low shelf, up to six bells, a high shelf and a low-pass. A pass is -3 dB at "
        "its frequency, a shelf has half its gain there; both have the widest bend without a bump. "
        "What rings is cut after 250 ms, so narrow boosts at the bottom come out wider and lower "
        "than dialled: with Q 8 and +6 dB by 1.2 dB at 20 Hz, by 0.1 dB at 50 Hz."
    )
    widens = False
    start_wet = 1.0
    params = (
        _frequency("high_pass", 20.0, 2000.0, 30.0, "Where the high-pass is at -3 dB."),
        _slope("high_pass"),
        _frequency("low_pass", 500.0, 20_000.0, 18_000.0, "Where the low-pass is at -3 dB."),
        _slope("low_pass"),
        _frequency("low_shelf", 30.0, 1000.0, 120.0, "Where the low shelf has half its gain."),
        _gain("low_shelf", "low shelf", "Gain of the low shelf far below its frequency."),
        _frequency(
            "high_shelf", 1000.0, 18_000.0, 6000.0, "Where the high shelf has half its gain."
        ),
        _gain("high_shelf", "high shelf", "Gain of the high shelf far above its frequency."),
        replace(
            _frequency("bell", 20.0, 18_000.0, 0.0, "Centre of each bell, one to six of them."),
            shape=(len(_BELLS_HZ),),
            label="bells",
            one="bell {} frequency",
            start=_BELLS_HZ,
            varies=True,
        ),
        replace(
            _gain("bell", "gains of bells", "Gain at the centre of each bell."),
            one="bell {} gain",
            shape=(len(_BELLS_HZ),),
            varies=True,
        ),
        ParamSpec(
            name="bell_q",
            unit="",
            low=0.3,
            high=8.0,
            neutral=None,
            init=0.0,
            warp=Between(0.3, 8.0),
            shape=(len(_BELLS_HZ),),
            label="Q of bells",
            one="bell {} Q",
            meaning="Centre frequency over the width between the points of half the gain in dB.",
            start=1.0,
            rate=0.1,
            varies=True,
        ),
    )

    def impulse_response(self, values: Values, sample_rate_hz: float) -> ImpulseResponse:
        """Return the start of every node's response, one for both channels."""
        _, after = self.reach(sample_rate_hz, {})
        sections = _sections(values, sample_rate_hz)
        taps = cascade_taps(sections, after + 1, values["bell_db"].dtype)
        return ImpulseResponse(taps[:, None], 0)

    def reach(self, sample_rate_hz: float, lengths: Lengths) -> tuple[int, int]:
        """Return no lead, and how long it may ring."""
        return 0, round(_RINGING_S * sample_rate_hz)

    def misfit(self, values: Values) -> str:
        """Return a sentence where bells are too many, or lack a frequency, a gain or a Q."""
        hz, db, q = (values[name].shape[1] for name in ("bell_hz", "bell_db", "bell_q"))
        if hz == db == q <= _MOST_BELLS:
            return ""
        return (
            f"Expected bell_hz, bell_db and bell_q of one length, at most {_MOST_BELLS}; "
            f"got {hz}, {db} and {q}."
        )

    def amount(self, node: NodeSettings, share: float) -> NodeSettings:
        """Return gains multiplied by the share; passes stay as they are, and are off at 0."""
        turned = self.multiplied(node, share, "low_shelf_db", "high_shelf_db", "bell_db")
        passes = ("high_pass_db_per_octave", "low_pass_db_per_octave")
        return turned if share else self.multiplied(turned, share, *passes)

    def describe(self, node: NodeSettings) -> str:
        """Return everything that is on, from low to high."""
        words = [f"{name} {value}" for name, value in self.dials(node)]
        if node.wet < _FULLY_WET:
            words.append(f"wet {percent(node.wet)}")
        return ", ".join(words) or "flat"

    def turned(self, node: NodeSettings) -> Iterator[Turned]:
        """Yield the bands that are on."""
        for band in _bands(node):
            if band.slope:
                name = band.name.replace("-", "_")
                yield Turned(f"{band.slope} dB/oct {band.name}", ((f"{name}_hz", 0),))
            elif band.name == "bell":
                names = ("bell_hz", "bell_db", "bell_q")
                yield Turned("bell", tuple((name, band.row) for name in names))
            else:
                name = band.name.replace(" ", "_")
                yield Turned(band.name, ((f"{name}_hz", 0), (f"{name}_db", 0)))

    def dials(self, node: NodeSettings) -> Iterator[tuple[str, str]]:
        """Yield passes, shelves and bells that are on."""
        for band in _bands(node):
            if band.name.endswith("pass"):
                yield band.name, f"{hertz(band.frequency_hz)} {band.slope} dB/oct"
            else:
                q = f" Q {short_number(band.q)}" if band.q else ""
                yield f"{band.name} {hertz(band.frequency_hz)}", f"{signed_db(band.gain_db)}{q}"

    def say(self, node: NodeSettings, heard: Heard) -> Said:
        """Return passes, and the gains of shelves and bells, where there is sound."""
        said, unheard = [], []
        for band in _bands(node):
            words = _PLACES[band.name].format(
                db=rounded_db(band.gain_db), hz=hertz(band.frequency_hz), slope=band.slope
            )
            heard_here = heard.sounds_at(_SHIFTS[band.name] * band.frequency_hz)
            (said if heard_here else unheard).append(words)
        if said and node.wet < _FULLY_WET:
            said[-1] += f" (EQ mixed in at {percent(node.wet)})"
        doubts = (
            [f"EQ where the sound has next to nothing: {', '.join(unheard)}"] if unheard else []
        )
        return Said(tuple(said), tuple(doubts))

    def picture(self, node: NodeSettings, heard: Heard) -> Picture:
        """Return the curve over the spectrum that enters."""
        grid_hz = np.geomspace(20.0, 20_000.0, 121)
        return tone_picture(grid_hz, _curve_db(node, grid_hz), heard)

    def glyph(self, node: NodeSettings, heard: Heard) -> Glyph:
        """Return the curve from 40 Hz to 13 kHz, +-9 dB."""
        return Glyph(_curve_db(node, np.geomspace(40.0, 13_000.0, 16)), -_GLYPH_DB, _GLYPH_DB)


def _sections(values: Values, sample_rate_hz: float) -> Float[Tensor, "node section 6"]:
    """Return the sections of every node; passes that no node has are left out."""
    shelf_q = torch.full_like(values["low_shelf_hz"], _SHELF_Q)
    low, high = (
        shelf(values[f"{name}_hz"], values[f"{name}_db"], shelf_q, sample_rate_hz)[:, None]
        for name, shelf in (("low_shelf", low_shelf_sections), ("high_shelf", high_shelf_sections))
    )
    bells = bell_sections(values["bell_hz"], values["bell_db"], values["bell_q"], sample_rate_hz)
    passes = [
        *_passes(values, "high_pass", high_pass_sections, sample_rate_hz),
        *_passes(values, "low_pass", low_pass_sections, sample_rate_hz),
    ]
    return torch.cat([low, high, bells, *passes], 1)


def _passes(
    values: Values, name: str, design: Callable[..., Tensor], sample_rate_hz: float
) -> Iterator[Float[Tensor, "node section 6"]]:
    """Yield the sections of a pass, as many as the steepest needs; the others do nothing."""
    slopes, frequency_hz = values[f"{name}_db_per_octave"].detach(), values[f"{name}_hz"]
    steepest = _sections_of(int(slopes.max()))
    if not steepest:
        return
    off = torch.tensor([1.0, 0.0, 0.0, 1.0, 0.0, 0.0], dtype=torch.float64)
    rows = off.to(slopes.device).repeat(len(slopes), steepest, 1)
    for slope in map(int, _CHOICES[1:]):
        nodes = (slopes == slope).nonzero()
        if len(nodes):
            places = torch.arange(_sections_of(slope), device=nodes.device)
            sections = design(frequency_hz[nodes[:, 0]], slope, sample_rate_hz)
            rows = rows.index_put((nodes, places), sections)
    yield rows


def _sections_of(slope_db_per_octave: int) -> int:
    """Return how many sections a pass takes; one of 6 dB per octave leaves half of its own."""
    return -(-slope_db_per_octave // 12)


@dataclass(frozen=True)
class _Band:
    """A pass, shelf or bell that is on; the numbers that it has no use for are zero."""

    name: str
    frequency_hz: float
    gain_db: float = 0.0
    q: float = 0.0
    slope: int = 0
    row: int = 0


def _bands(node: NodeSettings) -> list[_Band]:
    """Return what is on, from low to high: passes outside, shelves, and bells between them."""
    shaped = []
    if abs(gain_db := node.number("low_shelf_db")) >= _TOLD_DB:
        shaped.append(_Band("low shelf", node.number("low_shelf_hz"), gain_db))
    bells = zip(*(node.array(name) for name in ("bell_hz", "bell_db", "bell_q")), strict=True)
    for (hz, db, q), row in sorted((bell, row) for row, bell in enumerate(bells)):
        if abs(db) >= _TOLD_DB:
            shaped.append(_Band("bell", float(hz), float(db), float(q), row=row))
    if abs(gain_db := node.number("high_shelf_db")) >= _TOLD_DB:
        shaped.append(_Band("high shelf", node.number("high_shelf_hz"), gain_db))
    return [*_pass(node, "high_pass"), *shaped, *_pass(node, "low_pass")]


def _pass(node: NodeSettings, name: str) -> list[_Band]:
    slope = round(node.number(f"{name}_db_per_octave"))
    hz = node.number(f"{name}_hz")
    return [_Band(name.replace("_", "-"), hz, slope=slope)] if slope else []


def _curve_db(
    node: NodeSettings, grid_hz: Float[np.ndarray, " point"]
) -> Float[np.ndarray, " point"]:
    """Return the gain in dB at frequencies, dry/wet weight included."""
    values = {name: value[None].detach().cpu() for name, value in node.values.items()}
    sections = _sections(values, _SHOWN_RATE_HZ)[0].numpy()
    late = np.exp(-2j * np.pi * grid_hz / _SHOWN_RATE_HZ)
    powers = late ** np.arange(3)[:, None]
    response = np.prod((sections[:, :3] @ powers) / (sections[:, 3:] @ powers), 0)
    return 20.0 * np.log10(np.abs(1.0 - node.wet + node.wet * response) + 1e-10)
