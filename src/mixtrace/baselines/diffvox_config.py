"""DiffVox's chain as a graph, where its dials start, and the numbers that decide what is found."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from mixtrace.descent import Recipe
from mixtrace.errors import MixtraceError
from mixtrace.graph import INPUT, MIX, OUTPUT, Edge, Graph, Node, Strip
from mixtrace.params import ParamSpec
from mixtrace.processors import NodeSettings, Settings, processor

__all__ = ["DiffVoxConfig", "DiffVoxRecipe", "vocal_chain", "vocal_start"]

_EQ, _DELAY, _REVERB, _SEND = "parametric_equalizer", "feedback_delay", "fdn_reverb", "send"

_STARTS: Mapping[str, Mapping[str, float | tuple[float, ...]]] = {
    _EQ: {
        "bell_hz": (800.0, 4000.0),
        "bell_db": (0.0, 0.0),
        "bell_q": (1.0, 1.0),
        "low_shelf_hz": 115.0,
        "high_shelf_hz": 6000.0,
        "low_pass_hz": 17_500.0,
        "high_pass_hz": 200.0,
    },
    _DELAY: {"time_ms": 400.0, "ping_pong": 1.0},
    _SEND: {"level_db": -20.0},
}
"""Starts that are DiffVox's, not ours; the level of sends is not told there."""

_HELD = ("ping_pong",)
_NETWORK = ("feeds", "picks")
_DRAWN = 0.1  # deviation of the network's gains, unconstrained: lines that differ from the start
_LARGEST_SEED = 2**63 - 1
_MOST_STEPS = 1_000_000


@dataclass(frozen=True)
class DiffVoxRecipe:
    """Every number that decides what comes out.

    Attributes:
        steps: of the descent.
        warm_up_steps: over which its rate grows.
        end_rate: the rate falls along a cosine to this share.
        loudness_lufs: that the track and the mix are brought to.
        piece_s: about how much of the song is compared at a time.
        warm_up_s: how much is rendered before it, which is not compared.
        least_db: RMS level, at that loudness, below which a piece of the mix is left out.
        descent: rates of the dials.
    """

    steps: int = 150
    warm_up_steps: int = 10
    end_rate: float = 0.1
    loudness_lufs: float = -18.0
    piece_s: float = 7.0
    warm_up_s: float = 5.0
    least_db: float = -60.0
    descent: Recipe = field(default_factory=lambda: Recipe(level_unheard=False, held=_HELD))


@dataclass(frozen=True)
class DiffVoxConfig:
    """What a user chooses.

    Attributes:
        steps: of the descent; None for the recipe's. The paper takes 2,000.
        seed: of the order of pieces, and of the reverb's gains at the start.
    """

    steps: int | None = None
    seed: int = 0

    def resolve(self) -> DiffVoxRecipe:
        """Return the recipe with this configuration's numbers.

        Raises:
            MixtraceError: a number out of range.
        """
        for name, value, high in (
            ("seed", self.seed, _LARGEST_SEED),
            ("number of steps", self.steps, _MOST_STEPS),
        ):
            if value is not None and not 0 <= value <= high:
                raise MixtraceError(
                    f"Expected a {name} from 0 to {high}; got {value}. Choose one in that range."
                )
        return DiffVoxRecipe() if self.steps is None else DiffVoxRecipe(steps=self.steps)


def vocal_chain(name: str, gain_in_db: float, gain_out_db: float) -> Graph:
    """Return the chain of one track, its two returns and a master without processors.

    Equalizer, compressor-expander and fader stand on the track; the sends lead off before the
    fader, and one more from the delay to the reverb.

    Args:
        name: of the track.
        gain_in_db: on the wire from the track to its equalizer.
        gain_out_db: on the wire to the output.
    """
    strips = {
        0: Strip(name, "track"),
        1: Strip("delay", "return"),
        2: Strip("reverb", "return"),
        3: Strip("master", "master"),
    }
    kinds = (
        (0, (INPUT, _EQ, "compressor_expander", "fader", _SEND, _SEND)),
        (1, (MIX, _DELAY, _SEND)),
        (2, (MIX, _REVERB)),
        (3, (MIX, OUTPUT)),
    )
    nodes = [Node(kind, strip) for strip, chain in kinds for kind in chain]
    dry, wet = [(1, 2), (2, 3), (2, 4), (2, 5)], [(4, 6), (6, 7), (7, 8), (5, 9), (8, 9), (9, 10)]
    wires = [Edge(*pair) for pair in (*dry, *wet, (3, 11), (7, 11), (10, 11))]
    ends = Edge(0, 1, gain_in_db), Edge(11, 12, gain_out_db)
    return Graph(strips, dict(enumerate(nodes)), (ends[0], *wires, ends[1]))


def vocal_start(graph: Graph, generator: torch.Generator) -> Settings:
    """Return where the descent starts; every weight is 1.

    Args:
        graph: the chain.
        generator: of the reverb's gains.
    """
    return Settings.of({i: _start(graph.nodes[i].kind, generator) for i in graph.processors})


def _start(kind: str, generator: torch.Generator) -> NodeSettings:
    given = _STARTS.get(kind, {})
    values = {}
    for spec in processor(kind).params:
        start = torch.tensor(given.get(spec.name, spec.start), dtype=torch.float32)
        value = start if spec.name in given else start.expand(spec.shape).clone()
        values[spec.name] = _drawn(spec, value, generator) if spec.name in _NETWORK else value
    return NodeSettings(kind, values, 1.0)


def _drawn(spec: ParamSpec, value: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    noise = _DRAWN * torch.randn(value.shape, generator=generator)
    return spec.physical(spec.unconstrained(value) + noise)
