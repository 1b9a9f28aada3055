"""How sure a graph is of its settings, on mixes made by the graph itself."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from mixtrace.descent import SongWindows
from mixtrace.graph import Edge, Graph, Node, Strip
from mixtrace.interpret.nodes import node_of
from mixtrace.processors import NodeSettings, Settings
from mixtrace.rendering import render_song
from mixtrace.session import Alignment, Session, Track
from mixtrace.store import Interval, Setting, Sureness
from mixtrace.sureness import how_sure

RATE = 30_000
SECONDS = 9.4  # three windows
NOISE = 0.05
WORTH = 0.0015


def chain(
    nodes: Sequence[NodeSettings], bus: Sequence[NodeSettings] = ()
) -> tuple[Graph, Settings]:
    """Return a track whose processors stand in a row, and a bus behind it."""
    kinds = ["input", *(n.kind for n in nodes), "mix", *(n.kind for n in bus), "output"]
    strips = {0: Strip("voice", "track", ""), 1: Strip("master", "master", "")}
    places = [0] * (len(nodes) + 1) + [1] * (len(bus) + 2)
    graph = Graph(
        strips,
        {i: Node(kind, strip) for i, (kind, strip) in enumerate(zip(kinds, places, strict=True))},
        tuple(Edge(i, i + 1) for i in range(len(kinds) - 1)),
    )
    first = 2 + len(nodes)
    own = {1 + i: node for i, node in enumerate(nodes)}
    return graph, Settings.of(own | {first + i: node for i, node in enumerate(bus)})


def white(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal((1, round(SECONDS * RATE)))).astype(np.float32)


def mixed(graph: Graph, settings: Settings, dry: np.ndarray) -> np.ndarray:
    return np.asarray(render_song(graph, settings, [torch.from_numpy(dry)], float(RATE)))


def session_of(dry: np.ndarray, mix: np.ndarray) -> Session:
    track = Track("voice", "voice", dry, Alignment(0.0, 1, 1.0), False, None, 0)
    return Session("song", RATE, mix.astype(np.float32), (track,), ())


def sure_of(graph: Graph, settings: Settings, foreign: bool = True) -> Sureness:
    """Return how sure a graph is of a mix that it made, under noise."""
    dry = white(0)
    mix = mixed(graph, settings, dry)
    noise = np.random.default_rng(100).standard_normal(mix.shape)
    session = session_of(dry, mix + NOISE * 0.1 * noise)
    return how_sure(graph, settings, session, SongWindows(session), WORTH, foreign=foreign)


EQUALIZER = node_of(
    "parametric_equalizer",
    high_pass_db_per_octave=0.0,
    low_pass_db_per_octave=0.0,
    bell_hz=[2000.0],
    bell_db=[2.0],
    bell_q=[1.0],
)
FADER = node_of("fader", level_db=-3.0, pan=0.1)


def test_intervals_of_a_gain_and_a_bell_hold_the_truth():
    """The best estimates under noise are known in closed form: least squares of white noise.

    The dry track is white, so whitening leaves the noise as it is.
    """
    graph, settings = chain([EQUALIZER, FADER])
    dry = white(0)
    mix = mixed(graph, settings, dry)

    def moved(level_db: float, bell_db: float) -> Settings:
        level = node_of("fader", level_db=-3.0 + level_db, pan=0.1)
        bell = torch.tensor([2.0 + bell_db])
        equalizer = NodeSettings(EQUALIZER.kind, EQUALIZER.values | {"bell_db": bell})
        return chain([equalizer, level])[1]

    counted = slice(RATE, None)
    slopes = np.stack(
        [
            (mixed(graph, moved(*step), dry) - mix)[:, counted] / 0.01
            for step in ((0.01, 0), (0, 0.01))
        ]
    ).reshape(2, -1)
    hits, settings_told = [], (Setting(2, "level_db"), Setting(1, "bell_db"))
    for seed in range(16):
        noise = NOISE * 0.1 * np.random.default_rng(seed).standard_normal(mix.shape)
        off = np.linalg.solve(slopes @ slopes.T, slopes @ noise[:, counted].ravel())
        session = session_of(dry, mix + noise)
        found = moved(*off.tolist())
        sure = how_sure(graph, found, session, SongWindows(session), WORTH, foreign=False)
        for setting, truth in zip(settings_told, (-3.0, 2.0), strict=True):
            interval = sure.intervals[setting]
            hits.append(interval.low <= truth <= interval.high)
    # 32 intervals, those of a mix somewhat dependent: three deviations of a binomial are 16 %.
    assert np.mean(hits) > 0.74


def test_a_setting_that_nothing_shows_has_its_whole_range():
    sure = sure_of(*chain([EQUALIZER, FADER]), foreign=False)
    assert sure.intervals[Setting(1, "high_pass_hz")] == Interval(20.0, 2000.0)  # it is off
    shown = sure.intervals[Setting(1, "bell_db")]
    assert shown.high - shown.low < 4.0


def test_a_level_and_that_of_its_bus_cannot_be_told_apart():
    bus = node_of("fader", level_db=1.0)
    sure = sure_of(*chain([FADER], [bus]), foreign=False)
    group = next(g for g in sure.alike if Setting(1, "level_db") in g)
    assert Setting(3, "level_db") in group
    alone = sure_of(*chain([FADER]), foreign=False)
    assert alone.alike == ()
    wide, narrow = (s.intervals[Setting(1, "level_db")] for s in (sure, alone))
    assert wide.high - wide.low > 10.0 * (narrow.high - narrow.low)


def test_an_equalizer_in_front_of_an_idle_compressor_may_stand_behind_it():
    idle = node_of("compressor", threshold_db=0.0, ratio=2.0)
    assert sure_of(*chain([EQUALIZER, idle])).orders == ((1, 2),)


def test_an_equalizer_in_front_of_a_busy_compressor_may_not():
    busy = node_of("compressor", threshold_db=-40.0, ratio=8.0, attack_ms=1.0, detector=0.0)
    loud = NodeSettings(EQUALIZER.kind, EQUALIZER.values | {"bell_db": torch.tensor([15.0])})
    assert sure_of(*chain([loud, busy])).orders == ()


def test_others_engines_widen_intervals():
    graph, settings = chain([FADER])
    ours, theirs = (sure_of(graph, settings, foreign=foreign) for foreign in (False, True))
    for setting, own in ours.intervals.items():
        wider = theirs.intervals[setting]
        assert wider.low < own.low < own.high < wider.high


def test_it_tells_twice_the_same():
    first, second = (sure_of(*chain([EQUALIZER, FADER])) for _ in range(2))
    assert first.intervals == second.intervals


def test_a_graph_without_processors_has_nothing_to_tell():
    assert sure_of(*chain([])).document() == {"intervals": [], "alike": [], "orders": []}


@pytest.mark.parametrize("held_out", [[(0, 2 * RATE)], [(5 * RATE, 6 * RATE)]])
def test_what_is_held_out_changes_nothing(held_out: list[tuple[int, int]]):
    graph, settings = chain([FADER])
    dry = white(0)
    mix = mixed(graph, settings, dry)
    told = []
    for loud in (0.0, 1.0):
        other = mix.copy()
        for start, stop in held_out:
            other[:, start:stop] += loud
        session = session_of(dry, other)
        windows = SongWindows(session, held_out=held_out)
        told.append(how_sure(graph, settings, session, windows, WORTH).intervals)
    assert told[0] == told[1]
