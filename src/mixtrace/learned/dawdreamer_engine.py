"""DawDreamer as an engine: a chain written in Faust, compiled when it is first asked for.

Its dials have the names of ours and do not sound the same: the filters are of Faust's
state-variable kind, the compressor has no knee, and the reverb is a Freeverb.
"""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.errors import MixtraceError
from mixtrace.learned.dials import DIALS, sides_db, turned
from mixtrace.learned.freeverb import comb_feedback

__all__ = ["DawDreamerEngine"]

_BLOCK_SAMPLES = 512

_PROGRAM = """
import("stdfaust.lib");
{sliders}
tone = fi.svf.ls(low_shelf_hz, 0.70710678, low_shelf_db)
     : fi.svf.bell(bell_hz, bell_q, bell_db)
     : fi.svf.hs(high_shelf_hz, 0.70710678, high_shelf_db);
squeeze = co.compressor_stereo(ratio, threshold_db, attack_ms / 1000, release_ms / 1000);
room = par(i, 2, *(0.1)) : re.stereo_freeverb(feedback, 0.5, damping, 23) : par(i, 2, *(wet));
dry = par(i, 2, *(1 - wet));
process = par(i, 2, tone) : squeeze : *(left), *(right) <: dry, room :> _, _;
"""
"""Of one track; 0.1 is what Faust's own example of the reverb enters it with."""

_SPAN = "0, -100000, 100000, 0.0000001"
"""Start, ends and step of every slider: wider than any dial."""

_ADDED = ("left", "right", "feedback")
"""What is set beside the dials: the gain of either side, and the decay time as a feedback."""


class DawDreamerEngine:
    """A chain in Faust for every track."""

    def __init__(self) -> None:
        """Load the package; the chain is compiled at the first mix of a rate.

        Raises:
            MixtraceError: it is not installed.
        """
        self._package = _loaded()
        self._at: dict[int, tuple[Any, Any, Any]] = {}

    def mix(
        self,
        numbers: Float[Tensor, "track 16"],
        tracks: Sequence[Float[Tensor, "_channel time"]],
        sample_rate_hz: int,
    ) -> Float[Tensor, "2 time"]:
        """Return the mix of tracks, from rest."""
        dials = turned(numbers)
        sides = 10.0 ** (sides_db(dials["gain_db"], dials["pan"]) / 20.0)
        dials |= {"left": sides[:, 0], "right": sides[:, 1]}
        total = np.zeros((2, tracks[0].shape[-1]), np.float32)
        for row, track in enumerate(tracks):
            own = {name: float(values[row]) for name, values in dials.items()}
            own["feedback"] = comb_feedback(own["decay_s"])
            total += self._track(own, track.expand(2, -1).numpy(), sample_rate_hz)
        return torch.from_numpy(total)

    def _track(
        self, dials: dict[str, float], dry: Float[np.ndarray, "2 time"], rate: int
    ) -> Float[np.ndarray, "2 time"]:
        engine, source, chain = self._chain(rate)
        source.set_data(np.ascontiguousarray(dry))
        for parameter in chain.get_parameters_description():
            name = parameter["name"]
            chain.set_parameter(name, dials[name.rpartition("/")[2]])
        engine.load_graph([(source, []), (chain, [source.get_name()])])
        engine.render(dry.shape[1] / rate)
        return engine.get_audio()[:, : dry.shape[1]]

    def _chain(self, rate: int) -> tuple[Any, Any, Any]:
        """Return what renders at a rate, what plays a track, and the chain."""
        if rate not in self._at:
            engine = self._package.RenderEngine(rate, _BLOCK_SAMPLES)
            source = engine.make_playback_processor("track", np.zeros((2, 1), np.float32))
            chain = engine.make_faust_processor("chain")
            names = [dial.name for dial in DIALS] + list(_ADDED)
            sliders = "\n".join(f'{name} = hslider("{name}", {_SPAN});' for name in names)
            chain.set_dsp_string(_PROGRAM.format(sliders=sliders))
            chain.compile()
            self._at[rate] = engine, source, chain
        return self._at[rate]


def _loaded() -> ModuleType:
    try:
        import dawdreamer  # pyright: ignore[reportMissingImports] (an extra)
    except ImportError as error:
        raise MixtraceError(
            "Expected the package dawdreamer for its engine; it is not installed. Install it with "
            "pip install 'mixtrace[dawdreamer]', or choose the engine mixtrace."
        ) from error
    return dawdreamer
