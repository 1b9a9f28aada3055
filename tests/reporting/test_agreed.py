"""What runs agree on is told beside how sure a setting is, and only where there were any."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mixtrace.graph import Edge, Graph, Node, Strip
from mixtrace.interpret.nodes import node_of
from mixtrace.processors import Settings
from mixtrace.reporting import outline_graph, report_page
from mixtrace.reporting.agreed import run_sentences
from mixtrace.reporting.details import node_details
from mixtrace.reporting.sure import interval_words, sure_line
from mixtrace.session import Alignment
from mixtrace.store import (
    RUNS,
    RUNS_SCHEMA,
    Agreement,
    Elsewhere,
    EndedRun,
    Interval,
    Range,
    Setting,
    StoredGraph,
    StoredTrack,
    Sureness,
    write_document,
)

EQUALIZER, FADER = 1, 2


@pytest.fixture
def stored() -> StoredGraph:
    """Return a voice with a bell, a high-pass that does not show, and a fader."""
    nodes = {
        EQUALIZER: node_of(
            "parametric_equalizer",
            high_pass_db_per_octave=12.0,
            high_pass_hz=80.0,
            low_pass_db_per_octave=0.0,
            bell_hz=[2000.0],
            bell_db=[-3.66],
            bell_q=[1.27],
        ),
        FADER: node_of("fader", level_db=2.02, pan=-0.3),
    }
    kinds = ["input", *(node.kind for node in nodes.values()), "mix", "output"]
    graph = Graph(
        {0: Strip("voice", "track", ""), 1: Strip("master", "master", "")},
        {i: Node(kind, int(i > FADER)) for i, kind in enumerate(kinds)},
        tuple(Edge(i, i + 1) for i in range(len(kinds) - 1)),
    )
    track = StoredTrack("voice", "", Alignment())
    return StoredGraph("song", (track,), graph, Settings.of(nodes))


@pytest.fixture
def sureness() -> Sureness:
    return Sureness(
        {
            Setting(EQUALIZER, "high_pass_hz"): Interval(20.0, 2000.0),
            Setting(EQUALIZER, "bell_hz"): Interval(1801.0, 2190.0),
            Setting(EQUALIZER, "bell_db"): Interval(-3.97, -3.36),
            Setting(EQUALIZER, "bell_q"): Interval(1.07, 1.52),
            Setting(FADER, "level_db"): Interval(1.79, 2.41),
            Setting(FADER, "pan"): Interval(-0.34, -0.26),
        }
    )


@pytest.fixture
def agreement() -> Agreement:
    return Agreement(
        tuple(EndedRun(seed, l_a, 0.5, 2) for seed, l_a in ((4, 0.19612), (5, 0.195), (6, None))),
        1,
        {EQUALIZER: 2, FADER: 3},
        {
            Setting(EQUALIZER, "high_pass_hz"): Range(2, 76.0, 84.0),
            Setting(EQUALIZER, "bell_hz"): Range(1, 2000.0, 2000.0),
            Setting(EQUALIZER, "bell_db"): Range(1, -3.66, -3.66),
            Setting(EQUALIZER, "bell_q"): Range(1, 1.27, 1.27),
            Setting(FADER, "level_db"): Range(3, 2.0201, 2.0243),
            Setting(FADER, "pan"): Range(3, -0.31, -0.288),
        },
        (Elsewhere("master", "master", "compressor", 1),),
    )


def test_every_dial_says_where_runs_set_it(
    stored: StoredGraph, sureness: Sureness, agreement: Agreement
):
    assert sure_line(stored, FADER, sureness, agreement) == (
        "level +2.0 dB (+1.8 to +2.4; runs +2.02), pan 30 % left (26 to 34; runs 28.8 to 31.0)"
    )
    assert sure_line(stored, EQUALIZER, sureness, agreement) == (
        "12 dB/oct high-pass 80 Hz (anything: the mix does not show it; runs 80), "
        "bell 2.0 kHz (1.8 to 2.2) -3.7 dB (-4.0 to -3.4) Q 1.3 (1.1 to 1.5) in 1 of 3 runs"
    )


@pytest.mark.parametrize(
    ("value", "interval", "runs", "unit", "words"),
    [
        (
            -26.34,
            (-28.1, -22.9),
            (-26.41, -25.88),
            "dB",
            "-26 dB (-28 to -23; runs -26.4 to -25.9)",
        ),
        # However alike runs are: a tenth of what the interval leaves open is told, and no more.
        (-26.34, (-28.1, -22.9), (-26.341, -26.339), "dB", "-26 dB (-28 to -23; runs -26.3)"),
        # However far apart: no coarser than the interval.
        (-26.34, (-28.1, -22.9), (-48.3, -6.4), "dB", "-26 dB (-28 to -23; runs -48 to -6)"),
        (1586.0, (1327.0, 1884.0), (980.0, 1590.0), "Hz", "1.6 kHz (1.3 to 1.9; runs 1.0 to 1.6)"),
        (108.6, (35.4, 638.3), (3.6, 141.0), "Hz", "100 Hz (40 to 600; runs 4 to 140)"),
    ],
)
def test_runs_are_told_with_one_digit_more_at_most(
    value: float, interval: tuple[float, float], runs: tuple[float, float], unit: str, words: str
):
    assert interval_words(value, Interval(*interval), unit, runs=Range(3, *runs)) == words


@pytest.mark.parametrize(
    ("pan", "interval", "runs", "words"),
    [
        (0.3, (0.26, 0.34), (0.288, 0.31), "pan 30 % right (26 to 34; runs 28.8 to 31.0)"),
        (0.01, (-0.04, 0.07), (0.004, 0.013), "pan 1 % right (4 % left to 7 % right; runs 0.4 to "
         "1.3 % right)"),
        (-0.3, (-0.34, -0.26), (-0.3, 0.05), "pan 30 % left (26 to 34; runs 30 % left to 5 % "
         "right)"),
    ],
)  # fmt: skip
def test_places_say_their_side_where_it_is_not_known(
    stored: StoredGraph,
    sureness: Sureness,
    agreement: Agreement,
    pan: float,
    interval: tuple[float, float],
    runs: tuple[float, float],
    words: str,
):
    place = Setting(FADER, "pan")
    nodes = {EQUALIZER: stored.node(EQUALIZER), FADER: node_of("fader", level_db=2.02, pan=pan)}
    other = replace(stored, settings=Settings.of(nodes))
    sure = Sureness({**sureness.intervals, place: Interval(*interval)})
    agreed = replace(agreement, ranges={**agreement.ranges, place: Range(3, *runs)})
    assert sure_line(other, FADER, sure, agreed).endswith(words)


def test_the_whole_is_told_in_sentences(stored: StoredGraph, agreement: Agreement):
    assert list(run_sentences(stored.graph, agreement)) == [
        "L_a of the 3 runs, from seed 4 on: 0.1961, 0.1950, none; the one from seed 5 is kept.",
        "1 of 2 processors stand in all runs; not in all: parametric EQ of voice (2 of 3 runs).",
        "In other runs only: compressor of master (1 of 3 runs).",
    ]
    alike = replace(agreement, stood={EQUALIZER: 3, FADER: 3}, elsewhere=())
    assert list(run_sentences(stored.graph, alike))[1:] == ["2 of 2 processors stand in all runs."]
    assert list(run_sentences(stored.graph, None)) == []


def test_many_runs_and_processors_are_summed_up(stored: StoredGraph, agreement: Agreement):
    runs = tuple(EndedRun(seed, 0.2 + 0.001 * seed, None, 2) for seed in range(20))
    others = tuple(Elsewhere(f"track {i}", "track", "gate", 1) for i in range(15))
    many = replace(agreement, runs=runs, kept=0, elsewhere=others)
    first, _, last = run_sentences(stored.graph, many)
    assert first == (
        "L_a of the 20 runs, from seed 0 on: 0.2000 to 0.2190; the one from seed 0 is kept."
    )
    assert last.endswith("gate of track 11 (1 of 20 runs), and 3 more.")


def test_show_says_it_only_where_there_were_runs(
    stored: StoredGraph, sureness: Sureness, agreement: Agreement
):
    shown = str(outline_graph(stored, sureness=sureness, agreement=agreement))
    assert "runs 28.8 to 31.0); in 3 of 3 runs" in shown
    assert "L_a of the 3 runs" in shown
    # Where no interval is known, runs alone do not say how sure a number is.
    bare = str(outline_graph(stored, agreement=agreement))
    assert "; in 2 of 3 runs" in bare and "; runs" not in bare
    assert "runs" not in str(outline_graph(stored, sureness=sureness))


def test_a_click_shows_it(stored: StoredGraph, sureness: Sureness, agreement: Agreement):
    detail = node_details(stored, sureness=sureness, agreement=agreement)[FADER]
    assert ("found in", "3 of 3 runs") in detail.settings
    assert ("pan", "30 % left (26 to 34; runs 28.8 to 31.0)") in detail.settings
    before = node_details(stored, sureness=sureness)[FADER]
    assert "runs" not in json.dumps(before.settings)


def test_the_page_has_a_paragraph_of_it(
    tmp_path: Path, stored_graph: StoredGraph, write_result: Callable[..., Path]
):
    folder = write_result(tmp_path / "OUT")
    assert "What the runs agree on" not in report_page(folder)
    processors = stored_graph.graph.processors
    runs = tuple(EndedRun(seed, 0.4, 0.5, len(processors)) for seed in range(5))
    strange = Elsewhere("<b>", "track", "gate", 1)
    agreed = Agreement(runs, 0, dict.fromkeys(processors, 5), {}, (strange,))
    write_document(folder / RUNS, RUNS_SCHEMA, agreed.document())
    page = report_page(folder)
    assert "<h3>What the runs agree on</h3>" in page
    assert "from seed 0 on: 0.4000, 0.4000, 0.4000, 0.4000, 0.4000; the one" in page
    assert "gate of &lt;b&gt; (1 of 5 runs)" in page
    assert "<dt>found in</dt><dd>5 of 5 runs</dd>" in page
