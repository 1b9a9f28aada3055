"""A method that finds the same graph in every song, at once, and songs for it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch

from mixtrace.descent import SongWindows, song_loss
from mixtrace.interpret import Desk, TrackStrip, node_of
from mixtrace.methods import Inversion, Work
from mixtrace.processors.captured_reverb import captured_taps
from mixtrace.session import Alignment, Session
from mixtrace.store import (
    GRAPH,
    PARAMS,
    TRUTH,
    Interval,
    Setting,
    StoredGraph,
    StoredTrack,
    Sureness,
    write_graph,
)
from mixtrace.unseen import Range

RATE = 22_050
NAMES = ("kick", "bass", "voice")


class Planted:
    """Every track through an EQ and a fader; the first one is limited, rides and has a hall."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def choices(self) -> Mapping[str, Any]:
        return {"recipe": "planted", "seed": self.seed}

    def invert(
        self, session: Session, held_out: Sequence[Range] = (), work: Work | None = None
    ) -> Inversion:
        bells = {"bell_hz": [200.0, 3000.0], "bell_db": [3.0, -2.0], "bell_q": [1.0, 2.0]}
        taps = torch.randn(4, 3000, generator=torch.Generator().manual_seed(1))
        hall = node_of("captured_reverb", 1.0, taps=captured_taps(taps), stored_rate_hz=30_000)
        limiter = node_of("limiter", gain_db=0.0, ceiling_db=-20.0)
        moving = (limiter, node_of("fader_automation", knot_s=[0.0, 4.0], knot_db=[0.0, -6.0]))
        sends = {"hall": node_of("send", level_db=-9.0)}
        strips = [
            TrackStrip(
                track.name,
                track.group,
                [
                    node_of("parametric_equalizer", 1.0, **bells),
                    *(moving if number == 0 else ()),
                    node_of("fader", level_db=-3.0),
                ],
                sends if number == 0 else {},
            )
            for number, track in enumerate(session.tracks)
        ]
        graph, settings = Desk(strips, returns={"hall": [hall]}).built()
        fader = graph.of_kind("fader")[0]
        sure = Sureness({Setting(fader, "level_db"): Interval(-3.5, -2.5)})
        loss = song_loss(graph, settings, SongWindows(session))
        removed = {"node": 99, "kind": "gate", "name": "kick", "round": 0, "loss": 0.5}
        evidence = {"sureness": sure.document(), "removed": [removed]}
        losses = {"sum": {"published": 1.5, "eq4": 1.25}, "final": loss}
        return Inversion(graph, settings, graph, losses, evidence)


def write_song(folder: Path, seed: int) -> None:
    """Write three tracks of noise and a mix of them, 4 s."""
    rng = np.random.default_rng(seed)
    (folder / "tracks").mkdir(parents=True)
    mix = np.zeros((4 * RATE, 2))
    for name in NAMES:
        audio = 0.1 * rng.standard_normal((4 * RATE, 1))
        soundfile.write(folder / "tracks" / f"{name}.wav", audio, RATE, subtype="FLOAT")
        mix += 0.7 * audio
    soundfile.write(folder / "mix.wav", mix, RATE, subtype="FLOAT")


def write_truth(song: Path, names: tuple[str, ...], level_db: float) -> None:
    """Write the graph of a desk whose first track is gated; faders are at a level."""
    gate = node_of("gate", threshold_db=-40.0)
    faders = [node_of("fader", level_db=level_db) for _ in names]
    strips = [
        TrackStrip(name, "", [gate, fader] if name == names[0] else [fader])
        for name, fader in zip(names, faders, strict=True)
    ]
    graph, settings = Desk(strips).built()
    tracks = tuple(StoredTrack(graph.name(i), "", Alignment()) for i in graph.inputs)
    (song / TRUTH).mkdir()
    files = (song / TRUTH / name for name in (GRAPH, PARAMS))
    write_graph(StoredGraph(song.name, tracks, graph, settings), *files)
