"""The mixing chains of Colonel and Reiss, and the numbers that decide what their descent finds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import torch

from mixtrace.descent import Objective, Recipe
from mixtrace.errors import MixtraceError
from mixtrace.graph import ConsolePreset, Graph
from mixtrace.params import ParamSpec
from mixtrace.processors import NodeSettings, Settings, processor

__all__ = ["CHAINS", "ColonelReissConfig", "ColonelReissRecipe", "Variant", "start_settings"]

Variant = Literal[
    "gain", "stereo-bus", "individual-reverb", "eq-reverb", "drc-eq-reverb", "full"
]  # fmt: skip

_DRIVE, _EQ, _FADER = "saturation", "parametric_equalizer", "fader"
_COMPRESSOR, _DELAY, _REVERB = "compressor", "twenty_tap_delay", "parametric_reverb"

CHAINS: Mapping[str, ConsolePreset] = {
    "gain": ConsolePreset((_FADER,), ()),
    "stereo-bus": ConsolePreset((_EQ, _FADER, _DELAY), (), (_REVERB,)),
    "individual-reverb": ConsolePreset((_EQ, _FADER, _DELAY, _REVERB), ()),
    "eq-reverb": ConsolePreset((_EQ, _FADER), (), (_REVERB,)),
    "drc-eq-reverb": ConsolePreset((_COMPRESSOR, _EQ, _FADER), (), (_REVERB,)),
    "full": ConsolePreset((_COMPRESSOR, _DRIVE, _EQ, _FADER, _DELAY), (), (_REVERB,)),
}
"""The console of each variant; what all tracks share stands on its master."""

_OCTAVES_HZ = (125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0)
_EQ_START: Mapping[str, float | tuple[float, ...]] = {
    "bell_hz": _OCTAVES_HZ,
    "bell_db": (0.0,) * len(_OCTAVES_HZ),
    "bell_q": (math.sqrt(2.0),) * len(_OCTAVES_HZ),  # an octave between the points of half the gain
    "low_shelf_hz": _OCTAVES_HZ[0] / math.sqrt(2.0),
    "high_shelf_hz": _OCTAVES_HZ[-1] * math.sqrt(2.0),
    "high_pass_db_per_octave": 0.0,
    "low_pass_db_per_octave": 0.0,
}
"""A graphic equalizer of eight octaves: bells at the inner six, shelves for the outer two."""

_EQ_HELD = ("bell_hz", "bell_q", "low_shelf_hz", "high_shelf_hz", "high_pass_hz", "low_pass_hz")
_DRAWN = 0.01  # deviation of what has no start of its own, unconstrained, as in other searches
_LARGEST_SEED = 2**63 - 1
_MOST_STEPS = 1_000_000


def _descent() -> Recipe:
    # Faders that start in the centre leave no side. Divided by the estimate's norm its loss has a
    # gradient without bound there, which Adam needs hundreds of steps to forget.
    objective = Objective(convention="eq4", gain_staging=0.0, sparsity=0.0, parsimony=0.0)
    return Recipe(level_unheard=False, held=_EQ_HELD, objective=objective)


@dataclass(frozen=True)
class ColonelReissRecipe:
    """Every number that decides what comes out.

    Attributes:
        steps: of the descent.
        warm_up_steps: over which its rate grows.
        end_rate: the rate falls along a cosine to this share.
        descent: rates and windows.
    """

    steps: int = 500
    warm_up_steps: int = 10
    end_rate: float = 0.1
    descent: Recipe = field(default_factory=_descent)


@dataclass(frozen=True)
class ColonelReissConfig:
    """What a user chooses.

    Attributes:
        variant: a key of `CHAINS`.
        steps: of the descent; None for the recipe's.
        seed: of the order of windows, and of what has no start of its own.
    """

    variant: Variant = "full"
    steps: int | None = None
    seed: int = 0

    def resolve(self) -> ColonelReissRecipe:
        """Return the recipe with this configuration's numbers.

        Raises:
            MixtraceError: a variant that there is not, or a number out of range.
        """
        if self.variant not in get_args(Variant):
            raise MixtraceError(
                f"Expected a variant among {', '.join(CHAINS)}; got '{self.variant}'. Choose one."
            )
        for name, value, high in (
            ("seed", self.seed, _LARGEST_SEED),
            ("number of steps", self.steps, _MOST_STEPS),
        ):
            if value is not None and not 0 <= value <= high:
                raise MixtraceError(
                    f"Expected a {name} from 0 to {high}; got {value}. Choose one in that range."
                )
        usual = ColonelReissRecipe()
        return usual if self.steps is None else ColonelReissRecipe(steps=self.steps)


def start_settings(graph: Graph, generator: torch.Generator) -> Settings:
    """Return where the descent starts: flat equalizers, faders at 0 dB, little reverb and delay.

    Args:
        graph: the console.
        generator: of what has no start of its own, the taps of delays.
    """
    return Settings.of({i: _start(graph.nodes[i].kind, generator) for i in graph.processors})


def _start(kind: str, generator: torch.Generator) -> NodeSettings:
    entry = processor(kind)
    own: Mapping[str, Any] = _EQ_START if kind == _EQ else {}
    values: dict[str, torch.Tensor] = {}
    for spec in entry.params:
        value = own.get(spec.name, spec.start)
        if value is None:
            values[spec.name] = _drawn(spec, generator)
        else:
            given = torch.tensor(value, dtype=torch.float32)
            values[spec.name] = given if spec.name in own else given.expand(spec.shape).clone()
    return NodeSettings(kind, values, entry.start_wet)


def _drawn(spec: ParamSpec, generator: torch.Generator) -> torch.Tensor:
    return spec.physical(spec.init + _DRAWN * torch.randn(spec.shape, generator=generator))
