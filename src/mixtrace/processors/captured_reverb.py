"""Captured reverb: a response that was read from a mix, and what turns it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp import PreparedResponse, mid_rt60_s, prepared_response, turned_response
from mixtrace.params import Affine, Between, Exponential, ParamSpec
from mixtrace.processors.base import (
    DESIGN_RATE_HZ,
    FilterProcessor,
    ImpulseResponse,
    Lengths,
    Values,
)
from mixtrace.processors.noise_reverb import decay_words
from mixtrace.processors.picture import Glyph, Panel, Picture, Scale, Trace
from mixtrace.processors.tails import tail_words
from mixtrace.processors.told import Heard, NodeSettings, Said, Turned
from mixtrace.units import db_from_ratio
from mixtrace.wording import percent, seconds, signed_db

__all__ = ["CapturedReverb", "captured_taps"]

_START_TAPS = 3000
_HALL_S = 1.0
_LONGEST_S = 10.0
_TONE_DB, _HEARD_MS = 0.2, 5.0
_PLACES, _FLOOR_DB = 200, -60.0


class CapturedReverb(FilterProcessor):
    """A stored response from each channel to each, with its decay, tone and pre-delay turned.

    It is scaled to unit energy (as at 30 kHz; the mean over the channels it leaves by), so the
    dry/wet weight alone tells the level. The neutral setting is a weight of zero. Where nothing
    crosses from side to side only two rows are rendered. The response keeps its length, however
    its decay and pre-delay are turned. Equations are in `dsp.reverberation`.
    """

    kind = "captured_reverb"
    letter = "i"
    label = "captured reverb"
    short = "Hall"
    family = "space"
    about = (
        "A reverb that was read from a mix: its response is stored with the node. Decay, tone and "
        "pre-delay turn it as in a convolution reverb. The response has unit energy, so the weight "
        "alone sets how loud it is."
    )
    widens = True
    start_wet = 0.05
    params = (
        ParamSpec(
            name="taps",
            unit="",
            low=-1000.0,
            high=1000.0,
            neutral=None,
            init=0.0,
            warp=Affine(1.0),
            shape=(_START_TAPS, 4),
            label="response",
            meaning="The stored response, sample by sample: left from left, left from right, right "
            "from left, right from right. Only differences matter. It does not move.",
            rate=0.0,
            varies=True,
            fixed=True,
        ),
        ParamSpec(
            name="stored_rate_hz",
            unit="Hz",
            low=8000.0,
            high=384_000.0,
            neutral=None,
            init=DESIGN_RATE_HZ,
            warp=Affine(1.0),
            shape=(),
            label="stored at",
            meaning="Sample rate of the stored response. It does not move.",
            start=DESIGN_RATE_HZ,
            rate=0.0,
            fixed=True,
        ),
        ParamSpec(
            name="decay_factor",
            unit="",
            low=0.5,
            high=2.0,
            neutral=None,
            init=0.0,
            warp=Between(0.5, 2.0),
            shape=(),
            label="decay",
            meaning="Decay time over that of the stored response; 1 leaves it as it is.",
            start=1.0,
            rate=0.1,
        ),
        ParamSpec(
            name="tone_db_per_octave",
            unit="dB per octave",
            low=-6.0,
            high=6.0,
            neutral=None,
            init=0.0,
            warp=Affine(1.0),
            shape=(),
            label="tone",
            meaning="A tilt about 1 kHz: above 0 is brighter, 0 leaves it as it is.",
            start=0.0,
            rate=0.1,
        ),
        ParamSpec(
            name="pre_delay_ms",
            unit="ms",
            low=0.0,
            high=200.0,
            neutral=None,
            init=0.7,
            warp=Exponential(20.0, -20.0),
            shape=(),
            label="pre-delay",
            meaning="How much later the response starts than it was stored; 0 leaves it as it is.",
            start=0.0,
            rate=0.0005,  # steps of some .02 ms: a descent that left the sample did not return
        ),
    )

    def impulse_response(self, values: Values, sample_rate_hz: float) -> ImpulseResponse:
        """Return the turned responses; rows and lengths are those of the largest."""
        turned = []
        for row, rate_hz in enumerate(values["stored_rate_hz"].tolist()):
            stored = _prepared(_Stored.of(values["taps"][row], rate_hz), sample_rate_hz)
            dials = ("decay_factor", "tone_db_per_octave", "pre_delay_ms")
            decay, tone, delay_ms = (values[name][row : row + 1] for name in dials)
            taps = turned_response(
                stored, decay, tone, delay_ms / 1000.0, sample_rate_hz=sample_rate_hz
            )
            turned.append(taps[0])
        rows, longest = (max(taps.shape[axis] for taps in turned) for axis in (0, 1))
        padded = [
            torch.nn.functional.pad(_spread(taps, rows), (0, longest - taps.shape[1]))
            for taps in turned
        ]
        return ImpulseResponse(torch.stack(padded), 0)

    def reach(self, sample_rate_hz: float, lengths: Lengths) -> tuple[int, int]:
        """Return no lead and the length of the stored response."""
        taps = lengths.get("taps", _START_TAPS)
        stored_rate_hz = lengths.get("stored_rate_hz", DESIGN_RATE_HZ)
        return 0, round(taps * sample_rate_hz / stored_rate_hz)

    def describe(self, node: NodeSettings) -> str:
        """Return the decay, what turns it, level and weight."""
        dialled = ", ".join(f"{name} {value}" for name, value in self.dials(node))
        level = f"level {signed_db(db_from_ratio(node.wet))}, wet {percent(node.wet)}"
        return f"RT60 {_rt60_words(node)}, {dialled}, {level}"

    def turned(self, node: NodeSettings) -> Iterator[Turned]:
        """Yield the decay time, then what turns the response."""
        yield Turned("RT60", choice=_rt60_words(node))
        yield from super().turned(node)

    def dials(self, node: NodeSettings) -> Iterator[tuple[str, str]]:
        """Yield what turns the response."""
        yield "decay", percent(node.number("decay_factor"))
        yield "tone", f"{node.number('tone_db_per_octave'):+.1f} dB/oct"
        yield "pre-delay", seconds(node.number("pre_delay_ms") / 1000.0)

    def say(self, node: NodeSettings, heard: Heard) -> Said:
        """Return its decay, where it was turned, and the level."""
        decay_s, tone = _decay_s(node), node.number("tone_db_per_octave")
        delay_ms = node.number("pre_delay_ms")
        place = "hall" if decay_s >= _HALL_S else "room"
        tilt = f", {'brighter' if tone > 0.0 else 'darker'}" if abs(tone) >= _TONE_DB else ""
        after = f" after {seconds(delay_ms / 1000.0)}" if delay_ms >= _HEARD_MS else ""
        what = f"{_rt60_words(node)} {place}" if decay_s <= _LONGEST_S else "response without decay"
        name = f"captured {what}{tilt}{after}"
        return tail_words(name, "the captured reverb is", node, heard)

    def picture(self, node: NodeSettings, heard: Heard) -> Picture:
        """Return the energy that is still to come over time."""
        times_s, level_db = _energy_decay(node)
        end_s = max(float(times_s[-1]), 0.01)
        panel = Panel(
            Scale(0.0, end_s, "s", step=end_s / 4.0),
            Scale(_FLOOR_DB, 0.0, step=20.0),
            (Trace(times_s, level_db),),
            f"RT60 {_rt60_words(node)}",
        )
        return Picture("energy still to come, in dB over time", (panel,))

    def glyph(self, node: NodeSettings, heard: Heard) -> Glyph:
        """Return the energy that is still to come over the response, 60 dB high."""
        _, level_db = _energy_decay(node)
        places = np.linspace(0, len(level_db) - 1, 16).round().astype(int)
        return Glyph(level_db[places], _FLOOR_DB, 0.0)


def captured_taps(response: Float[Tensor, "row time"]) -> Float[Tensor, "time 4"]:
    """Return a response of 1, 2 or 4 rows (see `ImpulseResponse`) as the parameter `taps`."""
    return _spread(response, 4).T.contiguous()


def _spread(rows: Float[Tensor, "row time"], count: int) -> Float[Tensor, "count time"]:
    """Return a response in 2 or 4 rows; what has no cross terms gets silent ones."""
    if len(rows) == count:
        return rows
    left, right = rows[0], rows[-1]
    if count == 2:
        return torch.stack([left, right])
    nothing = torch.zeros_like(left)
    return torch.stack([left, nothing, nothing, right])


@dataclass(frozen=True, eq=False)
class _Stored:
    """A stored response, told from others by what it holds: each step brings new tensors.

    It is compared with the one of the step before, which takes a fraction of a digest's time; by
    numpy, for torch would wait for its other threads.
    """

    taps: Float[np.ndarray, "time 4"]
    rate_hz: float
    device: torch.device

    @classmethod
    def of(cls, taps: Float[Tensor, "time 4"], rate_hz: float) -> "_Stored":
        """Return a copy, which nobody changes while it is known."""
        return cls(taps.detach().cpu().numpy().copy(), rate_hz, taps.device)

    def __hash__(self) -> int:
        """Return the same for equal responses."""
        return hash((self.taps.dtype, len(self.taps), self.rate_hz, self.device))

    def __eq__(self, other: object) -> bool:
        """Return whether the responses are equal."""
        return (
            isinstance(other, _Stored)
            and hash(self) == hash(other)
            and np.array_equal(self.taps, other.taps)
        )


@lru_cache(maxsize=32)
def _prepared(stored: _Stored, sample_rate_hz: float) -> PreparedResponse:
    """Return a stored response at unit energy, two rows of it where nothing crosses."""
    rows = torch.from_numpy(stored.taps).to(stored.device).T
    if not bool(rows[1:3].any()):
        rows = rows[::3]
    energy = rows.double().square().sum() / 2.0 * stored.rate_hz / DESIGN_RATE_HZ
    scaled = rows * torch.rsqrt(energy + 1e-12).to(rows.dtype)
    return prepared_response(scaled, stored.rate_hz, sample_rate_hz)


def _alone(node: NodeSettings) -> tuple[Tensor, float]:
    """Return the turned response [row, time] of one node at its own rate, and that rate."""
    values = {name: value.detach().cpu()[None] for name, value in node.values.items()}
    rate_hz = node.number("stored_rate_hz")
    return CapturedReverb().impulse_response(values, rate_hz).taps[0], rate_hz


def _decay_s(node: NodeSettings) -> float:
    """Return the decay time of the response as it is turned."""
    return mid_rt60_s(*_alone(node))


def _rt60_words(node: NodeSettings) -> str:
    """Return the decay time in words; no room has one of more than 10 s."""
    decay_s = _decay_s(node)
    return decay_words(decay_s) if decay_s <= _LONGEST_S else f"over {_LONGEST_S:.0f} s"


def _energy_decay(node: NodeSettings) -> tuple[np.ndarray, np.ndarray]:
    """Return moments and the energy after each, in dB of all of it (Schroeder's integral)."""
    taps, rate_hz = _alone(node)
    energy = taps.double().square().sum(0).numpy()
    remaining = np.cumsum(energy[::-1])[::-1]
    level_db = 10.0 * np.log10(np.maximum(remaining / max(remaining[0], 1e-300), 1e-12))
    places = np.linspace(0, len(level_db) - 1, _PLACES).round().astype(int)
    return places / rate_hz, np.maximum(level_db[places], _FLOOR_DB)
