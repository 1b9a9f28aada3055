"""A result as it lies on disk, read for a report: graph, facts, measures and evidence."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mixtrace.store import (
    EVIDENCE,
    GRAPH,
    REFINED,
    RUNS,
    SIMPLIFIED,
    SURENESS,
    Agreement,
    Evidence,
    Refinement,
    Simplification,
    StoredGraph,
    Sureness,
    read_agreement,
    read_evidence,
    read_fit,
    read_graph,
    read_metrics,
    read_refined,
    read_simplified,
    read_sureness,
)

__all__ = [
    "StoredResult",
    "agreement_beside",
    "evidence_beside",
    "fixed",
    "number",
    "read_result",
    "refined_beside",
    "simplified_beside",
    "sureness_beside",
]


@dataclass(frozen=True, eq=False)
class StoredResult:
    """Everything a report is made from.

    Attributes:
        folder: where it lies.
        stored: the graph, its settings and tracks.
        facts: `fit.json`: how it was found.
        measures: `metrics.json`: how well it matches.
        evidence: what was measured of the audio.
        sureness: how sure the settings are; None where nobody asked.
        agreement: what several runs agree on; None where there was one.
        simplified: what was done to simplify it; None where it is as it was found.
        refined: what was done to refine it for plug-ins; None where nothing was.
    """

    folder: Path
    stored: StoredGraph
    facts: dict[str, Any]
    measures: dict[str, Any]
    evidence: Evidence
    sureness: Sureness | None = None
    agreement: Agreement | None = None
    simplified: Simplification | None = None
    refined: Refinement | None = None

    @property
    def applied(self) -> str:
        """The song whose result was applied to this one; empty where this was searched."""
        config = self.facts["config"]
        return str(config.get("result", "")) if config.get("recipe") == "apply" else ""

    @property
    def tolerance(self) -> float:
        """How much L_a the search was allowed to give away."""
        return number(self.facts, "config", "tolerance") or 0.0

    @property
    def least_worth(self) -> float:
        """By how much L_a has to rise without a processor, lest it be unsure."""
        return _least_worth(self.facts)


def read_result(folder: Path) -> StoredResult:
    """Read the output folder of a fit.

    Raises:
        StoreError: a file is missing, damaged, or does not belong to the others.
    """
    stored = read_graph(folder / GRAPH)
    evidence = read_evidence(folder / EVIDENCE, stored.graph)
    facts, measures = read_fit(folder), read_metrics(folder)
    sureness = sureness_beside(folder / GRAPH, stored)
    agreement = agreement_beside(folder / GRAPH, stored)
    simplified = simplified_beside(folder / GRAPH)
    refined = refined_beside(folder / GRAPH)
    return StoredResult(
        folder, stored, facts, measures, evidence, sureness, agreement, simplified, refined
    )


def evidence_beside(graph_path: Path, stored: StoredGraph) -> tuple[Evidence | None, float]:
    """Return what was measured of a graph's song, and what a processor has to be worth.

    A graph without a fit beside it has (None, 0).

    Raises:
        StoreError: the files beside it are damaged or belong to another graph.
    """
    path = graph_path.with_name(EVIDENCE)
    if not path.is_file():
        return None, 0.0
    facts = read_fit(graph_path.parent)
    return read_evidence(path, stored.graph), _least_worth(facts)


def _least_worth(facts: Mapping[str, Any]) -> float:
    """Return the tolerance of the published search, or what ours asks of every processor."""
    return number(facts, "config", "tolerance") or number(facts, "recipe", "worth") or 0.0


def sureness_beside(graph_path: Path, stored: StoredGraph) -> Sureness | None:
    """Return how sure the settings of a graph are; None where that was not asked.

    Raises:
        StoreError: the file is damaged or belongs to another graph.
    """
    path = graph_path.with_name(SURENESS)
    return read_sureness(path, stored) if path.is_file() else None


def agreement_beside(graph_path: Path, stored: StoredGraph) -> Agreement | None:
    """Return what the runs that a graph was chosen from agree on; None where there was one.

    Raises:
        StoreError: the file is damaged or belongs to another graph.
    """
    path = graph_path.with_name(RUNS)
    return read_agreement(path, stored) if path.is_file() else None


def simplified_beside(graph_path: Path) -> Simplification | None:
    """Return what was done to simplify the result of a graph; None where it is as it was found.

    Raises:
        StoreError: the file is damaged.
    """
    path = graph_path.with_name(SIMPLIFIED)
    return read_simplified(path) if path.is_file() else None


def refined_beside(graph_path: Path) -> Refinement | None:
    """Return what was done to refine the result of a graph for plug-ins; None where nothing was.

    Raises:
        StoreError: the file is damaged.
    """
    path = graph_path.with_name(REFINED)
    return read_refined(path) if path.is_file() else None


def number(table: Any, *keys: str) -> float | None:
    """Return a number deep in tables, or None where there is none.

    >>> number({"final": {"published": 0.5}}, "final", "published"), number({}, "final")
    (0.5, None)
    """
    for key in keys:
        table = table.get(key) if isinstance(table, dict) else None
    usable = isinstance(table, int | float) and not isinstance(table, bool)
    return float(table) if usable and math.isfinite(table) else None


def fixed(value: float | None, digits: int, *, sign: bool = False) -> str:
    """Return a number with so many decimals, on request with its sign, or `none`.

    >>> fixed(-0.04, 1), fixed(0.26, 1, sign=True), fixed(None, 1)
    ('0.0', '+0.3', 'none')
    """
    if value is None:
        return "none"
    rounded = round(value, digits) + 0.0
    return f"{rounded:{'+' if sign and rounded else ''}.{digits}f}"
