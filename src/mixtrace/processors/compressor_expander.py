"""A compressor and an expander under one gain: loud is turned down, and so is what is soft."""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp import compand, companding_reduction_db
from mixtrace.params import Affine, Between, Exponential, ParamSpec
from mixtrace.processors.base import DynamicsProcessor, Lengths, Passing, Values
from mixtrace.processors.dynamics_params import (
    attack_param,
    in_samples,
    release_param,
    time_words,
)
from mixtrace.processors.dynamics_words import compression_words
from mixtrace.processors.told import Heard, NodeSettings, Said, mixed_gain_db
from mixtrace.units import DB_PER_NEPER_OF_ENERGY
from mixtrace.wording import percent, seconds, short_number

__all__ = ["CompressorExpander"]

_LONGEST_AHEAD_MS = 15.0
_EXPANDING = 1.05  # what is less is not heard to work
_RATIOS = ("ratio", "expander_ratio")


def _threshold(name: str, label: str, start: float, meaning: str) -> ParamSpec:
    return ParamSpec(
        name=name,
        unit="dB",
        low=-80.0,
        high=0.0,
        neutral=None,
        init=0.0,
        warp=Affine(DB_PER_NEPER_OF_ENERGY, -30.0),
        shape=(),
        label=label,
        meaning=meaning,
        start=start,
        rate=0.3,
    )


def _ratio(name: str, label: str, meaning: str) -> ParamSpec:
    return ParamSpec(
        name=name,
        unit=":1",
        low=1.0,
        high=20.0,
        neutral=1.0,
        init=0.0,
        warp=Exponential(1.0, 1.0),
        shape=(),
        label=label,
        meaning=meaning,
        start=2.0,
        rate=0.1,
    )


class CompressorExpander(DynamicsProcessor):
    """A feed-forward compressor and a downward expander that share a detector and a smoother.

    Source: Yu et al. 2025, arXiv 2504.14735; equations in `dsp.companding`.
    """

    kind = "compressor_expander"
    letter = "u"
    label = "compressor-expander"
    short = "ComEx"
    about = (
        "A compressor and an expander with one detector: above a threshold it turns the sound "
        "down, and below another, left and right by the same amount. There is no make-up gain; a "
        "fader says the same."
    )
    start_wet = 1.0
    levels = ("threshold_db", "expander_threshold_db")
    params = (
        _threshold(
            "threshold_db",
            "threshold",
            -18.0,
            "The level above which it compresses, of the mean square over the channels: a "
            "full-scale sine has -3 dB.",
        ),
        _ratio(
            "ratio",
            "ratio",
            "By how many dB the level has to rise above the threshold for 1 dB more to come out.",
        ),
        _threshold(
            "expander_threshold_db",
            "expander threshold",
            -48.0,
            "The level below which it expands.",
        ),
        _ratio(
            "expander_ratio",
            "expander ratio",
            "By how many dB the sound falls for each dB that its level falls below the threshold.",
        ),
        attack_param(
            50.0,
            "Time constant of a growing reduction: after a step of the level it has gone 63 % of "
            "the way in dB.",
        ),
        release_param(50.0, "The same for a shrinking reduction."),
        ParamSpec(
            name="average_ms",
            unit="ms",
            low=0.02,
            high=100.0,
            neutral=None,
            init=0.0,
            warp=Between(0.02, 100.0),
            shape=(),
            label="averaging",
            meaning="Time constant of the mean square that the detector hears; 0.064 ms are the "
            "coefficient 0.3 at 44.1 kHz, which follows single waves.",
            start=0.064,
            rate=0.1,
        ),
        ParamSpec(
            name="ahead_ms",
            unit="ms",
            low=0.0,
            high=_LONGEST_AHEAD_MS,
            neutral=None,
            init=3.0,
            warp=Affine(1.0),
            shape=(),
            label="look-ahead",
            meaning="By how much the gain comes before the sound that calls for it; the sound "
            "itself comes no later.",
            start=1.0,
            rate=0.1,
        ),
    )

    def reach(self, sample_rate_hz: float, lengths: Lengths) -> tuple[int, int]:
        """Return the longest look-ahead, and the sample behind it."""
        return math.ceil(_LONGEST_AHEAD_MS * sample_rate_hz / 1000.0) + 1, 0

    def rest(self, passing: Passing, values: Values) -> Float[Tensor, "node 2"]:
        """Return a level and a reduction of nothing."""
        return passing.audio.new_zeros((len(passing.audio), 2))

    def follow(
        self,
        passing: Passing,
        values: Values,
        wet: Float[Tensor, " node"],
        state: Float[Tensor, "node *state"],
    ) -> tuple[Float[Tensor, "node channel time"], Float[Tensor, "node *state"]]:
        """Return the audio under its gain; the state is the level and the reduction."""
        rate = passing.sample_rate_hz
        return compand(
            passing.audio,
            (values["threshold_db"], values["ratio"]),
            (values["expander_threshold_db"], values["expander_ratio"]),
            average_samples=in_samples(values, "average_ms", rate),
            attack_samples=in_samples(values, "attack_ms", rate),
            release_samples=in_samples(values, "release_ms", rate),
            early_samples=in_samples(values, "ahead_ms", rate),
            wet=wet,
            state=state,
            beyond=self.reach(rate, {})[0],
        )

    def static_gain_db(
        self, node: NodeSettings, level_db: Float[np.ndarray, " level"]
    ) -> Float[np.ndarray, " level"]:
        """Return the gain in dB at constant levels, dry/wet weight included."""
        given = {name: value[None].detach().cpu().double() for name, value in node.values.items()}
        reduction_db = companding_reduction_db(
            torch.as_tensor(level_db, dtype=torch.float64)[None],
            (given["threshold_db"], given["ratio"]),
            (given["expander_threshold_db"], given["expander_ratio"]),
        )
        return mixed_gain_db(-reduction_db[0].numpy(), node.wet)

    def amount(self, node: NodeSettings, share: float) -> NodeSettings:
        """Return the slopes, 1 - 1 / ratio above and expander ratio - 1 below, times the share."""
        ratio, expansion = (self.param(name) for name in _RATIOS)
        slope = share * (1.0 - 1.0 / node.values["ratio"])
        most = 1.0 - 1.0 / torch.as_tensor(ratio.high)
        values = {
            **node.values,
            "ratio": ratio.clip(1.0 / (1.0 - slope.clamp_max(most))),
            "expander_ratio": expansion.clip(1.0 + share * (node.values["expander_ratio"] - 1.0)),
        }
        return replace(node, values=values if share != 1.0 else node.values)

    def describe(self, node: NodeSettings) -> str:
        """Return the dials as on a plug-in."""
        dialled = dict(self.dials(node))
        words = [
            f"{dialled['ratio']} above {node.number('threshold_db'):.0f} dB",
            f"{dialled['expander ratio']} below {node.number('expander_threshold_db'):.0f} dB",
            *time_words(node, "attack", "release"),
            f"averaging {dialled['averaging']}",
            f"look-ahead {dialled['look-ahead']}",
        ]
        return ", ".join([*words, f"wet {percent(node.wet)}"])

    def dials(self, node: NodeSettings) -> Iterator[tuple[str, str]]:
        """Yield the dials."""
        yield "threshold", f"{node.number('threshold_db'):.1f} dB"
        yield "ratio", f"{short_number(node.number('ratio'))}:1"
        yield "expander threshold", f"{node.number('expander_threshold_db'):.1f} dB"
        yield "expander ratio", f"1:{short_number(node.number('expander_ratio'))}"
        for name in ("attack_ms", "release_ms"):
            yield self.param(name).label, seconds(node.number(name) / 1000.0)
        for name in ("average_ms", "ahead_ms"):
            yield self.param(name).label, f"{node.number(name):.2g} ms"

    def say(self, node: NodeSettings, heard: Heard) -> Said:
        """Return what it takes away, or promises to, and what is expanded."""
        doing = f"compression at {short_number(node.number('ratio'))}:1"
        said = compression_words(heard, doing, node.number("threshold_db"))
        if node.number("expander_ratio") < _EXPANDING or not said.words:
            return said
        below = f"below {node.number('expander_threshold_db'):.0f} dB"
        ratio = short_number(node.number("expander_ratio"))
        return Said((*said.words, f"expansion at 1:{ratio} {below}"), said.doubts)
