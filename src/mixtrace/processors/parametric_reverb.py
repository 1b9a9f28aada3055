"""Parametric reverb: noise that decays in six bands, with pre-delay and width."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp import BAND_EDGES_HZ, reverberation_taps
from mixtrace.params import Between, Exponential, Logistic, ParamSpec
from mixtrace.processors.base import FilterProcessor, ImpulseResponse, Lengths, Values
from mixtrace.processors.kept_length import kept_length, kept_reach, kept_responses
from mixtrace.processors.noise_reverb import decay_words
from mixtrace.processors.picture import Glyph, Panel, Picture, Scale, Trace
from mixtrace.processors.tails import tail_words
from mixtrace.processors.told import Heard, NodeSettings, Said
from mixtrace.units import db_from_ratio
from mixtrace.wording import percent, seconds, signed_db

__all__ = ["ParametricReverb"]

_SEED = 1
_LONGEST_S = 10
_NAMES = ("250 Hz", "500 Hz", "1 kHz", "2 kHz", "4 kHz", "8 kHz")
_CENTRES_HZ = np.array([250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0])
_MIDDLE = slice(1, 3)
_HEARD_MS = 5.0
_GLYPH_S = 2.0


class ParametricReverb(FilterProcessor):
    """Two independent noises, middle and side, under an exponential in each of six bands.

    The response is scaled to unit energy, so the dry/wet weight alone tells the level. The neutral
    setting is a weight of zero. Equations are in `dsp.reverberation`.
    """

    kind = "parametric_reverb"
    letter = "p"
    label = "parametric reverb"
    short = "Room"
    family = "space"
    about = (
        "A reverb with the dials of a plug-in: decay time in six bands, pre-delay and width. Its "
        "response has unit energy, so the weight alone sets how loud it is."
    )
    widens = True
    start_wet = 0.05
    params = (
        ParamSpec(
            name="rt60_s",
            unit="s",
            low=0.1,
            high=10.0,
            neutral=None,
            init=0.0,
            warp=Between(0.1, 10.0),
            shape=(6,),
            label="decay time",
            meaning="Time to fall by 60 dB in six bands: below 354 Hz, the octaves around 500 Hz, "
            "1, 2 and 4 kHz, and above 5.7 kHz.",
            start=1.2,
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
            meaning="Time from the sound to the start of the reverb.",
            start=15.0,
            rate=0.0005,  # steps of some .02 ms: a descent that left the sample did not return
        ),
        ParamSpec(
            name="width",
            unit="",
            low=0.0,
            high=1.0,
            neutral=None,
            init=0.0,
            warp=Logistic(1.0),
            shape=(),
            label="width",
            meaning="0 is the same reverb left and right, 1 has nothing in common between them.",
            start=0.8,
            rate=0.1,
        ),
        kept_length(
            3.0,
            float(_LONGEST_S),
            "How long the response is kept; it ends there. After 3 s a decay time of 3 s has "
            "fallen by 60 dB, one of 6 s by 30 dB, less the pre-delay. It does not move.",
        ),
    )

    def impulse_response(self, values: Values, sample_rate_hz: float) -> ImpulseResponse:
        """Return decaying noise for each channel."""

        def taps(some: Values, length: int) -> Float[Tensor, "some 2 time"]:
            return reverberation_taps(
                some["rt60_s"],
                some["pre_delay_ms"] / 1000.0,
                some["width"],
                length=length,
                sample_rate_hz=sample_rate_hz,
                seed=_SEED,
                noise_s=_LONGEST_S,
            )

        return ImpulseResponse(kept_responses(values, sample_rate_hz, taps), 0)

    def reach(self, sample_rate_hz: float, lengths: Lengths) -> tuple[int, int]:
        """Return no lead and the time that the response is kept."""
        return kept_reach(self.param("length_s"), sample_rate_hz, lengths)

    def describe(self, node: NodeSettings) -> str:
        """Return the dials, level and weight."""
        decays = "/".join(decay_words(time_s) for time_s in node.array("rt60_s").tolist())
        delay = seconds(node.number("pre_delay_ms") / 1000.0)
        level = signed_db(db_from_ratio(node.wet))
        return (
            f"RT60 {decays}, pre-delay {delay}, width {percent(node.number('width'))}, "
            f"level {level}, wet {percent(node.wet)}"
        )

    def dials(self, node: NodeSettings) -> Iterator[tuple[str, str]]:
        """Yield decay times, pre-delay and width."""
        for name, time_s in zip(_NAMES, node.array("rt60_s").tolist(), strict=True):
            yield f"RT60 {name}", decay_words(time_s)
        yield "pre-delay", seconds(node.number("pre_delay_ms") / 1000.0)
        yield "width", percent(node.number("width"))

    def say(self, node: NodeSettings, heard: Heard) -> Said:
        """Return the decay time around 500 Hz and 1 kHz, the pre-delay and the level."""
        delay_ms = node.number("pre_delay_ms")
        after = f" after {seconds(delay_ms / 1000.0)}" if delay_ms >= _HEARD_MS else ""
        middle_s = float(node.array("rt60_s")[_MIDDLE].mean())
        return tail_words(f"{decay_words(middle_s)} reverb{after}", "the reverb is", node, heard)

    def picture(self, node: NodeSettings, heard: Heard) -> Picture:
        """Return the decay time over frequency."""
        rt60_s = node.array("rt60_s")
        longest = max(1.0, float(np.ceil(rt60_s.max())))
        edges_hz = np.concatenate([[125.0], np.repeat(BAND_EDGES_HZ, 2), [14_000.0]])
        across = Scale(125.0, 14_000.0, "Hz", "frequency")
        up = Scale(0.0, longest, "RT60, s", step=longest / 2.0)
        delay = seconds(node.number("pre_delay_ms") / 1000.0)
        note = f"pre-delay {delay}, width {percent(node.number('width'))}"
        panel = Panel(across, up, (Trace(edges_hz, np.repeat(rt60_s, 2)),), note)
        return Picture("decay time over frequency", (panel,))

    def glyph(self, node: NodeSettings, heard: Heard) -> Glyph:
        """Return the decay time from 125 Hz to 13 kHz, up to 2 s."""
        grid_hz = np.geomspace(125.0, 13_000.0, 16)
        decay_s = np.interp(np.log(grid_hz), np.log(_CENTRES_HZ), node.array("rt60_s"))
        return Glyph(decay_s, 0.0, _GLYPH_S)
