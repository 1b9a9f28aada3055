"""A compressor as people dial it: threshold, ratio, knee, attack, release, make-up and a key."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp import compress
from mixtrace.params import Affine, Exponential, ParamSpec
from mixtrace.processors.base import Passing, Values
from mixtrace.processors.dynamics_params import (
    DialledDynamics,
    attack_param,
    choice_param,
    gain_up_param,
    in_samples,
    look_ahead_param,
    release_param,
    soft_knee_db,
    time_words,
    whole_look_ahead,
)
from mixtrace.processors.dynamics_words import compression_words
from mixtrace.processors.told import Heard, NodeSettings, Said, Turned, mixed_gain_db
from mixtrace.units import DB_PER_NEPER_OF_ENERGY
from mixtrace.wording import percent, short_number, signed_db

__all__ = ["Compressor"]

_AVERAGE_MS = 10.0
"""Averaging time of RMS: half a period of 50 Hz, so that no bass note is followed wave by wave."""

_LIMITING_RATIO = 15.0
_HEARD_DB = 0.05


class Compressor(DialledDynamics):
    """A feed-forward compressor with the dials of a plug-in.

    Source: Giannoulis, Massberg, Reiss, JAES 60, 2012; equations in `dsp.compression`.
    """

    kind = "compressor"
    letter = "k"
    label = "compressor"
    short = "Comp"
    about = (
        "A compressor with the dials of a plug-in: it turns the sound down while its level, or "
        "that of its key, is above the threshold, and makes up for it by a fixed gain."
    )
    inputs = ("main", "key")
    params = (
        ParamSpec(
            name="threshold_db",
            unit="dB",
            low=-60.0,
            high=0.0,
            neutral=None,
            init=0.0,
            warp=Affine(DB_PER_NEPER_OF_ENERGY, -24.0),
            shape=(),
            label="threshold",
            meaning="The level where the gain starts to change. The peaks of a full-scale sine "
            "have 0 dB, its RMS has -3 dB.",
            start=-24.0,
            rate=0.3,
        ),
        ParamSpec(
            name="ratio",
            unit=":1",
            low=1.0,
            high=20.0,
            neutral=1.0,
            init=0.0,
            warp=Exponential(1.0, 1.0),
            shape=(),
            label="ratio",
            meaning="By how many dB the level has to rise above the threshold for 1 dB more to "
            "come out; above 15 it is called limiting.",
            start=1.25,
            rate=0.3,
        ),
        ParamSpec(
            name="knee_db",
            unit="dB",
            low=0.0,
            high=24.0,
            neutral=None,
            init=0.0,
            warp=Affine(DB_PER_NEPER_OF_ENERGY, 6.0),
            shape=(),
            label="knee",
            meaning="Width of the bend around the threshold, half of it on either side; 0 is a "
            "corner.",
            start=10.0,
            rate=0.3,
        ),
        attack_param(
            10.0,
            "Time constant of a growing reduction: after a step of the level it has gone 63 % of "
            "the way in dB, or as far in amplitude where the level is smoothed.",
        ),
        release_param(
            100.0,
            "The same for a shrinking reduction. Where the level is smoothed it falls by 8.7 dB in "
            "this time once the sound has stopped.",
        ),
        gain_up_param(  # no search moves it: a fader says the same
            "make_up_db", "make-up", "Gain on the compressed sound, whatever its level.", rate=0.0
        ),
        look_ahead_param(
            0.0,
            0.0,
            "By how much the gain comes before the sound that calls for it; the sound itself "
            "comes no later.",
        ),
        choice_param(
            "detector",
            1.0,
            "detector",
            "What the level is: 0 of peaks, 1 of the mean square over the channels and some "
            f"{_AVERAGE_MS:g} ms (RMS).",
            ("peak", "RMS"),
        ),
        choice_param(
            "linked",
            1.0,
            "channels",
            "1 turns left and right down by the same amount, 0 each by its own level; under a key "
            "both always go together.",
            ("each by its own level", "linked"),
        ),
        choice_param(
            "smoothing",
            0.0,
            "smoothing",
            "What attack and release smooth: 0 the gain in dB, 1 the level as an amplitude, as "
            "many plug-ins do, JUCE's and pedalboard's among them.",
            ("of the gain", "of the level"),
        ),
    )

    def rest(self, passing: Passing, values: Values) -> Float[Tensor, "node state"]:
        """Return two levels, or a level and a reduction, of nothing for each channel.

        Of linked channels the first two count.
        """
        nodes, channels = passing.audio.shape[:2]
        return passing.audio.new_zeros((nodes, 2 * channels))

    def follow(
        self,
        passing: Passing,
        values: Values,
        wet: Float[Tensor, " node"],
        state: Float[Tensor, "node *state"],
    ) -> tuple[Float[Tensor, "node channel time"], Float[Tensor, "node *state"]]:
        """Return the compressed audio, nodes of the same choices together."""
        together = values["linked"].detach() > 0.5
        if passing.key is not None or passing.audio.shape[1] == 1:
            together = torch.ones_like(together)
        switches = (values[name].detach() > 0.5 for name in ("detector", "smoothing"))
        choices = [tuple(own) for own in torch.stack([together, *switches], 1).tolist()]
        found = list(dict.fromkeys(choices))
        if len(found) == 1:
            return self._followed(passing, values, wet, state, *found[0])
        groups = [
            torch.tensor([row for row, own in enumerate(choices) if own == chosen])
            for chosen in found
        ]
        parts = [
            self._followed(
                passing.rows(rows),
                {name: value[rows] for name, value in values.items()},
                wet[rows],
                state[rows],
                *chosen,
            )
            for rows, chosen in zip(groups, found, strict=True)
        ]
        outputs, states = zip(*parts, strict=True)
        back = torch.cat(groups).argsort()
        return torch.cat(outputs)[back], torch.cat(states)[back]

    def _followed(
        self,
        passing: Passing,
        values: Values,
        wet: Float[Tensor, " node"],
        state: Float[Tensor, "node kept"],
        linked: bool,
        averaged: bool,
        smooths_level: bool,
    ) -> tuple[Float[Tensor, "node channel time"], Float[Tensor, "node kept"]]:
        rate = passing.sample_rate_hz
        kept = 2 if linked else state.shape[1]
        output, after = compress(
            passing.audio,
            values["threshold_db"],
            values["knee_db"],
            1.0 / values["ratio"] - 1.0,
            in_samples(values, "attack_ms", rate),
            in_samples(values, "release_ms", rate),
            wet,
            average_samples=torch.full_like(wet, _AVERAGE_MS * rate / 1000.0) if averaged else None,
            state=state[:, :kept],
            key=passing.key,
            linked=linked,
            early_samples=in_samples(values, "look_ahead_ms", rate),
            make_up_db=values["make_up_db"],
            smooths_level=smooths_level,
            beyond=whole_look_ahead(rate),
        )
        return output, torch.nn.functional.pad(after, (0, state.shape[1] - kept))

    def static_gain_db(
        self, node: NodeSettings, level_db: Float[np.ndarray, " level"]
    ) -> Float[np.ndarray, " level"]:
        """Return the gain in dB at constant levels, dry/wet weight included."""
        excess_db = level_db - node.number("threshold_db")
        curve_db = soft_knee_db(excess_db, node.number("knee_db"))
        slope = 1.0 / node.number("ratio") - 1.0
        return mixed_gain_db(node.number("make_up_db") + slope * curve_db, node.wet)

    def made_up_db(self, node: NodeSettings) -> float:
        """Return the make-up gain, dry/wet weight included."""
        return float(node.mixed_db("make_up_db"))

    def amount(self, node: NodeSettings, share: float) -> NodeSettings:
        """Return the slope 1 - 1 / ratio and the make-up multiplied by the share."""
        slope = share * (1.0 - 1.0 / node.values["ratio"])
        ratio = self.param("ratio")
        most = 1.0 - 1.0 / torch.as_tensor(ratio.high)
        turned = self.multiplied(node, share, "make_up_db")
        values = {**turned.values, "ratio": ratio.clip(1.0 / (1.0 - slope.clamp_max(most)))}
        return replace(turned, values=values if share != 1.0 else node.values)

    def describe(self, node: NodeSettings) -> str:
        """Return the dials as on a plug-in."""
        above = f"above {node.number('threshold_db'):.0f} dB"
        words = [f"{_ratio_words(node)} {above}", f"knee {node.number('knee_db'):.0f} dB"]
        words += time_words(node, "attack", "release")
        if node.number("make_up_db") >= _HEARD_DB:
            words.append(f"+{short_number(node.number('make_up_db'))} dB make-up")
        words += [*time_words(node, "look_ahead"), self._chosen(node, "detector")]
        words += ["level smoothed"] if _smooths_level(node) else []
        words += [] if _is_linked(node) else ["per channel"]
        words += ["keyed"] if node.keyed else []
        return ", ".join([*words, f"wet {percent(node.wet)}"])

    def turned(self, node: NodeSettings) -> Iterator[Turned]:
        """Yield the dials, and the choices that are no dials."""
        yield from super().turned(node)
        yield Turned("detector", choice=self._chosen(node, "detector"))
        if not _is_linked(node):
            yield Turned("channels", choice=self._chosen(node, "linked"))
        if node.keyed:
            yield Turned("side-chain", choice="keyed")

    def dials(self, node: NodeSettings) -> Iterator[tuple[str, str]]:
        """Yield the dials, choices in words."""
        yield "threshold", f"{node.number('threshold_db'):.1f} dB"
        yield "ratio", _ratio_words(node)
        yield "knee", f"{node.number('knee_db'):.1f} dB"
        yield from self.times(node, "attack_ms", "release_ms", "look_ahead_ms")
        yield "make-up", signed_db(node.number("make_up_db"))
        yield "detector", self._chosen(node, "detector")
        yield "smoothing", self._chosen(node, "smoothing")
        yield "channels", "linked" if node.keyed else self._chosen(node, "linked")
        yield "side-chain", "keyed" if node.keyed else "its own sound"

    def _chosen(self, node: NodeSettings, name: str) -> str:
        return self.param(name).choice_word(node.number(name))

    def say(self, node: NodeSettings, heard: Heard) -> Said:
        """Return what it takes away, or promises to, and whether a key makes it."""
        ratio = _ratio_words(node)
        doing = f"compression at {ratio}" if ratio.endswith(":1") else ratio
        doing = f"keyed {doing}" if node.keyed else doing
        return compression_words(heard, doing, node.number("threshold_db"))


def _ratio_words(node: NodeSettings) -> str:
    ratio = node.number("ratio")
    return "limiting" if ratio > _LIMITING_RATIO else f"{short_number(ratio)}:1"


def _smooths_level(node: NodeSettings) -> bool:
    return node.number("smoothing") > 0.5


def _is_linked(node: NodeSettings) -> bool:
    return node.keyed or node.number("linked") > 0.5
