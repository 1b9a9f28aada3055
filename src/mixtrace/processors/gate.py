"""A gate as people dial it: threshold, range, attack, hold, release, look-ahead and a key."""

import math
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp import TRANSITION_DB, gate
from mixtrace.params import Affine, ParamSpec
from mixtrace.processors.base import Passing, Values
from mixtrace.processors.dynamics_params import (
    DialledDynamics,
    attack_param,
    in_samples,
    look_ahead_param,
    release_param,
    time_words,
    whole_look_ahead,
)
from mixtrace.processors.dynamics_words import gating_words
from mixtrace.processors.told import Heard, NodeSettings, Said, mixed_gain_db
from mixtrace.units import DB_PER_NEPER, DB_PER_NEPER_OF_ENERGY
from mixtrace.wording import percent

__all__ = ["Gate"]

_LONGEST_HOLD_MS = 500.0


class Gate(DialledDynamics):
    """A gate with the dials of a plug-in, which hears peaks; both channels share one gain.

    Source: equations in `dsp.gating`.
    """

    kind = "gate"
    letter = "b"
    label = "gate"
    short = "Gate"
    about = (
        "A gate with the dials of a plug-in: it turns the sound down by its range while the "
        "peaks, or those of its key, are below the threshold, left and right by the same amount."
    )
    inputs = ("main", "key")
    params = (
        ParamSpec(
            name="threshold_db",
            unit="dB",
            low=-80.0,
            high=0.0,
            neutral=None,
            init=0.0,
            warp=Affine(DB_PER_NEPER_OF_ENERGY, -18.0),
            shape=(),
            label="threshold",
            meaning="The peak level where the gate opens; a full-scale sine has 0 dB. Once open, "
            "it closes 3 dB lower.",
            start=-45.0,
            rate=0.3,
        ),
        ParamSpec(
            name="range_db",
            unit="dB",
            low=-80.0,
            high=0.0,
            neutral=0.0,
            init=0.0,
            warp=Affine(DB_PER_NEPER, -20.0),
            shape=(),
            label="range",
            meaning="Gain of the closed gate.",
            start=-6.0,
            rate=0.3,
        ),
        attack_param(1.0, "Time constant of opening: it has gone 63 % of the way in dB."),
        ParamSpec(
            name="hold_ms",
            unit="ms",
            low=0.0,
            high=_LONGEST_HOLD_MS,
            neutral=None,
            init=20.0,
            warp=Affine(1.0),
            shape=(),
            label="hold",
            meaning="How long the gate stays open after the level fell. No search moves it.",
            start=20.0,
            rate=0.0,
        ),
        release_param(100.0, "Time constant of closing."),
        look_ahead_param(
            0.0,
            0.0,
            "By how much the gate opens before the sound that opens it; the sound itself comes "
            "no later.",
        ),
    )

    def rest(self, passing: Passing, values: Values) -> Float[Tensor, "node state"]:
        """Return a closed gate that has heard silence for as long as the longest hold."""
        held = math.ceil(_LONGEST_HOLD_MS * passing.sample_rate_hz / 1000.0)
        return passing.audio.new_zeros((len(passing.audio), 3 + held))

    def follow(
        self,
        passing: Passing,
        values: Values,
        wet: Float[Tensor, " node"],
        state: Float[Tensor, "node *state"],
    ) -> tuple[Float[Tensor, "node channel time"], Float[Tensor, "node *state"]]:
        """Return the gated audio; the state is that of the detector and of the hold."""
        rate = passing.sample_rate_hz
        return gate(
            passing.audio,
            values["threshold_db"],
            -values["range_db"],
            in_samples(values, "attack_ms", rate),
            in_samples(values, "release_ms", rate),
            wet,
            hold_samples=in_samples(values, "hold_ms", rate),
            average_samples=None,
            state=state,
            key=passing.key,
            early_samples=in_samples(values, "look_ahead_ms", rate),
            beyond=whole_look_ahead(rate),
        )

    def static_gain_db(
        self, node: NodeSettings, level_db: Float[np.ndarray, " level"]
    ) -> Float[np.ndarray, " level"]:
        """Return the gain in dB at constant levels under a gate that was closed."""
        excess = (level_db - node.number("threshold_db")) / TRANSITION_DB + 0.5
        z = np.clip(excess, 0.0, 1.0)
        return mixed_gain_db(node.number("range_db") * (1.0 - z * z * (3.0 - 2.0 * z)), node.wet)

    def amount(self, node: NodeSettings, share: float) -> NodeSettings:
        """Return the range multiplied by the share."""
        return self.multiplied(node, share, "range_db")

    def describe(self, node: NodeSettings) -> str:
        """Return the dials as on a plug-in."""
        threshold = f"below {node.number('threshold_db'):.0f} dB"
        words = [f"{threshold} by {abs(node.number('range_db')):.0f} dB"]
        words += time_words(node, "attack", "hold", "release", "look_ahead")
        words += ["keyed"] if node.keyed else []
        return ", ".join([*words, f"wet {percent(node.wet)}"])

    def dials(self, node: NodeSettings) -> Iterator[tuple[str, str]]:
        """Yield the dials."""
        for name in ("threshold", "range"):
            yield name, f"{node.number(f'{name}_db'):.1f} dB"
        yield from self.times(node, "attack_ms", "hold_ms", "release_ms", "look_ahead_ms")
        yield "side-chain", "keyed" if node.keyed else "its own sound"

    def say(self, node: NodeSettings, heard: Heard) -> Said:
        """Return how often it closes and by how much, or where it would."""
        said = gating_words(heard, node.number("threshold_db"))
        how = "keyed, " if node.keyed else ""
        return Said(tuple(f"{how}{word}" for word in said.words), said.doubts)
