"""What was measured of a song survives storage; what cannot belong to a graph is refused."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from mixtrace.errors import StoreError
from mixtrace.graph import Graph
from mixtrace.store import EVIDENCE, Evidence, StoredGraph, read_evidence, write_evidence


@pytest.fixture
def graph(stored_graph: StoredGraph) -> Graph:
    return stored_graph.graph


def test_a_round_trip(tmp_path: Path, evidence: Evidence, graph: Graph):
    write_evidence(evidence, tmp_path / EVIDENCE)
    again = read_evidence(tmp_path / EVIDENCE, graph)
    for entry in fields(Evidence):
        # The fixture's spectra lie on the steps of 0.5 dB in which they are stored.
        np.testing.assert_array_equal(getattr(again, entry.name), getattr(evidence, entry.name))


def test_processors_need_not_be_weighed_but_not_half_of_them(
    tmp_path: Path, evidence: Evidence, graph: Graph
):
    unweighed = np.full_like(evidence.increases, np.nan)
    write_evidence(replace(evidence, increases=unweighed), tmp_path / EVIDENCE)
    assert np.isnan(read_evidence(tmp_path / EVIDENCE, graph).increases).all()
    unweighed[0] = 0.5
    write_evidence(replace(evidence, increases=unweighed), tmp_path / EVIDENCE)
    with pytest.raises(StoreError, match="damaged"):
        read_evidence(tmp_path / EVIDENCE, graph)


def test_four_minutes_are_small(tmp_path: Path, evidence: Evidence):
    long = replace(evidence, spectra_db=np.zeros((2, 2, 40, 2_400), np.float32))
    write_evidence(long, tmp_path / EVIDENCE)
    assert (tmp_path / EVIDENCE).stat().st_size < 1_000_000


def test_an_older_result_has_none(tmp_path: Path, graph: Graph):
    with pytest.raises(StoreError, match="made without a report"):
        read_evidence(tmp_path / EVIDENCE, graph)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("increases", np.zeros(3, np.float32)),
        ("track_spectra_db", np.zeros((2, 2, 40), np.float32)),
        ("dynamics", np.full(14, 999, np.int64)),
        ("window_losses", np.full(3, np.nan, np.float32)),
        ("window_losses", np.zeros(0, np.float32)),
        ("spectra_db", np.zeros((2, 2, 40), np.uint8)),
    ],
)
def test_what_belongs_to_no_such_graph_is_refused(
    tmp_path: Path, evidence: Evidence, graph: Graph, name: str, value: np.ndarray
):
    path = tmp_path / EVIDENCE
    write_evidence(evidence, path)
    with safe_open(path, framework="np") as file:
        document = file.metadata()
    save_file(load_file(path) | {name: value}, path, document)
    with pytest.raises(StoreError, match="damaged or belongs to another"):
        read_evidence(path, graph)


def test_damaged_files_are_refused(tmp_path: Path, evidence: Evidence, graph: Graph):
    path = tmp_path / EVIDENCE
    write_evidence(evidence, path)
    arrays = load_file(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(StoreError, match="damaged"):
        read_evidence(path, graph)
    save_file(arrays, path)  # without the document that names the schema
    with pytest.raises(StoreError, match="damaged"):
        read_evidence(path, graph)
