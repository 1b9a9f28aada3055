"""The registry: every processor the project knows, the published chain first, then those of others.

An installed package adds processors by entry points of the group `mixtrace.processors`, each the
class of one: `[project.entry-points."mixtrace.processors"] tape = "my_package.tape:Tape"`.
"""

import logging
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points

from mixtrace.errors import GraphError
from mixtrace.processors.base import Processor
from mixtrace.processors.captured_reverb import CapturedReverb
from mixtrace.processors.compressor import Compressor
from mixtrace.processors.compressor_expander import CompressorExpander
from mixtrace.processors.equalizer import Equalizer
from mixtrace.processors.fader import Fader
from mixtrace.processors.fader_automation import FaderAutomation
from mixtrace.processors.families import FAMILIES
from mixtrace.processors.fdn_reverb import FdnReverb
from mixtrace.processors.feedback_delay import FeedbackDelay
from mixtrace.processors.gain_automation import GainAutomation
from mixtrace.processors.gain_panning import GainPanning
from mixtrace.processors.gate import Gate
from mixtrace.processors.limiter import Limiter
from mixtrace.processors.noise_reverb import NoiseReverb
from mixtrace.processors.one_pole_compressor import OnePoleCompressor
from mixtrace.processors.one_pole_gate import OnePoleGate
from mixtrace.processors.parametric_equalizer import ParametricEqualizer
from mixtrace.processors.parametric_reverb import ParametricReverb
from mixtrace.processors.saturation import Saturation
from mixtrace.processors.send import Send
from mixtrace.processors.stereo_imager import StereoImager
from mixtrace.processors.twenty_tap_delay import TwentyTapDelay

__all__ = ["ENTRY_POINTS", "PROCESSORS", "Registry", "processor"]

ENTRY_POINTS = "mixtrace.processors"
"""The group of entry points by which packages add processors."""

_OWN = (
    Equalizer,
    OnePoleCompressor,
    OnePoleGate,
    StereoImager,
    GainPanning,
    TwentyTapDelay,
    NoiseReverb,
    GainAutomation,
    Send,
    ParametricEqualizer,
    Fader,
    FaderAutomation,
    Saturation,
    Compressor,
    Gate,
    Limiter,
    FeedbackDelay,
    ParametricReverb,
    CapturedReverb,
    FdnReverb,
    CompressorExpander,
)


class Registry(Mapping[str, Processor]):
    """Processors by their kind: our own, and those of installed packages once one is asked for."""

    def __getitem__(self, kind: str) -> Processor:
        """Return the processor of a kind."""
        return self._entries[kind]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the kinds."""
        return iter(self._entries)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._entries)

    @cached_property
    def _entries(self) -> dict[str, Processor]:
        entries: dict[str, Processor] = {entry.kind: entry() for entry in _OWN}
        for point in entry_points(group=ENTRY_POINTS):
            added = _loaded(point, entries)
            if added is not None:
                entries[added.kind] = added
        return entries


PROCESSORS = Registry()
"""Every processor by its kind."""


def processor(kind: str) -> Processor:
    """Return the processor of a kind.

    Raises:
        GraphError: when there is none.
    """
    if kind not in PROCESSORS:
        raise GraphError(
            f"Expected a processor among {', '.join(PROCESSORS)}; got '{kind}'. "
            "Correct the graph's node, or install the package that adds this processor."
        )
    return PROCESSORS[kind]


def _loaded(point: EntryPoint, known: Mapping[str, Processor]) -> Processor | None:
    """Return the processor of an entry point; None, with a warning, where it gives none."""
    try:
        added = point.load()()
        problem = _problem(added, known)
    except Exception as error:  # whatever somebody else's module raises
        problem = f"it fails with {error!r}"
    if problem:
        logging.getLogger("mixtrace").warning(
            "The processor '%s' of %s is left out: %s. Update or remove that package.",
            point.name,
            point.value,
            problem,
        )
        return None
    return added


def _problem(added: object, known: Mapping[str, Processor]) -> str:
    """Return what speaks against a processor of somebody else; nothing where all is well."""
    if not isinstance(added, Processor):
        return "it is no mixtrace.processors.Processor"
    needed = ("kind", "letter", "label", "family", "params", "widens")
    missing = [name for name in needed if not hasattr(added, name)]
    if missing:
        return f"it does not say its {', '.join(missing)}"
    if added.family not in FAMILIES:
        return f"its family '{added.family}' is none of {', '.join(FAMILIES)}"
    if added.kind in known:
        return f"there is a processor '{added.kind}' already"
    return ""
