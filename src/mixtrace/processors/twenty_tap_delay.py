"""Multitap delay: for each channel one coloured echo in every 100 ms of two seconds."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp import place_taps, resampled_grid, unit_energy, zero_phase_taps
from mixtrace.params import Affine, ParamSpec, TapPosition
from mixtrace.processors.base import (
    DESIGN_RATE_HZ,
    FilterProcessor,
    ImpulseResponse,
    Lengths,
    Values,
)
from mixtrace.processors.picture import Glyph, Panel, Picture, Scale, Style, Trace
from mixtrace.processors.tails import tail_words
from mixtrace.processors.told import Heard, NodeSettings, Said
from mixtrace.units import DB_PER_NEPER, db_from_ratio
from mixtrace.wording import percent, seconds, signed_db

__all__ = ["SLOT_S", "Echo", "TwentyTapDelay"]

_SLOTS = 20
SLOT_S = 0.1
_BINS = 20
_SAME_TIME_S = 0.005
_FAINT = 1e-3  # of the strongest echo's energy, -30 dB
_SHOWN = 40
_GLYPH_PLACES, _GLYPH_DB = 16, 30.0


@dataclass(frozen=True)
class Echo:
    """One echo.

    Attributes:
        time_s: after the sound.
        level_db: against the sound that enters the delay on that side, dry/wet weight included.
        side: `left`, `right` or `both`.
    """

    time_s: float
    level_db: float
    side: str


class TwentyTapDelay(FilterProcessor):
    """Twenty taps a channel, each in its own 100 ms, each through a 39-tap zero-phase filter.

    The response is scaled to unit energy (mean over the channels) at 30 kHz. The neutral setting
    is a dry/wet weight of zero.

    Source: Lee et al. 2025, arXiv 2509.15948.
    """

    kind = "twenty_tap_delay"
    letter = "d"
    label = "delay"
    short = "Delay"
    family = "space"
    about = (
        "Forty echoes over two seconds: on either side one in each slot of 100 ms, each with a "
        "tone of its own. The response has unit energy, so the weight alone sets how loud it is."
    )
    widens = True
    start_wet = 0.03
    params = (
        ParamSpec(
            name="taps",
            unit="s into the slot, sharpness",
            low=(0.0, 0.0),
            high=(SLOT_S, 1.0),
            neutral=None,
            init=0.0,
            warp=TapPosition(SLOT_S),
            shape=(2, _SLOTS, 2),
            label="taps",
            meaning="For each side and slot, where in the slot its echo stands, and the sharpness "
            "of its search: the first is heard, the second guides the fit only.",
            rate=0.06,
        ),
        ParamSpec(
            name="color_db",
            unit="dB",
            low=-80.0,
            high=40.0,
            neutral=None,
            init=0.0,
            warp=Affine(DB_PER_NEPER),
            shape=(2, _SLOTS, _BINS),
            label="color",
            meaning="Tone of each echo: gain at 20 frequencies, evenly spaced by 769 Hz from 0 to "
            "14.6 kHz. Only differences matter, between echoes and within one.",
            start=0.0,
            rate=0.12,
        ),
    )

    def impulse_response(self, values: Values, sample_rate_hz: float) -> ImpulseResponse:
        """Return two seconds of coloured taps for each channel."""
        taps = self._taps(values, DESIGN_RATE_HZ)
        if sample_rate_hz == DESIGN_RATE_HZ:
            return ImpulseResponse(unit_energy(taps), 0)
        energy = taps.square().sum(-1, keepdim=True).mean(1, keepdim=True)
        return ImpulseResponse(self._taps(values, sample_rate_hz) / torch.sqrt(energy + 1e-12), 0)

    def reach(self, sample_rate_hz: float, lengths: Lengths) -> tuple[int, int]:
        """Return no lead and two seconds of tail."""
        return 0, _SLOTS * round(SLOT_S * sample_rate_hz)

    def regulariser(self, values: Values) -> Float[Tensor, ""]:
        """Return the sum of (1 - sharpness)^2 / 2 over the taps: search ends sharp."""
        return 0.5 * (1.0 - values["taps"][..., 1]).square().sum()

    def describe(self, node: NodeSettings) -> str:
        """Return the strongest echoes and the weight."""
        echoes = [
            f"{echo.time_s:.2f} s {signed_db(echo.level_db)}"
            + (f" {echo.side}" if echo.side != "both" else "")
            for echo in self.strongest_echoes(node)
        ]
        return f"strongest echoes {', '.join(echoes)}, wet {percent(node.wet)}"

    def dials(self, node: NodeSettings) -> Iterator[tuple[str, str]]:
        """Yield the strongest echoes."""
        for echo in self.strongest_echoes(node):
            side = "" if echo.side == "both" else f" {echo.side}"
            yield f"echo at {seconds(echo.time_s)}{side}", signed_db(echo.level_db)

    def say(self, node: NodeSettings, heard: Heard) -> Said:
        """Return the strongest echo and how loud all are."""
        strongest = max(self.strongest_echoes(node), key=lambda echo: echo.level_db)
        side = "" if strongest.side == "both" else f", {strongest.side}"
        name = f"echoes (the strongest after {seconds(strongest.time_s)}{side})"
        return tail_words(name, "the echoes are", node, heard)

    def picture(self, node: NodeSettings, heard: Heard) -> Picture:
        """Return the level of the echoes over time."""
        echoes = self.strongest_echoes(node, most=_SHOWN)
        floor_db = min(-30.0, 10.0 * np.floor(min(e.level_db for e in echoes) / 10.0))
        top_db = max(0.0, 10.0 * np.ceil(max(e.level_db for e in echoes) / 10.0))
        styles: dict[str, Style] = {"left": "stem-left", "right": "stem-right", "both": "stem"}
        traces = []
        for side, style in styles.items():
            own = [echo for echo in echoes if echo.side == side]
            times_s = np.array([echo.time_s for echo in own])
            traces.append(Trace(times_s, np.array([echo.level_db for echo in own]), style))
        sided = any(echo.side != "both" for echo in echoes)
        panel = Panel(
            Scale(0.0, _SLOTS * SLOT_S, "s", step=0.5),
            Scale(floor_db, top_db),
            tuple(trace for trace in traces if len(trace.x)),
            "dashed: left, dotted: right" if sided else "",
        )
        return Picture("level in dB of its echoes over time", (panel,))

    def glyph(self, node: NodeSettings, heard: Heard) -> Glyph:
        """Return the echoes over 2 s, 30 dB high."""
        heights_db = np.full(_GLYPH_PLACES, -200.0)
        for echo in self.strongest_echoes(node, most=_SHOWN):
            place = int(_GLYPH_PLACES * echo.time_s / (_SLOTS * SLOT_S))
            place = min(_GLYPH_PLACES - 1, place)
            heights_db[place] = max(heights_db[place], echo.level_db)
        return Glyph(heights_db, heights_db.max() - _GLYPH_DB, heights_db.max())

    def strongest_echoes(self, node: NodeSettings, most: int = 3) -> list[Echo]:
        """Return the strongest echoes, in order of time, within 30 dB.

        Args:
            node: settings of a delay.
            most: how many.
        """
        one = {name: value.detach().cpu()[None] for name, value in node.values.items()}
        slots = self.impulse_response(one, DESIGN_RATE_HZ).taps[0].unflatten(-1, (_SLOTS, -1))
        energy = node.wet**2 * slots.square().sum(-1).numpy().astype(np.float64)
        times_s = one["taps"][0, :, :, 0].numpy() + SLOT_S * np.arange(_SLOTS)
        echoes = []
        for (left_s, right_s), (left, right) in zip(times_s.T, energy.T, strict=True):
            if abs(left_s - right_s) < _SAME_TIME_S and 0.25 < left / max(right, 1e-20) < 4.0:
                echoes.append((float(left_s), 0.5 * (left + right), "both"))
            else:
                echoes += [(float(left_s), left, "left"), (float(right_s), right, "right")]
        strongest = sorted(echoes, key=lambda echo: -echo[1])[:most]
        loud = [echo for echo in strongest if echo[1] >= _FAINT * strongest[0][1]]
        levels = [Echo(t, db_from_ratio(float(np.sqrt(e))), side) for t, e, side in loud]
        return sorted(levels, key=lambda echo: echo.time_s)

    def _taps(self, values: Values, sample_rate_hz: float) -> Float[Tensor, "node 2 time"]:
        offset_s, sharpness = values["taps"].unbind(-1)
        color = resampled_grid(values["color_db"] / DB_PER_NEPER, DESIGN_RATE_HZ, sample_rate_hz)
        slot_samples = round(SLOT_S * sample_rate_hz)
        slots = place_taps(offset_s / SLOT_S, sharpness, zero_phase_taps(color), slot_samples)
        return slots.flatten(-2)
