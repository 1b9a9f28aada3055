"""Noise gate: turns the audio down while its level is below a threshold."""

from mixtrace.params import Exponential, ParamSpec
from mixtrace.processors.dynamics_words import gating_words
from mixtrace.processors.one_pole import OnePoleDynamics, detector_params
from mixtrace.processors.told import Heard, NodeSettings, Said
from mixtrace.wording import short_number

__all__ = ["OnePoleGate"]


class OnePoleGate(OnePoleDynamics):
    """A downward expander; both channels share one gain.

    `slope` is the gain in dB for each dB below the threshold: 1 - ratio, so -3 is 1:4.

    Source: Lee et al. 2025, arXiv 2509.15948; equations in `dsp.dynamics`.
    """

    kind = "one_pole_gate"
    letter = "n"
    label = "gate"
    short = "Gate"
    about = (
        "A gate, or downward expander: it turns the sound down while its level is below the "
        "threshold, left and right by the same amount."
    )
    direction = -1
    params = (
        *detector_params(threshold_db=-45.0, time_ms=10.0),
        ParamSpec(
            name="slope",
            unit="dB/dB",
            low=-40.0,
            high=0.0,
            neutral=0.0,
            init=0.0,
            warp=Exponential(-2.0),
            shape=(),
            label="slope",
            meaning="Change of gain in dB for each dB below the threshold, 1 - ratio: -1 is 1:2, "
            "-3 is 1:4, -40 a hard gate.",
            start=-0.2,
            rate=0.3,
        ),
    )

    def describe(self, node: NodeSettings) -> str:
        """Return expansion, threshold, knee, time and weight."""
        expansion = f"1:{short_number(1.0 - node.number('slope'))}"
        threshold = f"below {node.number('threshold_db'):.0f} dB"
        return f"{expansion} {threshold}, {self.detector_words(node)}"

    def say(self, node: NodeSettings, heard: Heard) -> Said:
        """Return how often it closes and by how much, or where it would."""
        return gating_words(heard, node.number("threshold_db"))
