"""Amounts turn what they name, most closely meant first."""

from collections.abc import Mapping

import pytest
from planted_desk import BUS, EDGES, GUITAR, KICK, NODES, RETURN, STRIPS, VOICE, desk_settings

from mixtrace.errors import MixtraceError
from mixtrace.graph import Graph
from mixtrace.processors import PROCESSORS, NodeSettings, Settings
from mixtrace.reusing import parse_amounts, read_amounts, turned
from mixtrace.session import Alignment
from mixtrace.store import StoredGraph, StoredTrack

GRAPH = Graph(STRIPS, NODES, EDGES)
NAMES = [strip.name for strip in STRIPS.values()]
KICK_EQ, GATE, VOICE_COMP, VOICE_SEND, GUITAR_COMP, FADER, GUITAR_SEND, REVERB = (
    *(2, 3, 5, 7, 9, 10, 11, 16),
)


def desk(settings: Mapping[int, NodeSettings] | None = None) -> StoredGraph:
    tracks = tuple(StoredTrack(GRAPH.name(i), "all", Alignment()) for i in GRAPH.inputs)
    return StoredGraph("song", tracks, GRAPH, Settings.of(settings or desk_settings()))


def turn(**shares: float) -> tuple[StoredGraph, tuple[str, ...]]:
    return turned(desk(), read_amounts(shares, NAMES))


def changed(after: StoredGraph) -> set[int]:
    """Return the processors that are gone or do otherwise."""
    before = desk()
    return {
        i
        for i in GRAPH.processors
        if i not in after.graph.nodes
        or after.settings[i].wet != before.settings[i].wet
        or any(
            not value.equal(after.settings[i].values[name])
            for name, value in before.settings[i].values.items()
        )
    }


def test_the_whole_of_all_is_the_result_itself():
    after, notes = turn(all=1.0)
    assert after.graph == GRAPH
    assert changed(after) == set()
    assert notes == ()


@pytest.mark.parametrize(
    ("word", "nodes"),
    [
        ("eq", {2, 17}),
        ("tone", {2, 17}),
        ("parametric_equalizer", {2}),
        ("compressor", {5, 9, 13, 20}),
        ("dynamics", {3, 5, 9, 13, 20, 21}),
        ("ride", {6}),
        ("fader", {6, 10}),
        ("colour", {14, 19}),
        ("send", {7, 11}),
        ("reverb", {7, 11}),
    ],
)
def test_a_word_names_a_family_a_kind_or_what_is_called_so(word: str, nodes: set[int]):
    after, notes = turn(**{word: 0.5})
    assert changed(after) == nodes
    assert notes == ()


def test_the_reverb_of_a_return_is_turned_at_its_sends():
    after, _ = turn(reverb=0.5)
    for node, before_db in ((VOICE_SEND, -9.0), (GUITAR_SEND, -6.0)):
        level_db = after.settings[node].number("level_db")
        assert level_db == pytest.approx(before_db - 6.02, abs=0.01)
    assert after.settings[REVERB].wet == 1.0  # its dry sound would come out of the return


def test_no_reverb_takes_out_the_return_with_its_sends():
    after, _ = turn(reverb=0.0)
    assert RETURN not in {strip.name for strip in after.graph.strips.values()}
    assert not {VOICE_SEND, GUITAR_SEND, REVERB} & after.graph.nodes.keys()


def test_a_strip_goes_before_all_and_a_kind_before_a_family():
    after, _ = turn(**{f"{VOICE}/dynamics": 1.0, "dynamics": 0.0, "gate": 0.5})
    assert VOICE_COMP in after.graph.nodes
    assert GUITAR_COMP not in after.graph.nodes
    assert after.settings[GATE].number("range_db") == pytest.approx(-10.0)


@pytest.mark.parametrize("name", [KICK, GUITAR, BUS])
def test_any_name_may_be_that_of_a_strip(name: str):
    after, _ = turn(**{f"{name}/all": 0.0})
    gone = {GRAPH.name(i) for i in GRAPH.nodes if i not in after.graph.nodes}
    assert name in gone
    assert gone <= {name, RETURN}


def test_the_sends_of_one_strip_are_meant_by_its_own_name_or_the_returns():
    own, _ = turn(**{f"{VOICE}/reverb": 0.5})
    assert changed(own) == {VOICE_SEND}
    both, _ = turn(**{f"{RETURN}/reverb": 0.5})
    assert changed(both) == {VOICE_SEND, GUITAR_SEND}


def test_an_amount_that_finds_nothing_and_one_beyond_the_range_are_told():
    _, notes = turn(delay=0.5)
    assert notes == ("There is nothing to turn by an amount of delay.",)
    _, notes = turn(**{"saturation": 1.5})
    # That of the bus is mixed in at 70 %, that of the master is all wet already.
    assert notes == ("At its most already, and left there: the saturation of mix.",)


@pytest.mark.parametrize("kind", list(PROCESSORS))
def test_every_kind_is_named_by_itself_its_family_and_its_label(kind: str):
    entry = PROCESSORS[kind]
    for word in (kind, entry.family, *entry.label.replace("/", " ").casefold().split(), "all"):
        read_amounts({word: 0.5}, [])


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ({"loudness": 0.5}, "got 'loudness'"),
        ({"nobody/eq": 0.5}, "there is no 'nobody'"),
        ({"eq": -0.1}, "got -10 % for eq"),
        ({"eq": 5.0}, "from 0 to 400 %"),
        ({"eq": float("nan")}, "from 0 to 400 %"),
    ],
)
def test_amounts_of_nothing_are_refused(shares: dict[str, float], words: str):
    with pytest.raises(MixtraceError, match=words):
        read_amounts(shares, NAMES)


@pytest.mark.parametrize(
    "text", ["eq", "eq=", "=50%", "eq=half", "eq=0.5", "eq=-50%", "eq=50%%", "eq=1e9%"]
)
def test_an_amount_without_a_percentage_is_refused(text: str):
    with pytest.raises(MixtraceError, match=r"Write a percentage .* 0 to 400 %"):
        parse_amounts([text])


def test_two_amounts_of_one_word_are_refused():
    with pytest.raises(MixtraceError, match="one amount of eq"):
        parse_amounts(["eq=50%", "dynamics=0", " eq =70%"])
