"""A session as on a desk: twelve tracks, sends to two returns, a parallel bus, a side-chain.

The demo song shows what the search finds; this one shows what a graph can hold. Its settings are
those a person would dial, so that a descent has something true to come back to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from mixtrace.examples.compare import Mixed
from mixtrace.examples.tracks import synthesise_tracks
from mixtrace.graph import INPUT, KEY, MIX, OUTPUT, Edge, Graph, Node, Role, Strip
from mixtrace.params import ParamSpec
from mixtrace.processors import NodeSettings, Settings, processor
from mixtrace.rendering import render_song
from mixtrace.session import Alignment, Session, Track

__all__ = ["DESK_GROUPS", "Dialled", "desk_session", "desk_tracks", "plant_desk", "read_roughly"]

DESK_GROUPS: dict[str, str] = {
    "kick": "drums",
    "snare": "drums",
    "hihat": "drums",
    "bass": "music",
    "chords": "music",
    "guitar": "music",
    "guitar double": "music",
    "lead": "music",
    "voice": "vocals",
    "voice double": "vocals",
    "backing": "vocals",
    "backing low": "vocals",
}
"""The bus of each track."""

_CHORUS_S = 12.0
"""From here on all twelve play."""
_BEGINNINGS = ("time_ms", "pre_delay_ms")
_HALF_A_SAMPLE_MS = 1.0 / 60.0
_SECOND_TAKES = {"guitar double": "guitar", "voice double": "voice", "backing low": "backing"}

Dialled = tuple[str, Mapping[str, float | Sequence[float]]]
"""A processor: its kind, and what is dialled; everything else stands where a search starts it."""


def desk_tracks(
    sample_rate_hz: int, seconds: float = 12.0
) -> dict[str, Float32[np.ndarray, "_channel time"]]:
    """Return the dry tracks by name, in the order of `DESK_GROUPS`.

    Args:
        sample_rate_hz: sample rate, 24000 Hz or more.
        seconds: how much of the chorus, 12 s at most.
    """
    first, second = (synthesise_tracks(sample_rate_hz, seed) for seed in (0, 1))
    takes = first | {name: second[of] for name, of in _SECOND_TAKES.items()}
    begin, end = (round(at * sample_rate_hz) for at in (_CHORUS_S, _CHORUS_S + seconds))
    return {name: takes[name][:, begin:end] for name in DESK_GROUPS}


def plant_desk() -> Mixed:
    """Return the graph that mixes the tracks of `desk_tracks`, and its settings.

    >>> graph, settings = plant_desk()
    >>> len(graph.inputs), len(graph.of_kind("send")), [s.name for s in graph.strips.values()][-3:]
    (12, 8, ['echo', 'room', 'master'])
    """
    desk = _Desk()
    ends = {name: desk.track(name) for name in DESK_GROUPS}
    (bass_compressor,) = (i for i in desk.on("bass") if desk.nodes[i].kind == "compressor")
    desk.edges.append(Edge(ends["kick"], bass_compressor, 0.0, KEY))
    buses = {
        bus: desk.strip(bus, "bus", MIX, _BUSES[bus], [ends[t] for t in DESK_GROUPS if _of(t, bus)])
        for bus in ("drums", "music", "vocals")
    }
    # The parallel bus is fed at full level: its fader tells how much of it is mixed in.
    buses["crush"] = desk.strip("crush", "bus", MIX, _BUSES["crush"], [buses["drums"]])
    for name in ("echo", "room"):
        buses[name] = desk.strip(name, "return", MIX, _RETURNS[name], desk.sends[name])
    end = desk.strip("master", "master", MIX, _MASTER, list(buses.values()))
    desk.append(OUTPUT, end)
    graph = Graph(desk.strips, desk.nodes, tuple(desk.edges))
    return graph, Settings.of(desk.settings)


def desk_session(sample_rate_hz: int, seconds: float = 12.0) -> Session:
    """Return the tracks and their mix, mixed at the rate asked for; see `desk_tracks`."""
    takes = desk_tracks(sample_rate_hz, seconds)
    dry = [torch.from_numpy(take) for take in takes.values()]
    mix = render_song(*plant_desk(), dry, sample_rate_hz).numpy()
    tracks = [
        Track(
            name=name,
            group=DESK_GROUPS[name],
            kept=take,
            alignment=Alignment(),
            silent=False,
            duplicate_of=None,
            clipped_samples=0,
        )
        for name, take in takes.items()
    ]
    return Session("desk", sample_rate_hz, mix, tuple(tracks), ("tracks and mix made by code",))


def read_roughly(settings: Settings, rng: np.random.Generator) -> Settings:
    """Return settings as a reading of the mix might leave them.

    Levels are off by up to 3 dB, times, frequencies, ratios and Qs by up to 20 %, anything else by
    up to a tenth of its range. When echoes and a reverb begin is off by up to half a sample at
    30 kHz: a captured response shows that, and a descent on spectra did not find it otherwise.
    """
    rough = settings.map(lambda value: value.clone())
    for stack in rough.stacks:
        for spec in processor(stack.kind).params:
            if spec.rate > 0.0:
                value = stack.values[spec.name]
                off = torch.from_numpy(rng.uniform(-1.0, 1.0, value.shape)).float()
                value.copy_(spec.clip(_off(spec, value, off)))
    return rough


def _off(spec: ParamSpec, value: Tensor, off: Tensor) -> Tensor:
    """Return a value that is wrong by so much of what a reading might be wrong by."""
    if spec.name in _BEGINNINGS:
        return value + _HALF_A_SAMPLE_MS * off
    if spec.unit == "dB":
        return value + 3.0 * off
    if spec.unit in ("ms", "s", "Hz", ":1") or spec.name == "bell_q":
        return value * 1.2**off
    assert isinstance(spec.high, float) and isinstance(spec.low, float)
    return value + 0.1 * (spec.high - spec.low) * off


def _of(track: str, bus: str) -> bool:
    return DESK_GROUPS[track] == bus


@dataclass
class _Desk:
    """A graph that grows; `sends` holds, for each return, the sends that lead to it."""

    strips: dict[int, Strip] = field(default_factory=dict)
    nodes: dict[int, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    settings: dict[int, NodeSettings] = field(default_factory=dict)
    sends: dict[str, list[int]] = field(default_factory=lambda: {"echo": [], "room": []})

    def on(self, name: str) -> list[int]:
        """Return the nodes of a strip."""
        return [i for i, node in self.nodes.items() if self.strips[node.strip].name == name]

    def append(self, kind: str, *feeds: int) -> int:
        """Add a node to the newest strip."""
        number = len(self.nodes)
        self.nodes[number] = Node(kind, len(self.strips) - 1)
        self.edges += [Edge(source, number) for source in feeds]
        return number

    def track(self, name: str) -> int:
        """Add a track and return its end."""
        return self.strip(name, "track", INPUT, _TRACKS[name], [])

    def strip(
        self, name: str, role: Role, head: str, chain: Sequence[Dialled], feeds: Sequence[int]
    ) -> int:
        """Add a strip and return where its own sound leaves it; a send leads aside."""
        self.strips[len(self.strips)] = Strip(name, role)
        end = self.append(head, *feeds)
        for kind, dialled in chain:
            to = kind.removeprefix("send to ")
            number = self.append("send" if to in self.sends else kind, end)
            self.settings[number] = _dialled(self.nodes[number].kind, dialled)
            if to in self.sends:
                self.sends[to].append(number)
            else:
                end = number
        return end


def _dialled(kind: str, dialled: Mapping[str, float | Sequence[float]]) -> NodeSettings:
    values = {}
    for spec in processor(kind).params:
        value = dialled.get(spec.name, spec.start)
        assert value is not None, f"{kind} has no start for {spec.name}"
        single = torch.tensor(value, dtype=torch.float32)
        varies = spec.varies and spec.name in dialled
        values[spec.name] = single if varies else single.expand(spec.shape).clone()
    return NodeSettings(kind, values, 1.0)


def _eq(*bells: tuple[float, float, float], high_pass_hz: float = 0.0, **dialled: float) -> Dialled:
    """Return an EQ of some bells, each (frequency in Hz, gain in dB, Q)."""
    columns = dict(zip(("bell_hz", "bell_db", "bell_q"), zip(*bells, strict=True), strict=True))
    off = {"high_pass_db_per_octave": 0.0, "low_pass_db_per_octave": 0.0}
    switched = {"high_pass_hz": high_pass_hz, "high_pass_db_per_octave": 12.0}
    return "parametric_equalizer", columns | off | (switched if high_pass_hz else {}) | dialled


def _compressor(threshold_db: float, ratio: float, **dialled: float) -> Dialled:
    return "compressor", {"threshold_db": threshold_db, "ratio": ratio, "knee_db": 6.0, **dialled}


def _fader(level_db: float, pan: float = 0.0) -> Dialled:
    return "fader", {"level_db": level_db, "pan": pan}


def _send(to: str, level_db: float) -> Dialled:
    return f"send to {to}", {"level_db": level_db}


_GATE: Dialled = (
    "gate",
    {"threshold_db": -38.0, "range_db": -24.0, "attack_ms": 1.0, "release_ms": 90.0},
)

_TRACKS: dict[str, list[Dialled]] = {
    "kick": [
        _GATE,
        _eq((60.0, 3.0, 1.0), (350.0, -5.0, 1.2)),
        _compressor(-18.0, 3.0, attack_ms=15.0, release_ms=90.0),
        _fader(1.0),
    ],
    "snare": [
        _GATE,
        _eq((190.0, 2.5, 1.0), (4500.0, 4.0, 0.8), high_pass_hz=90.0),
        _compressor(-20.0, 4.0, attack_ms=8.0, release_ms=120.0),
        _fader(2.0, 0.05),
        _send("room", -9.0),
    ],
    "hihat": [_eq((9000.0, 4.0, 0.7), high_pass_hz=400.0), _fader(-5.0, 0.3)],
    "bass": [
        _eq((80.0, 2.0, 0.9), (250.0, -3.5, 1.0)),
        ("saturation", {"drive_db": 8.0, "bias": 0.1}),
        _compressor(-24.0, 4.0, attack_ms=4.0, release_ms=140.0),
        _fader(-1.0),
    ],
    "chords": [
        _eq((400.0, -3.0, 0.8), (3000.0, 2.0, 0.8)),
        _send("room", -12.0),  # before the fader
        _fader(-4.0, -0.2),
    ],
    "guitar": [
        _eq((2500.0, 3.0, 1.0), high_pass_hz=120.0),
        ("saturation", {"drive_db": 6.0, "bias": 0.0}),
        _fader(-6.0, -0.7),
    ],
    "guitar double": [_eq((1800.0, 2.5, 1.0), high_pass_hz=140.0), _fader(-7.0, 0.7)],
    "lead": [
        _eq((1500.0, 2.5, 1.0)),
        _compressor(-22.0, 3.0, attack_ms=12.0, release_ms=150.0),
        _fader(-9.0, 0.25),
        _send("echo", -6.0),
    ],
    "voice": [
        _eq((250.0, -2.5, 1.0), (3500.0, 3.0, 0.8), high_pass_hz=90.0),
        _compressor(-22.0, 4.0, attack_ms=6.0, release_ms=110.0, make_up_db=3.0),
        ("fader_automation", {"knot_s": (0.0, 3.0, 6.0, 9.0), "knot_db": (1.0, -1.5, 2.0, 0.0)}),
        _send("room", -14.0),
        _send("echo", -18.0),
    ],
    "voice double": [
        _compressor(-24.0, 6.0, attack_ms=5.0, release_ms=130.0),
        _fader(-12.0, 0.4),
    ],
    "backing": [
        _eq((6000.0, 3.0, 0.7), high_pass_hz=150.0),
        _fader(-10.0, -0.4),
        _send("room", -6.0),
    ],
    "backing low": [_fader(-11.0, 0.4), _send("room", -6.0)],
}

_BUSES: dict[str, list[Dialled]] = {
    "drums": [_compressor(-14.0, 2.0, attack_ms=30.0, release_ms=160.0), _fader(1.0)],
    "music": [_eq((400.0, -1.5, 0.8)), _fader(-1.0)],
    "vocals": [_compressor(-18.0, 2.0, attack_ms=20.0, release_ms=200.0), _fader(0.5)],
    "crush": [
        _compressor(-34.0, 10.0, attack_ms=1.0, release_ms=80.0, make_up_db=10.0),
        ("saturation", {"drive_db": 5.0, "bias": 0.0}),
        _fader(-12.0),
    ],
}

_RETURNS: dict[str, list[Dialled]] = {
    "echo": [
        (
            "feedback_delay",
            {"time_ms": 300.0, "feedback": 0.3, "damping_hz": 4000.0, "ping_pong": 0.6},
        ),
        _fader(-3.0),
        _send("room", -12.0),
    ],
    "room": [
        (
            "parametric_reverb",
            {"rt60_s": (1.1, 1.0, 0.9, 0.8, 0.6, 0.4), "pre_delay_ms": 20.0, "width": 0.8},
        ),
        _fader(-4.0),
    ],
}

_MASTER: list[Dialled] = [
    _eq((120.0, 1.0, 0.7), (8000.0, 1.5, 0.7)),
    _compressor(-12.0, 2.0, attack_ms=30.0, release_ms=180.0),
    ("limiter", {"gain_db": 2.0, "ceiling_db": -1.0}),
]
