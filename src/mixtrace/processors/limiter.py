"""A peak limiter with look-ahead: input gain, ceiling and release."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp import limit
from mixtrace.params import Affine, ParamSpec
from mixtrace.processors.base import Passing, Values
from mixtrace.processors.dynamics_params import (
    DialledDynamics,
    gain_up_param,
    in_samples,
    look_ahead_param,
    release_param,
    time_words,
    whole_look_ahead,
)
from mixtrace.processors.dynamics_words import IDLE_DB, taken_words
from mixtrace.processors.told import Heard, NodeSettings, Said, mixed_gain_db
from mixtrace.units import DB_PER_NEPER
from mixtrace.wording import percent, rounded_db, signed_db

__all__ = ["Limiter"]


class Limiter(DialledDynamics):
    """A limiter whose fully wet output never exceeds its ceiling; both channels share one gain.

    Source: equations in `dsp.limiting`. The input gain is its make-up under a ceiling that is as
    much lower, which is the same.
    """

    kind = "limiter"
    letter = "l"
    label = "limiter"
    short = "Limit"
    about = (
        "A peak limiter: it turns the sound up by its gain, and down again as far as no sample "
        "exceeds the ceiling, left and right by the same amount."
    )
    levels = ("ceiling_db",)
    params = (
        gain_up_param("gain_db", "gain", "Gain before the limit."),
        ParamSpec(
            name="ceiling_db",
            unit="dB",
            low=-24.0,
            high=0.0,
            neutral=0.0,
            init=0.0,
            warp=Affine(DB_PER_NEPER, -6.0),
            shape=(),
            label="ceiling",
            meaning="The greatest peak that leaves, dB re full scale. At 0 dB, without gain, what "
            "stays below full scale is not changed.",
            start=-6.0,
            rate=0.1,
        ),
        release_param(
            100.0,
            "Time constant of a shrinking reduction: it has gone 63 % of the way in dB. A growing "
            "one takes the look-ahead.",
        ),
        look_ahead_param(
            1.0,
            5.0,
            "How long before a peak the gain begins to fall, in a straight line in dB; the sound "
            "itself comes no later.",
        ),
    )

    def rest(self, passing: Passing, values: Values) -> Float[Tensor, "node state"]:
        """Return silence and no reduction over the longest look-ahead."""
        ahead = whole_look_ahead(passing.sample_rate_hz)
        return passing.audio.new_zeros((len(passing.audio), 2 * ahead + 1))

    def follow(
        self,
        passing: Passing,
        values: Values,
        wet: Float[Tensor, " node"],
        state: Float[Tensor, "node *state"],
    ) -> tuple[Float[Tensor, "node channel time"], Float[Tensor, "node *state"]]:
        """Return the limited audio; the state is that of the last 10 ms."""
        rate = passing.sample_rate_hz
        return limit(
            passing.audio,
            values["ceiling_db"] - values["gain_db"],
            in_samples(values, "release_ms", rate),
            wet,
            early_samples=in_samples(values, "look_ahead_ms", rate),
            state=state,
            make_up_db=values["gain_db"],
            beyond=whole_look_ahead(rate),
        )

    def static_gain_db(
        self, node: NodeSettings, level_db: Float[np.ndarray, " level"]
    ) -> Float[np.ndarray, " level"]:
        """Return the gain in dB at constant levels of peaks, dry/wet weight included."""
        gain_db = np.minimum(node.number("gain_db"), node.number("ceiling_db") - level_db)
        return mixed_gain_db(gain_db, node.wet)

    def made_up_db(self, node: NodeSettings) -> float:
        """Return the input gain, dry/wet weight included."""
        return float(node.mixed_db("gain_db"))

    def amount(self, node: NodeSettings, share: float) -> NodeSettings:
        """Return the gain and the way from full scale to the ceiling multiplied by the share."""
        return self.multiplied(node, share, "gain_db", "ceiling_db")

    def describe(self, node: NodeSettings) -> str:
        """Return gain, ceiling, times and weight."""
        words = [f"{signed_db(node.number('gain_db'))} into {node.number('ceiling_db'):.1f} dB"]
        words += time_words(node, "release", "look_ahead")
        return ", ".join([*words, f"wet {percent(node.wet)}"])

    def dials(self, node: NodeSettings) -> Iterator[tuple[str, str]]:
        """Yield the dials."""
        yield "gain", signed_db(node.number("gain_db"))
        yield "ceiling", f"{node.number('ceiling_db'):.1f} dB"
        yield from self.times(node, "release_ms", "look_ahead_ms")

    def say(self, node: NodeSettings, heard: Heard) -> Said:
        """Return how hard it is driven, and what it takes from the peaks."""
        taken, gain_db = heard.reduction, node.number("gain_db")
        driven = f"{rounded_db(gain_db)} into " if gain_db >= IDLE_DB else ""
        ceiling = f"{driven}a limiter at {node.number('ceiling_db'):.1f} dB"
        if not heard.measured:
            return Said((ceiling,))
        if taken is None or taken.closed_db < IDLE_DB:
            words = (ceiling,) if driven else ()
            return Said(words, ("the limiter takes less than 0.5 dB away",))
        return Said((f"{ceiling}, which takes up to {taken_words(taken.closed_db)} away",))
