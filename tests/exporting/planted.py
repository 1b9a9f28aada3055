"""Projects that tests export: graphs of a few nodes, with settings and audio of their own."""

from collections.abc import Mapping

import numpy as np
import torch
from scipy.signal import butter, sosfilt

from mixtrace.exporting import Project
from mixtrace.graph import Edge, Graph, Node, Strip
from mixtrace.processors import NodeSettings, Settings, processor
from mixtrace.rendering import render_song

RATE_HZ = 44_100


def settings_of(kind: str, values: Mapping[str, object], wet: float = 1.0) -> NodeSettings:
    """Return the settings of a node: those named, the others where our search starts."""
    found = {}
    for spec in processor(kind).params:
        given = values.get(spec.name, spec.start)
        given = spec.neutral if given is None else given
        tensor = torch.tensor(given, dtype=torch.float32)
        found[spec.name] = tensor if tensor.ndim or not spec.shape else tensor.expand(spec.shape)
    return NodeSettings(kind, found, wet)


def tracks_of(count: int, length_samples: int, seed: int = 7) -> list[np.ndarray]:
    """Return decaying bursts of noise, each track's at moments of its own."""
    made = np.random.default_rng(seed)
    time = np.arange(length_samples)
    tracks = []
    for number in range(count):
        period = RATE_HZ // 5 + 997 * number
        envelope = np.exp(-(time % period) / (RATE_HZ / 25)) * (
            0.2 + 0.8 * (time > length_samples // 3)
        )
        noise = made.standard_normal((1 + number % 2, length_samples))
        # Next to nothing near half the rate, as music has: a windowed sinc is no use there.
        noise = sosfilt(butter(8, 12_000, fs=RATE_HZ, output="sos"), noise)
        tracks.append((0.25 * envelope * noise).astype(np.float32))
    return tracks


def alone(
    kind: str,
    values: Mapping[str, object],
    wet: float = 1.0,
    length_samples: int = 6000,
    keyed=False,
) -> Project:
    """Return a project of one track, or two with a key, with one processor."""
    nodes = [("input", "voice"), (kind, "voice"), ("output", "mix")]
    edges: list = [(0, 1), (1, 2)]
    if keyed:
        nodes.append(("input", "kick"))
        edges.append(Edge(3, 1, port="key"))
    graph = Graph.of(nodes, edges)
    settings = Settings.of({1: settings_of(kind, values, wet)})
    tracks = tracks_of(2, length_samples)[::-1][: 2 if keyed else 1]
    return Project("song", RATE_HZ, graph, settings, tracks)


HOSTILE = {
    "kick": "kick \"8\" `x` 'y'",
    "bass": "../../etc/bass]]>&<b>",
    "voice": "=cmd()|'/C calc'!A0\nvoice\x1b[31m",
    "keys": "鍵盤 🎹 " + 300 * "k",
    "drums": "drums\\..\\bus; rm -rf ~",
    "room": "room\u202e%s{0}",
    "mix": "mix <JS>",
}
"""Names that break a file that does not escape them."""


def song(names: Mapping[str, str] | None = None, length_samples: int = 6000) -> Project:
    """Return a small song with all that a mix has.

    Four tracks, a bus with a compressor that one track's key opens, a return with a captured
    reverb that two sends feed, one of them out of the middle of its channel, a saturation, a fader
    that moves, a gate with a key, a limiter on the master, and a track that is not heard.
    """
    named = {key: key for key in HOSTILE} | dict(names or {})
    roles = ("track", "track", "track", "track", "bus", "return", "master")
    strips = {
        i: Strip(named[key], role) for i, (key, role) in enumerate(zip(HOSTILE, roles, strict=True))
    }
    kick, bass, voice, keys, drums, room, mix = range(7)
    nodes: dict[int, Node] = {}
    settings: dict[int, NodeSettings] = {}
    edges: list[Edge] = []

    def chain(strip: int, *parts: tuple[str, dict] | str) -> list[int]:
        made = []
        for part in parts:
            kind, values = (part, {}) if isinstance(part, str) else part
            number = len(nodes)
            nodes[number] = Node(kind, strip)
            if nodes[number].is_processor:
                settings[number] = settings_of(kind, values)
            if made:
                edges.append(Edge(made[-1], number))
            made.append(number)
        return made

    k = chain(
        kick,
        "input",
        ("compressor", {"threshold_db": -32.0, "ratio": 3.0}),
        ("fader", {"level_db": -2.0}),
    )
    b = chain(
        bass,
        "input",
        ("saturation", {"drive_db": 12.0}),
        ("gate", {"threshold_db": -30.0, "range_db": -24.0, "look_ahead_ms": 2.0}),
        ("fader", {"level_db": -4.0, "pan": 0.3}),
    )
    v = chain(
        voice,
        "input",
        (
            "parametric_equalizer",
            {
                "bell_db": [2.0, -3.0, 4.0, 0.0],
                "high_pass_db_per_octave": 12.0,
                "high_pass_hz": 90.0,
            },
        ),
        ("compressor", {"threshold_db": -24.0, "detector": 0.0, "look_ahead_ms": 1.0}),
        ("fader_automation", {"knot_s": [0.0, 0.05, 0.12], "knot_db": [-1.0, 0.0, -0.5]}),
    )
    s = chain(
        keys,
        "input",
        ("stereo_imager", {"side_gain_db": 4.0}),
        ("gain_panning", {"gain_db": [-6.0, -1.0]}),
    )
    d = chain(
        drums,
        "mix",
        ("compressor", {"threshold_db": -22.0, "ratio": 4.0, "make_up_db": 2.0}),
        ("fader", {"level_db": 1.0}),
    )
    first, second = (
        chain(i, ("send", {"level_db": db}))[0] for i, db in ((voice, -8.0), (keys, -12.0))
    )
    r = chain(
        room, "mix", ("captured_reverb", {"taps": _response(), "stored_rate_hz": float(RATE_HZ)})
    )
    m = chain(mix, "mix", ("limiter", {"gain_db": 2.0, "ceiling_db": -3.0}), "output")
    edges += [Edge(k[-1], d[0]), Edge(b[-1], d[0], -1.5), Edge(d[-1], m[0])]
    edges += [Edge(v[-1], m[0]), Edge(s[-1], m[0]), Edge(r[-1], m[0])]
    edges += [Edge(v[1], first), Edge(first, r[0]), Edge(s[-1], second), Edge(second, r[0])]
    edges += [Edge(k[0], b[2], port="key"), Edge(v[-1], d[1], port="key")]
    graph = Graph(strips, nodes, tuple(edges))
    tracks = tracks_of(5, length_samples)
    return Project(
        named["mix"],
        RATE_HZ,
        graph,
        Settings.of(settings),
        tracks[:4],
        ("idle " + named["kick"],),
        tracks[4:],
    )


def _response() -> list[list[float]]:
    made = np.random.default_rng(3)
    fade = np.exp(-np.arange(3000) / 700.0)[:, None]
    return (fade * made.standard_normal((3000, 4)) * [1.0, 0.4, 0.4, 1.0]).tolist()


def rendered(project: Project) -> np.ndarray:
    """Return the mix as mixtrace renders it."""
    tracks = [torch.from_numpy(np.ascontiguousarray(track)) for track in project.tracks]
    return render_song(project.graph, project.settings, tracks, RATE_HZ).double().numpy()


def difference_db(found: np.ndarray, wanted: np.ndarray) -> float:
    """Return the energy of what differs, in dB of what is wanted."""
    return 20.0 * float(np.log10(np.linalg.norm(found - wanted) / np.linalg.norm(wanted) + 1e-15))
