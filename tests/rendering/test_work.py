"""Graphs that ask for too much are refused before they are rendered."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from consoles import STUDIO

import mixtrace
from mixtrace.errors import GraphError
from mixtrace.graph import MOST_OF_A_KIND, Graph, build_console
from mixtrace.processors import Passing, Settings, processor
from mixtrace.processors.one_pole import OnePoleDynamics
from mixtrace.rendering import check_work, render_song
from mixtrace.session import Alignment
from mixtrace.store import GRAPH, PARAMS, StoredGraph, StoredTrack, write_graph

RATE_HZ = 44_100


def chain(*kinds: str) -> Graph:
    nodes = [("input", "a"), *((kind, "a") for kind in kinds), ("output", "a")]
    return Graph.of(nodes, tuple((i, i + 1) for i in range(len(kinds) + 1)))


def initial(graph: Graph) -> Settings:
    counts = {kind: len(graph.of_kind(kind)) for kind in graph.kinds()}
    values = {
        kind: {
            spec.name: spec.physical(torch.full((count, *spec.shape), spec.init))
            for spec in processor(kind).params
        }
        for kind, count in counts.items()
    }
    wet = {kind: torch.full((count,), 0.5) for kind, count in counts.items()}
    return Settings.by_kind(graph.by_kind(), values, wet)


def test_a_chain_of_filters_that_would_fill_the_memory_is_refused(tmp_path: Path):
    """Each of 108 delays would be transformed at the length of all: 216 s, 4 GB."""
    graph = chain(*["twenty_tap_delay"] * 108)
    stored = StoredGraph("song", (StoredTrack("a", "g", Alignment()),), graph, initial(graph))
    write_graph(stored, tmp_path / GRAPH, tmp_path / PARAMS)
    (tmp_path / "song").mkdir()
    noise = 0.1 * np.random.default_rng(0).standard_normal(RATE_HZ)
    soundfile.write(tmp_path / "song" / "a.wav", noise, RATE_HZ)
    with pytest.raises(GraphError, match=r"at most \d+ samples of responses at 44100 Hz"):
        mixtrace.render(tmp_path, tmp_path / "song", tmp_path / "mix.wav")
    assert not (tmp_path / "mix.wav").exists()


def test_sums_that_multiply_ways_are_refused():
    tracks, ends = 150, 100
    nodes = [*(("input", f"t{i}") for i in range(tracks)), ("mix", "b")]
    nodes += [*(("one_pole_compressor", f"c{i}") for i in range(ends)), ("output", "o")]
    first = tracks + 1
    edges = [(i, tracks) for i in range(tracks)]
    edges += [(tracks, first + i) for i in range(ends)]
    edges += [(first + i, first + ends) for i in range(ends)]
    graph = Graph.of(nodes, edges)
    with pytest.raises(GraphError, match="at most 5000 ways between its dynamics"):
        check_work(graph, Settings(), [1] * tracks, RATE_HZ, ())


@pytest.mark.parametrize("rate_hz", [44_100, 96_000])
def test_the_largest_console_is_not_refused(rate_hz: int):
    console = build_console([(f"t{i}", f"g{i}") for i in range(150)], STUDIO)
    check_work(console, Settings(), [1] * 150, rate_hz, ())


def test_dynamics_work_on_blocks_of_the_song_alone(monkeypatch: pytest.MonkeyPatch):
    """Many regions in a row are a block late each: once they all worked on silence meanwhile."""
    real, worked = OnePoleDynamics.follow, []

    def follow(self: OnePoleDynamics, passing: Passing, *rest: Any) -> Any:
        worked.append(len(passing.audio))
        return real(self, passing, *rest)

    monkeypatch.setattr(OnePoleDynamics, "follow", follow)
    graph = chain(*["equalizer", "one_pole_compressor"] * 20)
    audio = [0.1 * torch.randn((1, 2_000), generator=torch.Generator().manual_seed(0))]
    render_song(graph, initial(graph), audio, RATE_HZ)
    assert 20 <= sum(worked) <= 40  # a block that is late reaches over two of the song's


def test_processors_of_a_kind_have_a_largest_number():
    assert len(chain(*["noise_reverb"] * MOST_OF_A_KIND).processors) == MOST_OF_A_KIND
    with pytest.raises(GraphError, match=f"at most {MOST_OF_A_KIND} processors of a kind; got 401"):
        chain(*["noise_reverb"] * (MOST_OF_A_KIND + 1))
