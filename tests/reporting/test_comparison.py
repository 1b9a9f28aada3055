"""Results of one song stand side by side; those of different songs do not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mixtrace.errors import StoreError
from mixtrace.graph import remove_nodes
from mixtrace.reporting import compare_results, comparison_page, read_result, report_page
from mixtrace.store import (
    EVIDENCE,
    METRICS,
    METRICS_SCHEMA,
    Evidence,
    StoredGraph,
    read_document,
    write_document,
    write_evidence,
)

Write = Callable[..., Path]


def test_two_results_of_one_song(
    tmp_path: Path, stored_graph: StoredGraph, evidence: Evidence, write_result: Write
):
    whole = write_result(tmp_path / "whole")
    graph = stored_graph.graph
    gone = set(graph.of_kind("noise_reverb"))
    smaller = remove_nodes(graph, gone)
    settings = stored_graph.settings.only(smaller.processors)
    pruned = write_result(
        tmp_path / "pruned", replace(stored_graph, song="renamed", graph=smaller, settings=settings)
    )
    kept = [row for row, i in enumerate(graph.processors) if i not in gone]
    dynamics = [*smaller.of_kind("one_pole_compressor"), *smaller.of_kind("one_pole_gate")]
    write_evidence(
        replace(
            evidence,
            increases=evidence.increases[kept],
            dynamics=evidence.dynamics * 0 + dynamics,
        ),
        pruned / EVIDENCE,
    )
    results = [read_result(folder) for folder in (whole, pruned)]
    comparison = compare_results(results)
    assert comparison.names == ("whole", "pruned")
    table = {row.label: row.values for row in comparison.rows}
    assert table["L_a, published"] == ("0.400", "0.400")
    assert table["processors kept"] == ("45", "39")
    assert table["  reverb"] == ("6", "0")
    assert table["loudness off by, LU"] == ("+0.5", "+0.5")
    page = comparison_page(results)
    assert page.count("01_Kick") >= 1
    assert "pruned needs the fewest processors (39)" in page


def test_both_parts_of_a_song_stand_beside_those_of_a_whole_one(
    tmp_path: Path, write_result: Write
):
    whole, parted = (write_result(tmp_path / name) for name in ("whole", "parted"))
    parts = dict.fromkeys(("l_a", "l_lr", "l_m", "l_s"), 0.3)
    losses = {by: parts for by in ("published", "eq4")}
    held_out = {"choice": "blocks:40", "seen": losses, "unseen": losses}
    measures = read_document(parted / METRICS, METRICS_SCHEMA) | {"held_out": held_out}
    write_document(parted / METRICS, METRICS_SCHEMA, measures)
    results = [read_result(folder) for folder in (whole, parted)]
    rows = {row.label: row.values for row in compare_results(results).rows}
    assert rows["L_a, unseen part"] == rows["L_a, seen part"] == ("none", "0.300")
    labels = [row.label for row in compare_results(results[:1] * 2).rows]
    assert "L_a, unseen part" not in labels
    said = "Held out: blocks that make up about 40 % of the song. L_a is 0.300 there"
    assert said in report_page(parted)
    assert "Held out" not in report_page(whole)


def test_folders_of_one_name_are_told_apart(tmp_path: Path, write_result: Write):
    for parent in ("a", "b"):
        (tmp_path / parent).mkdir()
    results = [read_result(write_result(tmp_path / parent / "OUT")) for parent in ("a", "b")]
    assert compare_results(results).names == (str(tmp_path / "a/OUT"), str(tmp_path / "b/OUT"))


def test_another_mix_or_other_tracks_are_refused(
    tmp_path: Path, stored_graph: StoredGraph, write_result: Write
):
    first = read_result(write_result(tmp_path / "first"))
    louder = write_result(tmp_path / "louder")
    measures = read_document(louder / METRICS, METRICS_SCHEMA)
    measures["target"]["loudness_lufs"] += 1.0
    write_document(louder / METRICS, METRICS_SCHEMA, measures)
    with pytest.raises(StoreError, match="Expected results of one song"):
        compare_results([first, read_result(louder)])
    tracks = (replace(stored_graph.tracks[0], name="other"), *stored_graph.tracks[1:])
    other = replace(first, stored=replace(stored_graph, tracks=tracks))
    with pytest.raises(StoreError, match="Expected results of one song"):
        compare_results([first, other])


def test_one_result_is_not_enough(tmp_path: Path, write_result: Write):
    with pytest.raises(StoreError, match="at least two results"):
        compare_results([read_result(write_result(tmp_path / "one"))])
