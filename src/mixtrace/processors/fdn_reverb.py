"""FDN reverb: six delay lines that feed one another, with a decay time at every frequency."""

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp import feedback_network_taps, network_decay
from mixtrace.params import Affine, Between, ParamSpec
from mixtrace.processors.base import FilterProcessor, ImpulseResponse, Lengths, Values
from mixtrace.processors.kept_length import kept_length, kept_reach, kept_responses
from mixtrace.processors.noise_reverb import decay_words
from mixtrace.processors.picture import Glyph, Panel, Picture, Scale, Trace
from mixtrace.processors.tails import tail_words
from mixtrace.processors.told import Heard, NodeSettings, Said
from mixtrace.units import db_from_ratio
from mixtrace.wording import percent, signed_db

__all__ = ["FdnReverb"]

_LINES = 6
_KNOTS = 49
_HIGHEST_HZ = 22_050.0
_LOUD = 0.4
_LEFT, _RIGHT = (1, 1, 1, -1, -1, -1), (1, -1, 1, 1, -1, 1)  # nothing in common at the start
_TOLD_HZ = (250.0, 1000.0, 4000.0, 10_000.0)
_NAMES = ("250 Hz", "1 kHz", "4 kHz", "10 kHz")
_MIDDLE = 1
_GLYPH_S = 2.0


def _gains(name: str, label: str, meaning: str, start: tuple[float, ...]) -> ParamSpec:
    return ParamSpec(
        name=name,
        unit="",
        low=-1.0,
        high=1.0,
        neutral=None,
        init=1.0,
        warp=Affine(0.3),
        shape=(2 * _LINES,),
        label=label,
        meaning=f"{meaning} Six numbers for left, then six for right; -1 is turned over.",
        start=start,
        rate=0.1,
    )


class FdnReverb(FilterProcessor):
    """A feedback delay network of six lines, mixed by a Householder reflection.

    The neutral setting is a weight of zero. Equations are in `dsp.feedback_network`.

    Source: Yu et al. 2025, arXiv 2504.14735, for the lengths of the lines and the 49 decay times;
    their mixing matrix is learned as well, ours is fixed.
    """

    kind = "fdn_reverb"
    letter = "m"
    label = "FDN reverb"
    short = "FDN"
    family = "space"
    about = (
        "A feedback delay network: six delay lines of 23 to 48 ms feed one another, and what goes "
        "around decays at every frequency in a time of its own. How loud it is follows from what "
        "enters the lines and what is heard of them, beside the weight."
    )
    widens = True
    start_wet = 0.05
    params = (
        ParamSpec(
            name="rt60_s",
            unit="s",
            low=0.1,
            high=12.0,
            neutral=None,
            init=0.0,
            warp=Between(0.1, 12.0),
            shape=(_KNOTS,),
            label="decay time",
            meaning="Time to fall by 60 dB at 49 frequencies, evenly spaced by 459 Hz from 0 to "
            "22.05 kHz; its inverse goes in straight lines between them.",
            start=1.2,
            rate=0.1,
        ),
        _gains(
            "feeds",
            "what enters the lines",
            "How much of each side enters each line.",
            (_LOUD,) * (2 * _LINES),
        ),
        _gains(
            "picks",
            "what is heard of the lines",
            "How much of each line is heard on each side.",
            tuple(_LOUD * sign for sign in (*_LEFT, *_RIGHT)),
        ),
        kept_length(
            3.0,
            12.0,
            "How long the response is kept; it ends there. After 3 s a decay time of 3 s has "
            "fallen by 60 dB, one of 6 s by 30 dB. It does not move.",
        ),
    )

    def impulse_response(self, values: Values, sample_rate_hz: float) -> ImpulseResponse:
        """Return the response from each side to each."""

        def taps(some: Values, length: int) -> Float[Tensor, "some 4 time"]:
            return feedback_network_taps(
                some["rt60_s"],
                some["feeds"].unflatten(1, (2, _LINES)),
                some["picks"].unflatten(1, (2, _LINES)),
                length=length,
                highest_hz=_HIGHEST_HZ,
                sample_rate_hz=sample_rate_hz,
            )

        return ImpulseResponse(kept_responses(values, sample_rate_hz, taps), 0)

    def reach(self, sample_rate_hz: float, lengths: Lengths) -> tuple[int, int]:
        """Return no lead and the time that the response is kept."""
        return kept_reach(self.param("length_s"), sample_rate_hz, lengths)

    def describe(self, node: NodeSettings) -> str:
        """Return decay times, level and weight."""
        decays = "/".join(map(decay_words, _decays_s(node, _TOLD_HZ)))
        return f"RT60 {decays}, level {signed_db(db_from_ratio(node.wet))}, wet {percent(node.wet)}"

    def dials(self, node: NodeSettings) -> Iterator[tuple[str, str]]:
        """Yield decay times at four frequencies."""
        for name, time_s in zip(_NAMES, _decays_s(node, _TOLD_HZ), strict=True):
            yield f"RT60 {name}", decay_words(time_s)

    def say(self, node: NodeSettings, heard: Heard) -> Said:
        """Return the decay time at 1 kHz and the level."""
        middle = decay_words(_decays_s(node, _TOLD_HZ)[_MIDDLE])
        return tail_words(f"{middle} reverb", "the reverb is", node, heard)

    def picture(self, node: NodeSettings, heard: Heard) -> Picture:
        """Return the decay time over frequency."""
        grid_hz = np.geomspace(125.0, 14_000.0, 48)
        decay_s = np.array(_decays_s(node, grid_hz))
        longest = max(1.0, float(np.ceil(decay_s.max())))
        across = Scale(125.0, 14_000.0, "Hz", "frequency")
        up = Scale(0.0, longest, "RT60, s", step=longest / 2.0)
        return Picture(
            "decay time over frequency", (Panel(across, up, (Trace(grid_hz, decay_s),)),)
        )

    def glyph(self, node: NodeSettings, heard: Heard) -> Glyph:
        """Return the decay time from 125 Hz to 13 kHz, up to 2 s."""
        return Glyph(np.array(_decays_s(node, np.geomspace(125.0, 13_000.0, 16))), 0.0, _GLYPH_S)


def _decays_s(node: NodeSettings, frequencies_hz: tuple[float, ...] | np.ndarray) -> list[float]:
    """Return the decay times at some frequencies."""
    given = node.values["rt60_s"][None].detach().cpu().double()
    grid = torch.as_tensor(frequencies_hz, dtype=torch.float64)
    return (1.0 / network_decay(given, grid, _HIGHEST_HZ))[0].tolist()
