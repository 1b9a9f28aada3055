"""Edits of a desk come back as the changes that were made, and as no others."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from planted_desk import (
    BUS,
    EDGES,
    GUITAR,
    KICK,
    NODES,
    RETURN,
    STRIPS,
    VOICE,
    desk_settings,
    settings_of,
)

from mixtrace.changes import Change, Changes, Side, changes_between
from mixtrace.graph import Edge, Graph, Node, Strip, insert_node, remove_nodes
from mixtrace.processors import NodeSettings, Settings
from mixtrace.session import Alignment
from mixtrace.store import Interval, Setting, StoredGraph, StoredTrack, Sureness

DESK = Graph(STRIPS, NODES, EDGES)
GATE, VOICE_COMP, SEND, EQ, FADER, REVERB, RIDE, LIMITER = 3, 5, 7, 2, 10, 16, 6, 21


def stored(
    graph: Graph = DESK, settings: Mapping[int, NodeSettings] | None = None, **turned: Any
) -> StoredGraph:
    nodes = dict(desk_settings() if settings is None else settings)
    tracks = tuple(
        StoredTrack(graph.name(i), "all", turned.get("alignment", Alignment()))
        for i in graph.inputs
    )
    own = Settings.of({i: nodes[i] for i in graph.processors})
    return StoredGraph("song", tracks, graph, own, turned.get("unused", ()))


def turn(node: int, wet: float | None = None, **values: Any) -> dict[int, NodeSettings]:
    """Return the settings of the desk with some of one node turned."""
    nodes = dict(desk_settings())
    own = nodes[node]
    tensors = {k: torch.as_tensor(v, dtype=torch.float32) for k, v in values.items()}
    nodes[node] = replace(
        own, values={**own.values, **tensors}, wet=own.wet if wet is None else wet
    )
    return nodes


def found(after: StoredGraph, before: StoredGraph | None = None, **known: Any) -> Changes:
    return changes_between(Side(before or stored()), Side(after), **known)


def only(changes: Changes) -> Change:
    (change,) = changes.changes
    return change


def test_a_desk_does_not_differ_from_itself():
    assert found(stored()) == Changes((), 0, 5)


@pytest.mark.parametrize(
    ("node", "values", "strip", "words"),
    [
        (VOICE_COMP, {"threshold_db": -26.0}, VOICE, "compressor threshold -30.0 dB -> -26.0 dB"),
        (VOICE_COMP, {"make_up_db": 5.0}, VOICE, "compressor make-up +3.0 dB -> +5.0 dB"),
        (VOICE_COMP, {"detector": 0.0}, VOICE, "compressor detector RMS -> peak"),
        (FADER, {"level_db": -1.0}, GUITAR, "fader 3.0 dB louder (-4.0 dB -> -1.0 dB)"),
        (FADER, {"pan": -0.4}, GUITAR, "fader pan 40 % right -> 40 % left"),
        (SEND, {"level_db": -12.0}, VOICE, f"send to {RETURN} 3.0 dB softer (-9.0 dB -> -12.0 dB)"),
        (GATE, {"hold_ms": 50.0}, KICK, "gate hold 20 ms -> 50 ms"),
        (
            EQ,
            {"bell_db": [-4.0, 6.0]},
            KICK,
            "parametric EQ, gain of the bell at 1 kHz +2.5 dB -> +6.0 dB",
        ),
        (
            EQ,
            {"bell_hz": [250.0, 1000.0]},
            KICK,
            "parametric EQ, frequency of the bell at 200 Hz 200 Hz -> 250 Hz",
        ),
        (
            EQ,
            {"high_pass_db_per_octave": 12.0},
            KICK,
            "parametric EQ 24 dB/oct high-pass -> 12 dB/oct high-pass",
        ),
        (EQ, {"bell_db": [0.0, 2.5]}, KICK, "parametric EQ bell removed: 200 Hz -4.0 dB Q 1"),
        (
            EQ,
            {"bell_hz": [200.0, 5000.0]},
            KICK,
            "parametric EQ bell removed: 1 kHz +2.5 dB Q 2\n"
            "parametric EQ bell added: 5 kHz +2.5 dB Q 2",
        ),
        (REVERB, {"taps": torch.ones(9000, 4)}, RETURN, None),
    ],
)
def test_a_dial_that_was_turned(node: int, values: dict[str, Any], strip: str, words: str | None):
    changes = found(stored(settings=turn(node, **values)))
    assert {change.strip for change in changes.changes} == {strip}
    if words is None:  # another response: its decay is told, or that it is another
        assert "captured reverb response" in only(changes).words
    else:
        assert "\n".join(change.words for change in changes.changes) == words


def test_bells_are_paired_by_the_nearest_frequency_not_by_their_places():
    turned = turn(EQ, bell_hz=[1000.0, 200.0], bell_db=[2.5, -4.0], bell_q=[2.0, 1.0])
    assert found(stored(settings=turned)).changes == ()


@pytest.mark.parametrize(
    ("node", "values"),
    [
        (VOICE_COMP, {"threshold_db": -29.96}),  # 0.04 dB: below the digit it is told with
        (VOICE_COMP, {"ratio": 3.03}),  # 1 %
        (EQ, {"low_pass_hz": 900.0}),  # of a low-pass that is off
        (SEND, {"level_db": -9.04}),
    ],
)
def test_what_cannot_be_heard_is_left_out(node: int, values: dict[str, Any]):
    assert found(stored(settings=turn(node, **values))) == Changes((), 0, 5)


def test_a_weight_of_a_reverb_is_told_as_its_level():
    wet = only(found(stored(settings=turn(REVERB, wet=0.5)))).words
    assert wet == "captured reverb 6.0 dB softer (0.0 dB -> -6.0 dB)"


@pytest.mark.parametrize(
    ("intervals", "told"),
    [
        (((-32.0, -25.0), (-31.0, -24.0)), 0),
        (((-32.0, -25.0), (-27.0, -24.0)), 1),  # the first does not lie in the second's
        (((-32.0, -28.0), (-31.0, -24.0)), 1),
        (((-32.0, -25.0), None), 1),  # a value that was set by hand is as it is
        ((None, (-27.0, -24.0)), 1),
        ((None, None), 1),
    ],
)
def test_values_within_each_others_intervals_are_counted_alone(intervals: Any, told: int):
    after = stored(settings=turn(VOICE_COMP, threshold_db=-26.0))
    threshold = Setting(VOICE_COMP, "threshold_db")
    known = [None if ends is None else Sureness({threshold: Interval(*ends)}) for ends in intervals]
    changes = changes_between(Side(stored(), known[0]), Side(after, known[1]))
    assert (len(changes.changes), changes.within) == (told, 1 - told)


def test_a_bell_that_may_be_flat_is_no_loss():
    after = stored(settings=turn(EQ, bell_db=[0.0, 2.5]))
    unsure = Sureness({Setting(EQ, "bell_db", 0): Interval(-9.0, 1.0)})
    other = Sureness({Setting(EQ, "bell_db", 1): Interval(2.0, 3.0)})
    assert changes_between(Side(stored(), unsure), Side(after, other)) == Changes((), 1, 5)
    assert len(changes_between(Side(stored(), unsure), Side(after)).changes) == 1


def test_a_processor_that_is_gone_or_new_is_told_with_its_settings():
    graph = remove_nodes(DESK, {GATE})
    gone = only(found(stored(graph)))
    assert (gone.strip, gone.how, gone.what) == (KICK, "removed", "gate")
    assert gone.before.startswith("below -30 dB by 20 dB")
    back = only(found(stored(), stored(graph)))
    assert (back.how, back.after) == ("added", gone.before)


def test_a_new_send_is_told_by_where_it_leads():
    edge = Edge(GATE, 15)
    graph, new = insert_node(
        Graph(STRIPS, NODES, (*EDGES, edge)), Node("send", NODES[GATE].strip), edge
    )
    nodes = {**desk_settings(), new: settings_of("send", level_db=-14.0)}
    assert only(found(stored(graph, nodes))).words == f"send to {RETURN} added: -14.0 dB"


def swapped(first: int, second: int) -> Graph:
    """Return the desk with two neighbours the other way round."""
    names = {first: second, second: first}
    nodes = {names.get(i, i): node for i, node in NODES.items()}
    assert nodes.keys() == NODES.keys()
    edges = [
        replace(
            edge,
            source=names.get(edge.source, edge.source),
            destination=names.get(edge.destination, edge.destination),
        )
        for edge in EDGES
    ]
    return Graph(STRIPS, NODES, tuple(edges))


def test_two_that_changed_places_are_one_move():
    change = only(found(stored(swapped(13, 14))))
    assert (change.strip, change.how) == (BUS, "moved")
    assert change.words in (
        "compressor moved: it stood first, now it stands after the saturation",
        "saturation moved: it stood after the compressor, now it stands first",
    )


def test_an_order_that_cannot_be_told_is_no_move():
    unsure = Sureness({}, orders=((13, 14),))
    after = stored(swapped(13, 14))
    assert changes_between(Side(stored(), unsure), Side(after)) == Changes((), 1, 5)


def test_another_way_through_the_desk_is_told():
    edges = tuple(
        replace(e, destination=18) if (e.source, e.destination) == (10, 12) else e for e in EDGES
    )
    change = only(found(stored(Graph(STRIPS, NODES, edges))))
    assert (change.strip, change.words) == (GUITAR, f"output to {BUS} -> mix")


def test_a_wire_that_is_louder_is_told():
    edges = tuple(
        replace(e, level_db=2.0) if (e.source, e.destination) == (14, 18) else e for e in EDGES
    )
    change = only(found(stored(Graph(STRIPS, NODES, edges))))
    assert change.words == "output to mix 2.0 dB louder (0.0 dB -> +2.0 dB)"


def test_a_key_that_listens_elsewhere_is_told():
    edges = tuple(replace(e, source=6) if e.port == "key" else e for e in EDGES)
    change = only(found(stored(Graph(STRIPS, NODES, edges))))
    assert (change.strip, change.dial, change.before, change.after) == (GUITAR, "key", KICK, VOICE)


def test_a_track_that_lies_elsewhere_and_is_turned_over():
    after = stored(alignment=Alignment(-0.002, -1))
    words = {change.words for change in found(after).changes}
    assert words == {
        "track position as recorded -> 2.00 ms earlier",
        "track polarity as recorded -> turned over",
    }


def renamed(**names: str) -> Graph:
    strips = {i: replace(strip, name=names.get(f"s{i}", strip.name)) for i, strip in STRIPS.items()}
    return Graph(strips, NODES, EDGES)


def test_a_return_of_another_name_is_the_same_one_in_one_song_only():
    hall = stored(renamed(s5="hall"))
    assert only(found(hall)).words == f"return name {RETURN} -> hall"
    apart = found(hall, same_song=False)
    assert {(c.strip, c.how) for c in apart.changes if c.what == "return"} == {
        ("hall", "added"),
        (RETURN, "removed"),
    }
    assert apart.common == 4


def test_results_without_a_name_in_common_have_nothing_in_common():
    other = stored(renamed(s1="a", s2="b", s3="c", s4="d", s5="e"))
    assert found(other, same_song=False).common == 0


def test_a_track_that_the_other_leaves_out_is_told_so():
    graph = Graph(
        {1: Strip("a", "track"), 2: Strip("mix", "master")},
        {1: Node("input", 1), 2: Node("output", 2)},
        (Edge(1, 2),),
    )
    two = Graph(
        {**graph.strips, 3: Strip("b", "track")},
        {**graph.nodes, 3: Node("input", 3)},
        (Edge(1, 2), Edge(3, 2)),
    )
    unused = (StoredTrack("b", "all", Alignment()), StoredTrack("c", "all", Alignment()))
    one = stored(graph, unused=unused)
    changes = found(one, stored(two)).changes
    assert [(c.strip, c.how) for c in changes] == [("b", "removed"), ("c", "added")]
    assert "not heard in the mix" in changes[0].before


def test_the_level_of_a_whole_strip_is_told_where_both_were_measured(
    stored_graph: StoredGraph, evidence: Any
):
    louder = replace(
        evidence, track_sides_db=evidence.track_sides_db + np.array([[0.0], [2.0]], np.float32)
    )
    pair = Side(stored_graph, None, evidence), Side(stored_graph, None, louder)
    changes = changes_between(*pair).changes
    assert {c.words for c in changes} == {"whole strip 2.0 dB louder (0.0 dB -> +2.0 dB)"}
    assert len(changes) == 3
    assert changes_between(Side(stored_graph), pair[1]).changes == ()


@pytest.mark.parametrize("swap", [False, True])
def test_of_two_of_a_kind_the_nearest_are_paired(swap: bool):
    """A strip with two compressors loses the first: it is that one which is gone."""
    strips = {1: Strip("a", "track"), 2: Strip("mix", "master")}
    nodes = {
        1: Node("input", 1),
        2: Node("compressor", 1),
        3: Node("compressor", 1),
        4: Node("output", 2),
    }
    graph = Graph(strips, nodes, (Edge(1, 2), Edge(2, 3), Edge(3, 4)))
    hard = settings_of("compressor", threshold_db=-40.0, ratio=10.0)
    soft = settings_of("compressor", threshold_db=-10.0, ratio=2.0)
    own = {2: soft, 3: hard} if swap else {2: hard, 3: soft}
    gone = 3 if swap else 2
    change = only(found(stored(remove_nodes(graph, {gone}), own), stored(graph, own)))
    assert (change.how, change.before.split(",")[0]) == ("removed", "10:1 above -40 dB")
    assert change.what == f"compressor {2 if swap else 1}"


def test_every_change_has_words_of_its_own(stored_graph: StoredGraph):
    """Every dial of every kind on a console that was turned is told without a table of kinds."""
    moved = stored_graph.settings.map(lambda tensor: tensor * 0.9)
    changes = changes_between(
        Side(stored_graph), Side(replace(stored_graph, settings=moved))
    ).changes
    kinds = {change.what for change in changes if change.how == "turned"}
    labels: Callable[[int], str] = Side(stored_graph).label
    assert kinds == {labels(i) for i in stored_graph.graph.processors}
    assert all(change.words for change in changes)
