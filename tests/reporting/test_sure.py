"""Settings are told with what is known of them, and with no more digits."""

import numpy as np
import pytest
import torch

from mixtrace.graph import Edge, Graph, Node, Strip
from mixtrace.interpret.nodes import node_of
from mixtrace.processors import NodeSettings, Settings, processor
from mixtrace.processors.captured_reverb import captured_taps
from mixtrace.reporting import outline_graph
from mixtrace.reporting.details import node_details
from mixtrace.reporting.digits import interval_words, known_digits
from mixtrace.reporting.sentences import tell
from mixtrace.reporting.sure import alike_sentences, sure_dials, sure_line
from mixtrace.session import Alignment
from mixtrace.store import Interval, Setting, StoredGraph, StoredTrack, Sureness

EQUALIZER, COMPRESSOR, FADER = 1, 2, 3


def voice(nodes: dict[int, NodeSettings]) -> StoredGraph:
    """Return a voice through some processors, one after the other."""
    kinds = ["input", *(node.kind for node in nodes.values()), "mix", "output"]
    graph = Graph(
        {0: Strip("voice", "track", ""), 1: Strip("master", "master", "")},
        {i: Node(kind, int(i > len(nodes))) for i, kind in enumerate(kinds)},
        tuple(Edge(i, i + 1) for i in range(len(kinds) - 1)),
    )
    track = StoredTrack("voice", "", Alignment())
    return StoredGraph("song", (track,), graph, Settings.of(nodes))


@pytest.fixture
def stored() -> StoredGraph:
    """Return a voice with a bell, a compressor and a fader."""
    nodes = {
        EQUALIZER: node_of(
            "parametric_equalizer",
            high_pass_db_per_octave=12.0,
            high_pass_hz=80.0,
            low_pass_db_per_octave=0.0,
            bell_hz=[1000.0, 2000.0],
            bell_db=[0.0, -3.66],
            bell_q=[1.0, 1.27],
        ),
        COMPRESSOR: node_of("compressor", threshold_db=-26.3, ratio=3.9, detector=0.0),
        FADER: node_of("fader", level_db=2.02, pan=-0.3),
    }
    return voice(nodes)


@pytest.fixture
def sureness() -> Sureness:
    return Sureness(
        {
            Setting(EQUALIZER, "high_pass_hz"): Interval(20.0, 2000.0),
            Setting(EQUALIZER, "bell_hz", 1): Interval(1801.0, 2190.0),
            Setting(EQUALIZER, "bell_db", 1): Interval(-3.97, -3.36),
            Setting(EQUALIZER, "bell_q", 1): Interval(1.07, 1.52),
            Setting(COMPRESSOR, "threshold_db"): Interval(-28.1, -22.9),
            Setting(COMPRESSOR, "ratio"): Interval(2.9, 6.4),
            Setting(FADER, "level_db"): Interval(1.79, 2.41),
            Setting(FADER, "pan"): Interval(-0.34, -0.26),
        },
        (
            (Setting(EQUALIZER, "bell_db", 1), Setting(FADER, "level_db")),
            (Setting(EQUALIZER, "bell_db", 0), Setting(FADER, "level_db")),
        ),
        ((EQUALIZER, COMPRESSOR),),
    )


def test_every_dial_has_its_interval(stored: StoredGraph, sureness: Sureness):
    assert sure_line(stored, EQUALIZER, sureness) == (
        "12 dB/oct high-pass 80 Hz (anything: the mix does not show it), "
        "bell 2.0 kHz (1.8 to 2.2) -3.7 dB (-4.0 to -3.4) Q 1.3 (1.1 to 1.5)"
    )
    assert sure_line(stored, COMPRESSOR, sureness) == (
        "threshold -26 dB (-28 to -23), ratio 4:1 (3 to 6), detector peak"
    )
    assert sure_line(stored, FADER, sureness) == (
        "level +2.0 dB (+1.8 to +2.4), pan 30 % left (26 to 34)"
    )


def test_without_intervals_it_is_told_as_before(stored: StoredGraph, sureness: Sureness):
    assert sure_line(stored, FADER, None) == ""
    before = str(outline_graph(stored))
    assert "(3 to 6)" not in before
    assert str(outline_graph(stored, sureness=Sureness({}))) == before
    assert "threshold -26 dB (-28 to -23)" in str(outline_graph(stored, sureness=sureness))


def test_the_sentence_has_no_more_digits_than_the_dials(stored: StoredGraph, sureness: Sureness):
    known = known_digits(stored, sureness).settings
    assert known[COMPRESSOR].number("threshold_db") == pytest.approx(-26.0)
    assert known[FADER].number("level_db") == pytest.approx(2.0)
    assert known[EQUALIZER].array("bell_db") == pytest.approx([0.0, -3.7])
    assert stored.settings[FADER].number("level_db") == pytest.approx(2.02)
    _, before = (telling.sentence for telling in tell(stored))
    _, told = (telling.sentence for telling in tell(stored, sureness=sureness))
    assert "compression at 3.9:1" in before and "compression at 4:1" in told


def test_words_and_dials_of_a_reverb_tell_one_decay():
    noise = np.random.default_rng(0).standard_normal((2, 60_000))
    taps = captured_taps(
        torch.from_numpy(noise * 10.0 ** (-3.0 * np.arange(60_000) / 30_000.0 / 3.0)).float()
    )
    hall = voice({1: node_of("captured_reverb", taps=taps, decay_factor=1.145)})
    sureness = Sureness({Setting(1, "decay_factor"): Interval(0.5, 2.0)})
    (_, told) = (telling.sentence for telling in tell(hall, sureness=sureness))
    rt60 = dict(sure_dials(hall, 1, sureness))["RT60"]
    assert f"Captured {rt60} hall" in told
    rounded = voice({1: node_of("captured_reverb", taps=taps, decay_factor=1.1)})
    assert rt60 != dict(sure_dials(rounded, 1, sureness))["RT60"]


def test_of_several_of_a_kind_it_is_said_which():
    bell = node_of("parametric_equalizer", bell_hz=[1000.0], bell_db=[3.0], bell_q=[1.0])
    twice = voice({1: bell, 2: bell})
    pair = (Setting(1, "bell_db", 0), Setting(2, "bell_db", 0))
    (sentence,) = alike_sentences(twice, Sureness({}, (pair,)))
    assert "of the first parametric EQ of voice and" in sentence
    assert sentence.endswith("of the second parametric EQ of voice.")


def test_a_share_of_which_all_is_open_can_be_anything():
    bent = voice({1: node_of("saturation", drive_db=12.0)})
    for low, words in ((0.001, "anything: the mix does not show it"), (0.2, "20 to 100")):
        sureness = Sureness({Setting(1, "wet"): Interval(low, 1.0)})
        assert dict(sure_dials(bent, 1, sureness))["wet"] == f"100 % ({words})"


def test_a_click_shows_the_intervals(stored: StoredGraph, sureness: Sureness):
    detail = node_details(stored, sureness=sureness)[COMPRESSOR]
    assert ("threshold", "-26 dB (-28 to -23)") in detail.settings
    assert "threshold -26 dB (-28 to -23)" in detail.summary


def test_what_cannot_be_told_apart_is_said_in_a_sentence(stored: StoredGraph, sureness: Sureness):
    told = list(alike_sentences(stored, sureness))
    assert told == [
        "Only known together, for one can make up for another: gain of the bell at 2 kHz of the "
        "parametric EQ of voice and the level of the fader of voice.",
        # The second group has a bell that is off, of which nothing is told, nor of whose it is.
        "Whether the parametric EQ of voice stands before or after its compressor cannot be told.",
    ]
    assert all(sentence in str(outline_graph(stored, sureness=sureness)) for sentence in told)
    assert list(alike_sentences(stored, None)) == []


@pytest.mark.parametrize(
    ("value", "low", "high", "unit", "words"),
    [
        (-26.34, -28.1, -22.9, "dB", "-26 dB (-28 to -23)"),
        (-26.34, -60.0, 0.0, "dB", "-30 dB (-60 to 0)"),
        (-26.34, -26.36, -26.33, "dB", "-26.34 dB (-26.36 to -26.33)"),
        (108.6, 35.4, 638.3, "Hz", "100 Hz (40 to 600)"),
        (1200.0, 990.0, 1450.0, "Hz", "1.2 kHz (1.0 to 1.4)"),
        (3.94, 2.9, 6.4, ":1", "4:1 (3 to 6)"),
        (0.0, -0.3, 0.4, "dB", "0.0 dB (-0.3 to 0.4)"),
        (5.0, 5.0, 5.0, "dB", "5.000 dB (5.000 to 5.000)"),
        # A wide interval leaves the setting a digit, and next to nothing is nothing.
        (-2.3, -20.0, 16.0, "dB", "-2 dB (-20 to 20)"),
        (0.3, -20.0, 16.0, "dB", "0 dB (-20 to 20)"),
        (0.0012, 0.0, 0.008, "ms", "0.00 ms (0.00 to 0.01)"),
    ],
)
def test_digits_are_those_that_are_known(
    value: float, low: float, high: float, unit: str, words: str
):
    assert interval_words(value, Interval(low, high), unit) == words


def test_a_band_that_the_mix_leaves_open_is_doubted():
    eq = node_of(
        "parametric_equalizer",
        high_pass_db_per_octave=12.0,
        high_pass_hz=80.0,
        low_pass_db_per_octave=12.0,
        low_pass_hz=9000.0,
        low_shelf_hz=200.0,
        low_shelf_db=3.0,
        high_shelf_hz=8000.0,
        high_shelf_db=2.0,
        bell_hz=[500.0, 1000.0],
        bell_db=[-4.0, -3.0],
        bell_q=[1.0, 1.0],
    )
    found = voice({EQUALIZER: eq})
    spec = processor("parametric_equalizer").param("low_pass_hz")
    assert not isinstance(spec.low, tuple) and not isinstance(spec.high, tuple)
    sureness = Sureness(
        {
            Setting(EQUALIZER, "high_pass_hz"): Interval(60.0, 100.0),
            Setting(EQUALIZER, "low_pass_hz"): Interval(spec.low, spec.high),
            Setting(EQUALIZER, "low_shelf_db"): Interval(-1.0, 7.0),
            Setting(EQUALIZER, "high_shelf_db"): Interval(-6.0, 10.0),
            Setting(EQUALIZER, "bell_db", 0): Interval(-20.0, 20.0),
            Setting(EQUALIZER, "bell_db", 1): Interval(-16.0, -1.0),
        }
    )
    _, told = tell(found, sureness=sureness)
    assert told.sentence == ("High-pass at 80 Hz (12 dB/oct), +3 dB below 200 Hz, -3 dB at 1 kHz.")
    assert told.doubts == (
        "EQ that the mix leaves open: -4 dB at 500 Hz, +2 dB above 8 kHz, "
        "low-pass at 9 kHz (12 dB/oct)",
    )
    _, sure = tell(found)
    assert sure.doubts == () and "-4 dB at 500 Hz" in sure.sentence
