"""Reverb: two seconds of noise that starts and decays differently in every frequency band."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from mixtrace.dsp import decaying_noise, resample_taps, uniform_noise_stft, unit_energy
from mixtrace.params import Affine, DecayTime, ParamSpec
from mixtrace.processors.base import (
    DESIGN_RATE_HZ,
    FilterProcessor,
    ImpulseResponse,
    Lengths,
    Values,
)
from mixtrace.processors.curve_shape import third_octaves
from mixtrace.processors.picture import Glyph, Panel, Picture, Scale, Trace
from mixtrace.processors.tails import tail_words
from mixtrace.processors.told import Heard, NodeSettings, Said
from mixtrace.units import DB_PER_NEPER, db_from_ratio
from mixtrace.wording import percent, seconds, signed_db

__all__ = ["NoiseReverb", "decay_words"]

_LENGTH = 60_000
_WINDOW = 384
_HOP = _WINDOW // 2
_BINS = _WINDOW // 2 + 1
_FRAME_S = _HOP / DESIGN_RATE_HZ
_SLOWNESS = 8.0
_SEED = 0
_BAND_EDGES_HZ = (0.0, 250.0, 4000.0, DESIGN_RATE_HZ / 2.0)
_BAND_NAMES = ("RT60 below 250 Hz", "RT60 250 Hz to 4 kHz", "RT60 above 4 kHz")
_LONGEST_DRAWN_S = 20.0
_GLYPH_S = 2.0


class NoiseReverb(FilterProcessor):
    """Uniform noise for mid and side under exp(initial + frame decay) per STFT bin.

    Mid and side responses become left and right ones (sum and difference), scaled to unit energy
    (mean over the channels, at 30 kHz); each channel is convolved with its own. The neutral setting
    is a dry/wet weight of zero. Nothing sounds above 15 kHz.

    Source: Lee et al. 2025, arXiv 2509.15948; the division of the exponent by 8 is that of the
    reference implementation.
    """

    kind = "noise_reverb"
    letter = "r"
    label = "reverb"
    short = "Rev"
    family = "space"
    about = (
        "Two seconds of decaying noise, one for mid and one for side, with a level and a decay "
        "time in every band up to 15 kHz. The response has unit energy, so the weight alone sets "
        "how loud it is; there is no pre-delay."
    )
    widens = True
    start_wet = 0.05
    levelled = True
    params = (
        ParamSpec(
            name="initial_db",
            unit="dB",
            low=-120.0,
            high=60.0,
            neutral=None,
            init=0.0,
            warp=Affine(DB_PER_NEPER / _SLOWNESS),
            shape=(2, _BINS),
            label="initial level (mid, side)",
            meaning="Level at the start at 193 frequencies, evenly spaced by 78 Hz from 0 to "
            "15 kHz, for mid and for side. Only differences matter.",
            start=0.0,
            rate=0.6,
        ),
        ParamSpec(
            name="rt60_s",
            unit="s",
            low=0.005,
            high=60.0,
            neutral=None,
            init=0.0,
            warp=DecayTime(_FRAME_S, _SLOWNESS),
            shape=(2, _BINS),
            label="decay time (mid, side)",
            meaning="Time to fall by 60 dB at the same frequencies, for mid and for side.",
            start=0.8,
            rate=0.3,
        ),
    )

    def impulse_response(self, values: Values, sample_rate_hz: float) -> ImpulseResponse:
        """Return two seconds of decaying noise for each channel."""
        initial = values["initial_db"] / DB_PER_NEPER
        decay = -60.0 * _FRAME_S / DB_PER_NEPER / values["rt60_s"]
        mid, side = decaying_noise(_noise(initial.device), initial, decay, _LENGTH).unbind(1)
        taps = unit_energy(torch.stack([mid + side, mid - side], 1))
        return ImpulseResponse(resample_taps(taps, DESIGN_RATE_HZ, sample_rate_hz), 0)

    def reach(self, sample_rate_hz: float, lengths: Lengths) -> tuple[int, int]:
        """Return no lead and two seconds of tail."""
        return 0, round(_LENGTH * sample_rate_hz / DESIGN_RATE_HZ)

    def describe(self, node: NodeSettings) -> str:
        """Return decay times in three bands, level and weight."""
        low, middle, high = map(seconds, self._bands_s(node))
        level = signed_db(db_from_ratio(node.wet))
        return f"RT60 low {low}, mid {middle}, high {high}, level {level}, wet {percent(node.wet)}"

    def dials(self, node: NodeSettings) -> Iterator[tuple[str, str]]:
        """Yield decay times in three bands."""
        for name, time_s in zip(_BAND_NAMES, self._bands_s(node), strict=True):
            yield name, seconds(time_s)

    def say(self, node: NodeSettings, heard: Heard) -> Said:
        """Return the decay time of the middle and the level."""
        name = f"{decay_words(self._bands_s(node)[1])} reverb"
        return tail_words(name, "the reverb is", node, heard)

    def picture(self, node: NodeSettings, heard: Heard) -> Picture:
        """Return decay time and first level over frequency, for mid and for side."""
        rt60_s = np.minimum(node.array("rt60_s"), _LONGEST_DRAWN_S)
        grid_hz, frequencies_hz = np.geomspace(100.0, 14_000.0, 32), _frequencies_hz()
        decay_s = [third_octaves(grid_hz, frequencies_hz, row) for row in rt60_s]
        levels_db = node.array("initial_db")
        start_db = np.stack([third_octaves(grid_hz, frequencies_hz, row) for row in levels_db])
        start_db -= start_db.max()
        longest = max(1.0, float(np.ceil(np.max(decay_s))))
        across = Scale(100.0, 14_000.0, "Hz", "frequency")

        def panel(up: Scale, rows: Sequence[np.ndarray] | np.ndarray, note: str = "") -> Panel:
            mid, side = rows
            return Panel(across, up, (Trace(grid_hz, side, "second"), Trace(grid_hz, mid)), note)

        return Picture(
            "decay time and first level over frequency, mid and side",
            (
                panel(Scale(0.0, longest, "RT60, s", step=longest / 2.0), decay_s),
                panel(Scale(-40.0, 0.0, "start, dB", step=20.0), start_db, "dashed: side"),
            ),
        )

    def glyph(self, node: NodeSettings, heard: Heard) -> Glyph:
        """Return the decay time from 125 Hz to 13 kHz, up to 2 s."""
        grid_hz = np.geomspace(125.0, 13_000.0, 16)
        decay_s = third_octaves(grid_hz, _frequencies_hz(), node.array("rt60_s")[0])
        return Glyph(decay_s, 0.0, _GLYPH_S)

    def _bands_s(self, node: NodeSettings) -> tuple[float, ...]:
        """Return decay times below 250 Hz, up to 4 kHz and above: medians of the mid."""
        rt60_s, frequencies_hz = node.values["rt60_s"][0].detach().cpu().numpy(), _frequencies_hz()
        inside = [
            (frequencies_hz >= low) & (frequencies_hz <= high)
            for low, high in pairwise(_BAND_EDGES_HZ)
        ]
        return tuple(float(np.median(rt60_s[band])) for band in inside)


def decay_words(time_s: float) -> str:
    """Return a decay time as a name of its reverb.

    >>> decay_words(1.24), decay_words(0.3)
    ('1.2 s', '300 ms')
    """
    return f"{time_s:.1f} s" if time_s >= 0.95 else seconds(time_s)


def _frequencies_hz() -> np.ndarray:
    return np.linspace(0.0, DESIGN_RATE_HZ / 2.0, _BINS)


@cache
def _noise(device: torch.device) -> Tensor:
    """Return the fixed noise, made once a device."""
    noise = uniform_noise_stft(channels=2, length=_LENGTH, window_length=_WINDOW, seed=_SEED)
    return noise.to(device)
