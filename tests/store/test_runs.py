"""What runs agree on comes back as it was, and nothing hostile gets through."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mixtrace.errors import StoreError
from mixtrace.graph import remove_nodes
from mixtrace.store import (
    RUNS,
    RUNS_SCHEMA,
    Agreement,
    Elsewhere,
    EndedRun,
    Range,
    Setting,
    StoredGraph,
    agreement_told,
    read_agreement,
    write_document,
)

Document = dict[str, Any]


@pytest.fixture
def agreement(stored_graph: StoredGraph) -> Agreement:
    processors = stored_graph.graph.processors
    count = len(processors)
    threshold = Setting(stored_graph.graph.of_kind("one_pole_compressor")[0], "threshold_db")
    wet = Setting(threshold.node, "wet")
    runs = (
        EndedRun(2**63 - 3, 0.25, 0.5, count),
        EndedRun(2**63 - 2, None, None, 0),
        EndedRun(2**63 - 1, 0.125, 0.25, count + 1),
    )
    return Agreement(
        runs,
        0,
        dict.fromkeys(processors, 2) | {processors[-1]: 1},
        {threshold: Range(2, -28.125, -23.0), wet: Range(1, 0.5, 0.5)},
        (Elsewhere("01_Kick", "track", "gate", 1),),
    )


def written(folder: Path, document: Document) -> Path:
    write_document(folder / RUNS, RUNS_SCHEMA, document)
    return folder / RUNS


def test_it_comes_back_as_it_was(tmp_path: Path, stored_graph: StoredGraph, agreement: Agreement):
    for found in (
        read_agreement(written(tmp_path, agreement.document()), stored_graph),
        agreement_told(agreement.document()),
    ):
        assert (found.runs, found.kept) == (agreement.runs, agreement.kept)
        assert (found.stood, found.ranges) == (agreement.stood, agreement.ranges)
        assert found.elsewhere == agreement.elsewhere


def change(table: str, **values: Any) -> Callable[[Document], None]:
    return lambda document: document[table][0].update(values)


@pytest.mark.parametrize(
    "spoil",
    [
        change("runs", seed=-1),
        change("runs", seed=2**63),
        change("runs", seed=2**63 - 1),
        change("runs", seed="0"),
        change("runs", l_a=1e300),
        change("runs", processors=0),
        change("settings", node=10_000),
        change("settings", name="no such dial"),
        change("settings", name="x" * 100_000),
        change("settings", row=1),
        change("settings", low=-20.0, high=-30.0),
        change("settings", high=1e6),
        change("settings", low=None),
        change("settings", runs=0),
        change("settings", runs=3),
        change("processors", node=10_000),
        change("processors", runs=0),
        change("processors", runs=4),
        change("elsewhere", kind="no such kind"),
        change("elsewhere", role="guest"),
        change("elsewhere", runs=3),
        change("elsewhere", strip="x" * 100_000),
        lambda document: document.update(kept=1),
        lambda document: document.update(kept=3),
        lambda document: document.update(kept=-1),
        lambda document: document.update(runs=document["runs"][:1]),
        lambda document: document.update(runs=document["runs"] * 1000),
        lambda document: document["settings"].append(document["settings"][0]),
        lambda document: document["processors"].append(document["processors"][0]),
        lambda document: document["processors"].pop(),
        lambda document: document.pop("elsewhere"),
    ],
)
def test_what_is_not_of_the_graph_is_refused(
    tmp_path: Path,
    stored_graph: StoredGraph,
    agreement: Agreement,
    spoil: Callable[[Document], None],
):
    document = json.loads(json.dumps(agreement.document()))
    spoil(document)
    with pytest.raises(StoreError, match=RUNS):
        read_agreement(written(tmp_path, document), stored_graph)


def test_that_of_another_graph_is_refused(
    tmp_path: Path, stored_graph: StoredGraph, agreement: Agreement
):
    path = written(tmp_path, agreement.document())
    smaller = remove_nodes(stored_graph.graph, {stored_graph.graph.processors[0]})
    settings = stored_graph.settings.only(smaller.processors)
    other = StoredGraph(stored_graph.song, stored_graph.tracks, smaller, settings)
    with pytest.raises(StoreError, match="belongs to another"):
        read_agreement(path, other)
