"""What runs agree on: processors matched by where they stand, dials by which they are."""

import pytest

from mixtrace.graph import Edge, Graph, Node, Strip
from mixtrace.interpret.nodes import node_of
from mixtrace.methods.agreement import agreement_of, standings
from mixtrace.processors import NodeSettings, Settings, processor
from mixtrace.store import Agreement, Elsewhere, EndedRun, Range, Setting


def bells(*hz: float, **others: float) -> NodeSettings:
    """Return an equalizer with bells of 3 dB."""
    return node_of(
        "parametric_equalizer",
        bell_hz=list(hz),
        bell_db=[3.0] * len(hz),
        bell_q=[1.0] * len(hz),
        **others,
    )


def run(*chain: NodeSettings, first: int = 1) -> tuple[Graph, Settings]:
    """Return a graph of one voice with a chain, whose nodes are numbered from some number on."""
    nodes = {first + i: node for i, node in enumerate(chain)}
    kinds = {0: "input"} | {i: node.kind for i, node in nodes.items()} | {99: "mix", 100: "output"}
    numbers = list(kinds)
    graph = Graph(
        {0: Strip("voice", "track"), 1: Strip("master", "master")},
        {i: Node(kind, int(i >= 99)) for i, kind in kinds.items()},
        tuple(map(Edge, numbers, numbers[1:])),
    )
    return graph, Settings.of(nodes)


def agreement(*runs: tuple[Graph, Settings], kept: int = 0) -> Agreement:
    ended = [EndedRun(seed, 0.5, 0.5, len(g.processors)) for seed, (g, _) in enumerate(runs)]
    return agreement_of(ended, [standings(*one) for one in runs], kept)


def fader(level_db: float) -> NodeSettings:
    return node_of("fader", level_db=level_db)


def test_processors_are_matched_by_where_they_stand_not_by_number():
    found = agreement(run(fader(-2.0)), run(fader(1.0), first=7), run(fader(-0.5), first=3))
    assert found.stood == {1: 3}
    assert found.ranges[Setting(1, "level_db")] == Range(3, -2.0, 1.0)
    assert found.elsewhere == ()


def test_several_of_a_kind_are_matched_in_the_order_of_the_sound():
    one, other = run(fader(-2.0), fader(4.0)), run(fader(-3.0), first=5)
    found = agreement(one, other)
    assert found.stood == {1: 2, 2: 1}
    assert found.ranges[Setting(1, "level_db")] == Range(2, -3.0, -2.0)
    assert found.ranges[Setting(2, "level_db")] == Range(1, 4.0, 4.0)
    # Seen from the other run, the second fader stands elsewhere only.
    found = agreement(one, other, kept=1)
    assert (found.kept, found.stood) == (1, {5: 2})
    assert found.elsewhere == (Elsewhere("voice", "track", "fader", 1),)


def test_what_other_runs_have_is_counted():
    squeeze = node_of("compressor", threshold_db=-20.0)
    found = agreement(run(fader(0.0)), run(squeeze, fader(0.0)), run(squeeze, fader(0.0)))
    assert found.stood == {1: 3}
    assert found.elsewhere == (Elsewhere("voice", "track", "compressor", 2),)


def test_bands_are_matched_by_the_nearest_where_one_has_left():
    found = agreement(run(bells(100.0, 1000.0, 5000.0)), run(bells(1100.0, 4500.0)))
    assert found.stood == {1: 2}
    assert found.ranges[Setting(1, "bell_hz", 0)] == Range(1, 100.0, 100.0)
    # Values are of single precision.
    assert found.ranges[Setting(1, "bell_hz", 1)] == Range(2, 1000.0, 1100.0)
    assert found.ranges[Setting(1, "bell_hz", 2)] == Range(2, 4500.0, 5000.0)
    assert found.ranges[Setting(1, "bell_q", 2)] == Range(2, 1.0, 1.0)


def test_a_band_is_not_that_of_another_shape():
    steep = {"high_pass_hz": 80.0, "low_pass_db_per_octave": 0.0}
    one = run(bells(1000.0, high_pass_db_per_octave=12.0, **steep))
    other = run(bells(1000.0, high_pass_db_per_octave=24.0, **steep))
    assert agreement(one, other).ranges[Setting(1, "high_pass_hz")].runs == 1
    assert agreement(one, one).ranges[Setting(1, "high_pass_hz")].runs == 2


def sends(*returns: str) -> tuple[Graph, Settings]:
    """Return a voice that sends to returns, in this order."""
    strips = {0: Strip("voice", "track"), 1: Strip("master", "master")}
    nodes = {0: Node("input", 0), 98: Node("mix", 1), 99: Node("output", 1)}
    edges, settings = [Edge(0, 98)], {}
    for number, name in enumerate(returns, 2):
        strips[number] = Strip(name, "return")
        nodes |= {10 * number: Node("send", 0), 10 * number + 1: Node("mix", number)}
        own = (0, 10 * number), (10 * number, 10 * number + 1), (10 * number + 1, 98)
        edges += [Edge(*pair) for pair in own]
        settings[10 * number] = node_of("send", level_db=-float(len(name)))
    edges.append(Edge(98, 99))
    return Graph(strips, nodes, tuple(edges)), Settings.of(settings)


def test_sends_are_matched_by_where_they_lead():
    found = agreement(sends("hall", "chamber"), sends("chamber", "hall"), sends("chamber"))
    assert found.stood == {20: 2, 30: 3}
    assert found.ranges[Setting(30, "level_db")] == Range(3, -7.0, -7.0)


@pytest.mark.parametrize("end", ["low", "high"])
def test_single_precision_stays_within_the_range(end: str):
    spec = processor("compressor").param("attack_ms")
    assert isinstance(spec.low, float) and isinstance(spec.high, float)
    value = getattr(spec, end)
    settings = run(node_of("compressor", attack_ms=value))
    found = agreement(settings, settings).ranges[Setting(1, "attack_ms")]
    assert spec.low <= found.low <= found.high <= spec.high
