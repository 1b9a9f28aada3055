"""Compressor: turns the audio down while its level is above a threshold."""

from collections.abc import Iterator

from mixtrace.params import Logistic, ParamSpec
from mixtrace.processors.one_pole import OnePoleDynamics, detector_params
from mixtrace.processors.told import Heard, NodeSettings, Said
from mixtrace.wording import short_number

__all__ = ["Compressor", "compression_words", "ratio_words"]

_LIMITER_SLOPE = -0.98
_IDLE_DB = 0.5
_STEADY_DB = 1.0


class Compressor(OnePoleDynamics):
    """A feed-forward compressor; both channels share one gain.

    `slope` is the gain in dB for each dB above the threshold: 1 / ratio - 1, so -0.75 is 4:1, -1 is
    a limiter, and below -1 louder comes out softer. The published ratio r is applied to energies,
    which makes its slope 2 (1 / r - 1).

    Source: Lee et al. 2025, arXiv 2509.15948; equations in `dsp.dynamics`.
    """

    kind = "compressor"
    letter = "c"
    label = "compressor"
    short = "Comp"
    about = (
        "A feed-forward compressor without make-up gain: it turns the sound down while its level "
        "is above the threshold, left and right by the same amount."
    )
    direction = 1
    params = (
        *detector_params(threshold_db=-30.0, time_ms=20.0),
        ParamSpec(
            name="slope",
            unit="dB/dB",
            low=-2.0,
            high=0.0,
            neutral=0.0,
            init=0.0,
            warp=Logistic(-2.0),
            shape=(),
            label="slope",
            meaning="Change of gain in dB for each dB above the threshold, 1/ratio - 1: -0.5 is "
            "2:1, -0.75 is 4:1, -1 a limiter; below -1 louder comes out softer.",
            start=-0.2,
            rate=0.3,
        ),
    )

    def describe(self, node: NodeSettings) -> str:
        """Return threshold, ratio, knee, time and weight."""
        slope = node.number("slope")
        threshold = f"above {node.number('threshold_db'):.0f} dB"
        return f"{threshold}, {ratio_words(slope)} (slope {slope:.2f}), {self.detector_words(node)}"

    def dials(self, node: NodeSettings) -> Iterator[tuple[str, str]]:
        """Yield the parameters, and the ratio that the slope is known by."""
        yield from super().dials(node)
        yield "ratio", ratio_words(node.number("slope"))

    def say(self, node: NodeSettings, heard: Heard) -> Said:
        """Return what it takes away, or promises to."""
        return compression_words(
            heard, ratio_words(node.number("slope")), node.number("threshold_db")
        )


def ratio_words(slope: float) -> str:
    """Return a compressor's slope as the ratio it is known by.

    >>> ratio_words(-0.75), ratio_words(-1.2)
    ('4:1', 'inf:1 or beyond')
    """
    return "inf:1 or beyond" if slope <= _LIMITER_SLOPE else f"{short_number(1 / (1 + slope))}:1"


def compression_words(heard: Heard, ratio: str, threshold_db: float) -> Said:
    """Return what a compressor of some ratio takes away, or above which level it would."""
    taken = heard.reduction
    if not heard.measured:
        return Said((f"compression at {ratio} above {threshold_db:.0f} dB",))
    if taken is None or taken.most_db < _IDLE_DB:
        return Said(doubts=("the compressor takes less than 0.5 dB away",))
    if taken.most_db - taken.least_db < _STEADY_DB and taken.least_db > _STEADY_DB:
        return Said((f"a compressor that takes a steady {taken.most_db:.0f} dB away",))
    amount = f"{taken.most_db:.0f} dB" if taken.most_db >= 1.5 else f"{taken.most_db:.1f} dB"
    return Said((f"about {amount} of compression at {ratio}",))
