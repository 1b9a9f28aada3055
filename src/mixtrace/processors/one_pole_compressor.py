"""Compressor: turns the audio down while its level is above a threshold."""

from collections.abc import Iterator

from mixtrace.params import Logistic, ParamSpec
from mixtrace.processors.dynamics_words import compression_words, ratio_words
from mixtrace.processors.one_pole import OnePoleDynamics, detector_params
from mixtrace.processors.told import Heard, NodeSettings, Said

__all__ = ["OnePoleCompressor"]


class OnePoleCompressor(OnePoleDynamics):
    """A feed-forward compressor; both channels share one gain.

    `slope` is the gain in dB for each dB above the threshold: 1 / ratio - 1, so -0.75 is 4:1, -1 is
    a limiter, and below -1 louder comes out softer. The published ratio r is applied to energies,
    which makes its slope 2 (1 / r - 1).

    Source: Lee et al. 2025, arXiv 2509.15948; equations in `dsp.dynamics`.
    """

    kind = "one_pole_compressor"
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
        doing = f"compression at {ratio_words(node.number('slope'))}"
        return compression_words(heard, doing, node.number("threshold_db"))
