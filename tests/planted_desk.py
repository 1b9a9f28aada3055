"""A small desk with all that exports have to carry, and names that mean harm."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from mixtrace.exporting import Project
from mixtrace.graph import KEY, Edge, Graph, Node, Strip
from mixtrace.processors import NodeSettings, Settings, processor

RATE_HZ = 44_100
SECONDS = 2.0

KICK, VOICE, GUITAR = '../"; import os #', "=cmd|'/c calc'!A1 歌 🎤", "\\" * 3 + "é" * 300
BUS, RETURN, MASTER = "@SUM(1+1)|<b>drums</b>", "-1'); raise SystemExit('", "mix"

STRIPS = {
    1: Strip(KICK, "track"),
    2: Strip(VOICE, "track"),
    3: Strip(GUITAR, "track"),
    4: Strip(BUS, "bus"),
    5: Strip(RETURN, "return"),
    6: Strip(MASTER, "master"),
}

NODES = {
    1: Node("input", 1),
    2: Node("parametric_equalizer", 1),
    3: Node("gate", 1),
    4: Node("input", 2),
    5: Node("compressor", 2),
    6: Node("fader_automation", 2),
    7: Node("send", 2),
    8: Node("input", 3),
    9: Node("compressor", 3),
    10: Node("fader", 3),
    11: Node("send", 3),
    12: Node("mix", 4),
    13: Node("compressor", 4),
    14: Node("saturation", 4),
    15: Node("mix", 5),
    16: Node("captured_reverb", 5),
    17: Node("equalizer", 5),
    18: Node("mix", 6),
    19: Node("saturation", 6),
    20: Node("one_pole_compressor", 6),
    21: Node("limiter", 6),
    22: Node("output", 6),
}

EDGES = (
    *(Edge(1, 2), Edge(2, 3), Edge(3, 12)),
    *(Edge(4, 5), Edge(5, 6), Edge(6, 18), Edge(6, 7), Edge(7, 15)),
    *(Edge(8, 9), Edge(3, 9, 0.0, KEY), Edge(9, 10), Edge(10, 12), Edge(10, 11, -3.0)),
    Edge(11, 15),
    *(Edge(12, 13), Edge(13, 14), Edge(14, 18)),
    *(Edge(15, 16), Edge(16, 17), Edge(17, 18)),
    *(Edge(18, 19), Edge(19, 20), Edge(20, 21), Edge(21, 22)),
)


def settings_of(kind: str, wet: float = 1.0, **values: Any) -> NodeSettings:
    """Return settings of a kind: those told, and where a search starts for the others."""
    tensors = {}
    for spec in processor(kind).params:
        if spec.name in values:
            tensors[spec.name] = torch.as_tensor(values[spec.name], dtype=torch.float32)
        else:
            start = 0.0 if spec.start is None else spec.start
            tensors[spec.name] = torch.as_tensor(start, dtype=torch.float32).expand(spec.shape)
    return NodeSettings(kind, tensors, wet)


def desk_settings() -> Mapping[int, NodeSettings]:
    """Return settings with which everything on the desk works hard."""
    rng = np.random.default_rng(5)
    taps = rng.normal(size=(9000, 4)) * np.exp(-np.arange(9000) / 1800.0)[:, None]
    heard = {"attack_ms": 5.0, "release_ms": 80.0}
    return {
        2: settings_of(
            "parametric_equalizer",
            high_pass_db_per_octave=24.0,
            high_pass_hz=40.0,
            low_pass_db_per_octave=0.0,
            low_shelf_db=3.0,
            high_shelf_db=-2.0,
            bell_hz=[200.0, 1000.0],
            bell_db=[-4.0, 2.5],
            bell_q=[1.0, 2.0],
        ),
        3: settings_of("gate", threshold_db=-30.0, range_db=-20.0, **heard),
        5: settings_of("compressor", threshold_db=-30.0, ratio=3.0, make_up_db=3.0, **heard),
        6: settings_of("fader_automation", knot_s=[0.2, 0.9, 1.6], knot_db=[-12.0, 1.0, -3.0]),
        7: settings_of("send", level_db=-9.0),
        9: settings_of("compressor", threshold_db=-35.0, ratio=4.0, **heard),
        10: settings_of("fader", level_db=-4.0, pan=0.4),
        11: settings_of("send", level_db=-6.0),
        13: settings_of("compressor", threshold_db=-24.0, ratio=4.0, linked=0.0, **heard),
        14: settings_of("saturation", wet=0.7, drive_db=12.0, bias=0.3),
        16: settings_of(
            "captured_reverb",
            taps=taps,
            stored_rate_hz=float(RATE_HZ),
            decay_factor=1.0,
            tone_db_per_octave=0.0,
            pre_delay_ms=10.0,
        ),
        17: settings_of("equalizer", magnitude_db=4.0 * np.cos(np.arange(1024) / 100.0)),
        19: settings_of("saturation", drive_db=9.0),
        20: settings_of(
            "one_pole_compressor",
            wet=0.9,
            threshold_db=-20.0,
            time_ms=20.0,
            slope=-0.6,
            knee_db=6.0,
        ),
        21: settings_of("limiter", gain_db=6.0, ceiling_db=-3.0),
    }


def planted_tracks() -> list[np.ndarray]:
    """Return a kick in mono, a voice in stereo and a guitar in stereo."""
    rng, time = np.random.default_rng(7), np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ
    beat = time % 0.5
    kick = 0.7 * np.sin(2.0 * np.pi * 60.0 * beat) * np.exp(-12.0 * beat)
    voice = 0.2 * np.sin(2.0 * np.pi * 330.0 * time) * (0.6 + 0.4 * np.sin(9.0 * time))
    noise = rng.normal(size=(2, len(time)))
    sides = np.stack([voice, 0.8 * np.roll(voice, 30)]) + 0.01 * noise
    guitar = 0.15 * noise * (0.5 + 0.5 * np.sign(np.sin(2.0 * np.pi * 3.0 * time)))
    return [each.astype(np.float32) for each in (kick[None], sides, guitar)]


def planted_desk() -> Project:
    """Return the desk, with a track that is not heard and a mix that is not quite its own."""
    graph = Graph(STRIPS, NODES, EDGES)
    tracks = planted_tracks()
    rng = np.random.default_rng(9)
    mix = (0.1 * rng.normal(size=(2, tracks[0].shape[1]))).astype(np.float32)
    return Project(
        "=1+1 “song”",
        RATE_HZ,
        graph,
        Settings.of(desk_settings()),
        tracks,
        ("+unused",),
        (tracks[0],),
        mix,
    )


def alone(
    kind: str, settings: NodeSettings, tracks: list[np.ndarray], *, keyed: bool = False
) -> Project:
    """Return a desk of one processor between a track and the mix, keyed by the second track."""
    nodes = {1: Node("input", 1), 2: Node(kind, 1), 3: Node("output", 2), 4: Node("input", 3)}
    strips = {1: Strip("track", "track"), 2: Strip("mix", "master"), 3: Strip("key", "track")}
    edges = [Edge(1, 2), Edge(2, 3)]
    if keyed:
        edges.append(Edge(4, 2, 0.0, KEY))
    else:
        del nodes[4], strips[3]
    graph = Graph(strips, nodes, tuple(edges))
    used = tracks[: 1 + keyed]
    return Project("alone", RATE_HZ, graph, Settings.of({2: settings}), used)
