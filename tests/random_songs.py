"""Seeded random songs: any DAG, any settings, mono, stereo and silent tracks."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import Tensor

from mixtrace.graph import INPUT, KEY, MIX, OUTPUT, Edge, Graph
from mixtrace.processors import PROCESSORS, Settings
from mixtrace.rendering import DryAudio

EQUALIZER_LEAD = {30_000.0: 1023, 44_100.0: 1504}
"""Half of 2,047 taps, and of the 3,009 that span the same time at 44.1 kHz."""


@dataclass(frozen=True)
class Song:
    """A graph with its settings and tracks; None stands for a silent track."""

    graph: Graph
    settings: Settings
    tracks: list[Tensor | None]
    rate: float

    @property
    def time(self) -> int:
        return next(t.shape[-1] for t in self.tracks if t is not None)

    @property
    def sounding(self) -> list[Tensor]:
        """The tracks with zeros for the silent ones."""
        like = next(track for track in self.tracks if track is not None)
        return [like.new_zeros(1, self.time) if t is None else t for t in self.tracks]

    @property
    def dry(self) -> DryAudio:
        """The tracks as one window from the start of the song."""
        windows = [None if t is None else t[None] for t in self.tracks]
        return DryAudio(windows, torch.zeros(1))

    def double(self) -> "Song":
        """The same in float64."""
        tracks = [None if t is None else t.double() for t in self.tracks]
        return replace(self, settings=self.settings.map(Tensor.double), tracks=tracks)


def random_graph(rng: np.random.Generator) -> Graph:
    """Return a DAG of up to four inputs, three sums and nine processors, stored in any order."""
    # A third of the graphs keep mono tracks mono.
    narrow = rng.random() < 0.33
    choice = [kind for kind, entry in PROCESSORS.items() if not (narrow and entry.widens)]
    kinds = [str(kind) for kind in rng.choice(choice, rng.integers(3, 10))]
    kinds += [MIX] * rng.integers(0, 4)
    kinds = [INPUT] * rng.integers(1, 5) + [str(kind) for kind in rng.permutation(kinds)]
    edges: list[tuple[int, int]] = []
    for i, kind in enumerate(kinds):
        if kind != INPUT:
            # With replacement: some pairs get two edges.
            edges += [(int(rng.integers(0, i)), i) for _ in range(rng.integers(1, 4))]
    loose = set(range(len(kinds))) - {source for source, _ in edges}
    extra = {int(rng.integers(0, len(kinds)))} if rng.random() < 0.5 else set()
    edges += [(i, len(kinds)) for i in sorted(loose | extra)]
    kinds.append(OUTPUT)
    place = rng.permutation(len(kinds))
    nodes = [(kinds[i], f"n{i}") for i in np.argsort(place)]
    wires = [Edge(int(place[a]), int(place[b]), _level_db(rng)) for a, b in edges]
    return Graph.of(nodes, [*wires, *_keys(kinds, place, rng)])


def _level_db(rng: np.random.Generator) -> float:
    """Return a level, of every third edge another one than 0 dB."""
    return float(rng.uniform(-12.0, 3.0)) if rng.random() < 0.33 else 0.0


def _keys(kinds: list[str], place: np.ndarray, rng: np.random.Generator) -> list[Edge]:
    """Return edges that feed the keys of half of the processors that have one."""
    keyed = [i for i, kind in enumerate(kinds) if kind in PROCESSORS and _has_key(kind)]
    return [
        Edge(int(place[rng.integers(0, i)]), int(place[i]), _level_db(rng), KEY)
        for i in keyed
        for _ in range(rng.integers(0, 3))
    ]


def _has_key(kind: str) -> bool:
    return KEY in PROCESSORS[kind].inputs


def random_settings(graph: Graph, rng: np.random.Generator) -> Settings:
    """Return settings around the published start, with weights of up to 0.9."""

    def noise(*shape: int) -> Tensor:
        return torch.from_numpy(rng.standard_normal(shape).astype(np.float32))

    values = {
        kind: {
            spec.name: spec.physical(spec.init + 0.3 * noise(len(graph.of_kind(kind)), *spec.shape))
            for spec in PROCESSORS[kind].params
        }
        for kind in graph.kinds()
    }
    weights = {
        kind: torch.from_numpy(rng.uniform(0.1, 0.9, len(graph.of_kind(kind))).astype(np.float32))
        for kind in graph.kinds()
    }
    return Settings.by_kind(graph.by_kind(), values, weights)


def random_tracks(
    graph: Graph, rng: np.random.Generator, time: int, silence: int
) -> list[Tensor | None]:
    """Return bursts of noise that begin with silence; at least one track sounds."""
    tracks: list[Tensor | None] = []
    for number in range(len(graph.inputs)):
        if number and rng.random() < 0.25:
            tracks.append(None)
            continue
        audio = 0.3 * rng.standard_normal((rng.integers(1, 3), time)).astype(np.float32)
        audio[:, :silence] = 0.0
        gap = int(rng.integers(silence, time))
        audio[:, gap : gap + time // 4] = 0.0
        tracks.append(torch.from_numpy(audio))
    return tracks


@pytest.fixture(scope="session")
def random_song() -> Callable[..., Song]:
    """Return a function that makes the song of a seed."""

    def make(
        seed: int,
        *,
        graph: Graph | None = None,
        rate: float = 30_000.0,
        time: int = 12_000,
        silence: int | None = None,
    ) -> Song:
        rng = np.random.default_rng(seed)
        graph = random_graph(rng) if graph is None else graph
        if silence is None:
            silence = min(EQUALIZER_LEAD[rate] * len(graph.of_kind("equalizer")), time // 2)
        tracks = random_tracks(graph, rng, time, silence)
        return Song(graph, random_settings(graph, rng), tracks, rate)

    return make
