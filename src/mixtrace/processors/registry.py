"""The registry: every processor the project knows, the published chain first."""

from mixtrace.errors import GraphError
from mixtrace.processors.base import Processor
from mixtrace.processors.compressor import Compressor
from mixtrace.processors.equalizer import Equalizer
from mixtrace.processors.gain_automation import GainAutomation
from mixtrace.processors.gain_panning import GainPanning
from mixtrace.processors.multitap_delay import MultitapDelay
from mixtrace.processors.noise_gate import NoiseGate
from mixtrace.processors.reverb import Reverb
from mixtrace.processors.stereo_imager import StereoImager

__all__ = ["PROCESSORS", "processor"]

PROCESSORS: dict[str, Processor] = {
    entry.kind: entry
    for entry in (
        Equalizer(),
        Compressor(),
        NoiseGate(),
        StereoImager(),
        GainPanning(),
        MultitapDelay(),
        Reverb(),
        GainAutomation(),
    )
}
"""Every processor by its kind."""


def processor(kind: str) -> Processor:
    """Return the processor of a kind.

    Raises:
        GraphError: when there is none.
    """
    if kind not in PROCESSORS:
        raise GraphError(
            f"Expected a processor among {', '.join(PROCESSORS)}; got '{kind}'. "
            "Correct the graph's node or update mixtrace."
        )
    return PROCESSORS[kind]
