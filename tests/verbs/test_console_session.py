"""A whole session: twelve tracks, sends to two returns, a parallel bus, a side-chain."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import mixtrace
from mixtrace.descent import Descent, Objective, Recipe, SongWindows, Variables, song_loss
from mixtrace.examples.desk import DESK_GROUPS, desk_session, desk_tracks, plant_desk, read_roughly
from mixtrace.graph import KEY, Graph
from mixtrace.processors import WET, Settings, processor
from mixtrace.rendering import (
    DryAudio,
    Incremental,
    Prepared,
    render_compiled,
    render_scheduled,
    render_song,
    render_walk,
)
from mixtrace.reporting.details import node_details
from mixtrace.reporting.diagram import diagram_part
from mixtrace.session import Alignment
from mixtrace.store import StoredGraph, StoredTrack, read_graph, write_graph

SECONDS = 2.0


@dataclass(frozen=True)
class Desk:
    """The session at a rate."""

    graph: Graph
    settings: Settings
    tracks: list[Tensor]
    rate: int

    @property
    def dry(self) -> DryAudio:
        return DryAudio([track[None] for track in self.tracks], torch.zeros(1))

    @property
    def time(self) -> int:
        return self.tracks[0].shape[-1]

    def song(self, graph: Graph | None = None) -> Tensor:
        return render_song(graph or self.graph, self.settings, self.tracks, self.rate)


@pytest.fixture(scope="module")
def desk_at() -> Callable[[int], Desk]:
    known: dict[int, Desk] = {}

    def make(rate: int) -> Desk:
        if rate not in known:
            takes = [torch.from_numpy(take) for take in desk_tracks(rate, SECONDS).values()]
            known[rate] = Desk(*plant_desk(), takes, rate)
        return known[rate]

    return make


@pytest.mark.parametrize("rate", [30_000, 44_100])
def test_every_renderer_gives_the_same_mix(desk_at: Callable[[int], Desk], rate: int):
    desk = desk_at(rate)
    args = desk.graph, desk.settings, desk.tracks, rate
    walk = render_walk(*args)
    prepared = Prepared(desk.graph, desk.settings, rate, desk.time)
    kept = Incremental(prepared, desk.dry).render([])
    compiled = render_compiled(desk.graph, desk.settings, desk.dry, rate, time=desk.time)
    assert kept is not None and compiled is not None
    others = {
        "compiled": compiled[0],
        "scheduled": render_scheduled(*args),
        "song": render_song(*args),
        "blocks": render_song(*args, block_samples=9_973),
        "incremental": kept[0],
    }
    for name, mix in others.items():
        # Float32 through some twenty nodes and filters of 90,000 taps: 1e-6 was measured.
        assert (mix - walk).abs().max() < 1e-5 * walk.abs().max(), name


def test_every_processor_and_the_side_chain_are_heard(desk_at: Callable[[int], Desk]):
    """Otherwise alike would mean little: each is taken out, and the mix must change."""
    desk = desk_at(30_000)
    prepared = Prepared(desk.graph, desk.settings, desk.rate, desk.time)
    renderer = Incremental(prepared, desk.dry)
    whole = renderer.render([])
    assert whole is not None
    for i in desk.graph.processors:
        without = renderer.render([i])
        assert without is not None
        # -60 dB of the mix: ten times what the renderers may differ by and more.
        assert (without - whole).abs().max() > 1e-3 * whole.abs().max(), desk.graph.nodes[i]
    wires = tuple(edge for edge in desk.graph.edges if edge.port != KEY)
    deaf = Graph(desk.graph.strips, desk.graph.nodes, wires)
    assert (desk.song(deaf) - desk.song()).abs().max() > 1e-3 * whole.abs().max()


def test_gradients_of_every_setting_are_those_of_finite_differences(
    desk_at: Callable[[int], Desk],
):
    """Each parameter of each stack of nodes, along two random directions in which all move.

    A recursion with corners (attack or release, open or closed, the loudest sample) is smooth but
    for moments that a step of 1e-6 seldom passes; what is left of these, and of the curvature, is
    some 1e-5 of the slope. The long check, setting by setting, is benchmarks/console_session.py.
    """
    desk = desk_at(30_000)
    start, time = 30_000, 12_000
    dry = DryAudio(
        [track[None, :, start : start + time].double() for track in desk.tracks],
        torch.tensor([2.9]).double(),  # a ride's knot stands at 3 s
    )
    noise = np.random.default_rng(0)
    weight = torch.from_numpy(noise.standard_normal((2, time)))
    planted = desk.settings.map(lambda value: value.double())
    for stack in planted.stacks:
        stack.wet.fill_(0.8)  # off the end of its range
        if "length_s" in stack.values:
            stack.values["length_s"].fill_(0.5)  # what rings on would lie behind the end

    def heard(settings: Settings) -> Tensor:
        audio = render_compiled(desk.graph, settings, dry, desk.rate, time=time)
        assert audio is not None
        return (audio[0] * weight).sum()

    leaves = planted.map(lambda value: value.clone().requires_grad_())
    slopes = iter(torch.autograd.grad(heard(leaves), leaves.tensors(), allow_unused=True))
    named = [(s, name) for s in planted.stacks for name in s.values]
    still = set()
    for stack, name in [*named, *((stack, WET) for stack in planted.stacks)]:
        slope, value = next(slopes), stack.tensor(name)
        if name != WET and processor(stack.kind).param(name).rate == 0.0:
            continue
        kept, most = value.clone(), 0.0
        for _ in range(2 if value.numel() > 1 else 1):
            signs = torch.from_numpy(noise.choice([-1.0, 1.0], value.shape))
            step = 1e-6 * signs * (1 + kept.abs())
            ends = []
            for sign in (1.0, -1.0):
                value.copy_(kept + sign * step)
                ends.append(float(heard(planted)))
            value.copy_(kept)
            found = (ends[0] - ends[1]) / 2.0
            told = 0.0 if slope is None else float((slope * step).sum())
            # Sums of 24,000 products of size one round off at some 1e-11.
            assert told == pytest.approx(found, rel=2e-3, abs=1e-9), (stack.kind, name)
            most = max(most, abs(told))
        if most < 1e-9:
            still.add(name)
    # Low-passes are off, shelves at 0 dB; the second echo comes behind the end.
    assert still <= {"low_pass_hz", "low_shelf_hz", "high_shelf_hz", "feedback", "damping_hz"}


def test_a_descent_comes_nearer_to_what_was_planted():
    """The first steps; how far it comes is told in docs/results.md."""
    session = desk_session(30_000, 4.0)
    graph, settings = plant_desk()
    windows = SongWindows(session)
    # Windows know nothing of what rang before their warm-up of a second.
    assert song_loss(graph, settings, windows)["published"] < 0.01
    start = read_roughly(settings, np.random.default_rng(0))
    descent = Descent(graph, Variables.from_settings(start), windows, Recipe())
    before = song_loss(graph, start, windows)["published"]
    for _ in range(4):
        descent.step([windows.window(0)], Objective(parsimony=0.0), rate=0.5)
    assert song_loss(graph, descent.settings, windows)["published"] < 0.8 * before


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    tracks = tuple(StoredTrack(name, bus, Alignment()) for name, bus in DESK_GROUPS.items())
    graph, settings = plant_desk()
    write_graph(
        StoredGraph("desk", tracks, graph, settings),
        folder / "graph.json",
        folder / "params.safetensors",
    )
    return folder


def test_reopened_it_sounds_the_same_to_the_bit(desk_at: Callable[[int], Desk], stored: Path):
    desk, again = desk_at(30_000), read_graph(stored / "graph.json")
    assert again.graph == desk.graph
    mix = render_song(again.graph, again.settings, desk.tracks, desk.rate)
    assert torch.equal(mix, desk.song())


def test_shown_it_tells_sends_returns_keys_and_the_parallel_bus(stored: Path):
    text = str(mixtrace.show(stored))
    lines = [line.strip() for line in text.splitlines()]
    for told in (
        "send to room: -9.0 dB",
        "room  [return]",
        "snare  [send -9.0 dB; told above]",
        "echo  [send -12.0 dB; told above]",
        "crush  [bus]",
        "drums  [its own sound; told above]",
    ):
        assert told in lines, told
    (keyed,) = [line for line in lines if line.startswith("compressor keyed by kick: ")]
    assert lines.index(keyed) > lines.index("bass  [track]")
    # Its fader is at +2 dB and its send at -9 dB, which leads aside.
    snare = lines[lines.index("snare  [track]") + 1]
    assert snare.startswith("2 dB up, ") and "a send at -9 dB to room" in snare


def test_drawn_it_has_a_line_for_each_send_and_a_dashed_one_for_the_key(stored: Path):
    again = read_graph(stored / "graph.json")
    html = diagram_part(again.graph, node_details(again)).html
    assert html.count('class="send"') == len(again.graph.of_kind("send"))
    assert html.count('class="key"') == 1
    assert "send of snare to room: -9.0 dB" in html
