"""What the settings of one song's graph are and do: numbers, tone curves, level curves, decays."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32

from mixtrace.dsp import mid_rt60_s
from mixtrace.processors import (
    WET,
    DynamicsProcessor,
    FilterProcessor,
    Processor,
    Stack,
    processor,
)
from mixtrace.processors.base import DESIGN_RATE_HZ
from mixtrace.store import StoredGraph
from mixtrace.units import db_from_ratio

__all__ = ["GRID_HZ", "LEVELS_DB", "Measured", "Quantity", "measured", "quantity_of"]

GRID_HZ = 1000.0 * 2.0 ** (np.arange(-63, 49) / 12.0)
"""Twelve points an octave from 26 Hz to 15.1 kHz: where the published grid ends."""

LEVELS_DB = np.arange(-60.0, 0.5, 1.0)
"""Constant levels that enter dynamics processors."""

RT60, LEVEL = "measured_rt60_s", "measured_level_db"
"""What is measured of responses that ring, beside their own settings."""

GAIN, LOW_GAIN = "mean_gain_db", "low_gain_db"
"""What dynamics and rides did over the song, where that was measured: the mean over the frames, and
the gain that one frame in twenty is below."""

_LOW_PERCENT = 5.0

_RATE_HZ = 44_100.0
_BINS_S = 0.25  # a bin each 4 Hz: a twelfth of an octave at 26 Hz is 1.5 Hz, but no EQ is as steep
_FLOOR = 1e-5  # -100 dB: what a filter blocks entirely
_AT_ONCE = 4  # long responses that are in memory together
_WET_ALONE = 0.999  # where no dry sound is left, as on a return, no level against it is told


@dataclass(frozen=True)
class Quantity:
    """A setting, or what settings come to.

    Attributes:
        kind: of the processor.
        name: short and unique for its kind.
        label: in words.
        unit: empty for a plain number.
    """

    kind: str
    name: str
    label: str
    unit: str


@dataclass(frozen=True, eq=False)
class Measured:
    """What was measured of some nodes of one kind.

    Attributes:
        kind: theirs.
        nodes: their numbers.
        numbers: name of a quantity -> its values at each node, as many columns as it has rows; NaN
            where it does nothing, as the frequency of a shelf of 0 dB.
        tone_db: gain over `GRID_HZ` of an equalizer, dry/wet weight included; None for others.
        level_db: gain over `LEVELS_DB` of a dynamics processor, the same; None for others.
    """

    kind: str
    nodes: tuple[int, ...]
    numbers: dict[str, Float[np.ndarray, "node row"]]
    tone_db: Float[np.ndarray, "node point"] | None = None
    level_db: Float[np.ndarray, "node level"] | None = None

    def only(self, some: Bool[np.ndarray, " node"]) -> "Measured":
        """Return the same of some of the nodes."""
        return Measured(
            self.kind,
            tuple(i for i, wanted in zip(self.nodes, some.tolist(), strict=True) if wanted),
            {name: values[some] for name, values in self.numbers.items()},
            None if self.tone_db is None else self.tone_db[some],
            None if self.level_db is None else self.level_db[some],
        )


_DERIVED = {
    WET: ("wet", ""),
    RT60: ("RT60 of the response", "s"),
    LEVEL: ("level against the dry sound", "dB"),
    GAIN: ("gain over the song, mean", "dB"),
    LOW_GAIN: ("gain over the song, 5th percentile", "dB"),
}


def quantity_of(kind: str, name: str) -> Quantity:
    """Return what a number of `Measured.numbers` is called."""
    if name in _DERIVED:
        return Quantity(kind, name, *_DERIVED[name])
    spec = processor(kind).param(name)
    return Quantity(kind, name, spec.label, spec.unit)


def measured(
    stored: StoredGraph, gains_db: Mapping[int, Float32[np.ndarray, " frame"]]
) -> Iterator[Measured]:
    """Yield what the processors of a graph are set to and do, those of one shape together.

    Args:
        stored: the graph.
        gains_db: node -> its gain over the song; none where that was not measured.
    """
    for stack in stored.settings.stacks:
        entry = processor(stack.kind)
        numbers = _turned(entry, stored, stack)
        tone_db = level_db = None
        if isinstance(entry, FilterProcessor) and entry.family == "tone":
            tone_db = _tone_db(entry, stack)
        elif isinstance(entry, FilterProcessor) and entry.family == "space":
            numbers |= _tails(entry, stack)
        elif isinstance(entry, DynamicsProcessor):
            each = [
                entry.static_gain_db(stored.node(i), LEVELS_DB).astype(np.float64)
                for i in stack.nodes
            ]
            level_db = np.stack(each)
        if all(i in gains_db for i in stack.nodes):
            numbers |= _over_song([gains_db[i] for i in stack.nodes])
        yield Measured(stack.kind, stack.nodes, numbers, tone_db, level_db)


def _over_song(
    gains_db: Sequence[Float32[np.ndarray, " frame"]],
) -> dict[str, Float[np.ndarray, "node 1"]]:
    """Return what gains come to over the frames in which something entered; NaN for silence."""
    known = [gains[np.isfinite(gains)].astype(np.float64) for gains in gains_db]
    means = [gains.mean() if len(gains) else np.nan for gains in known]
    lows = [np.percentile(gains, _LOW_PERCENT) if len(gains) else np.nan for gains in known]
    return {GAIN: np.array(means)[:, None], LOW_GAIN: np.array(lows)[:, None]}


def _turned(
    entry: Processor, stored: StoredGraph, stack: Stack
) -> dict[str, Float[np.ndarray, "node row"]]:
    """Return the settings that the processors themselves tell, where they do something."""
    numbers: dict[str, Float[np.ndarray, "node row"]] = {}
    for place, i in enumerate(stack.nodes):
        for name, row in (each for dial in entry.turned(stored.node(i)) for each in dial.settings):
            values = _values(stack, name)
            told = numbers.setdefault(name, np.full(values.shape, np.nan))
            told[place, row] = values[place, row]
    return numbers


def _values(stack: Stack, name: str) -> Float[np.ndarray, "node row"]:
    values = stack.tensor(name).detach().cpu().double().numpy()
    return values.reshape(len(values), -1)


def _tone_db(entry: FilterProcessor, stack: Stack) -> Float[np.ndarray, "node point"]:
    """Return the gain of equalizers on the grid, in dB."""
    response = entry.impulse_response(stack.values, _RATE_HZ)
    length = max(response.taps.shape[-1], round(_BINS_S * _RATE_HZ))
    taps = response.taps[:, 0].detach().cpu().double().numpy()
    wet = stack.wet.detach().cpu().double().numpy()[:, None]
    mixed = wet * taps
    mixed[:, response.lead_samples] += 1.0 - wet[:, 0]
    gain = np.abs(np.fft.rfft(mixed, n=length))
    bins_hz = np.fft.rfftfreq(length, 1.0 / _RATE_HZ)
    on_grid = np.stack([np.interp(GRID_HZ, bins_hz, row) for row in gain])
    return 20.0 * np.log10(np.maximum(on_grid, _FLOOR))


def _tails(entry: FilterProcessor, stack: Stack) -> dict[str, Float[np.ndarray, "node 1"]]:
    """Return how long responses ring, and how loud they are against the dry sound.

    That is for noise up to 15 kHz, for which responses of reverbs have unit energy.
    """
    times_s, levels_db = [], []
    for first in range(0, len(stack.nodes), _AT_ONCE):
        some = stack.rows(stack.nodes[first : first + _AT_ONCE])
        with torch.no_grad():
            response = entry.impulse_response(some.values, DESIGN_RATE_HZ)
        for taps, wet in zip(response.taps, some.wet.tolist(), strict=True):
            times_s.append(mid_rt60_s(taps, DESIGN_RATE_HZ))
            energy = float(taps.double().square().sum()) / min(len(taps), 2)
            told = 0.0 < wet < _WET_ALONE and energy > 0.0
            levels_db.append(db_from_ratio(wet / (1.0 - wet) * energy**0.5) if told else np.nan)
    return {RT60: np.array(times_s)[:, None], LEVEL: np.array(levels_db)[:, None]}
