"""How a result was found: the loss on the way, what each round removed, what each part is worth."""

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from mixtrace.processors import processor
from mixtrace.reporting.agreed import run_sentences
from mixtrace.reporting.parts import Part
from mixtrace.reporting.refined import refined_rows, refined_sentence
from mixtrace.reporting.result import StoredResult, fixed, number
from mixtrace.reporting.rounds import rounds, rounds_figure
from mixtrace.reporting.simplified import simplified_rows
from mixtrace.reporting.svg import Axis, Plot, figure, level_axis, thinned
from mixtrace.reporting.templating import filled

__all__ = ["Worth", "found_part", "history", "medians", "worths"]

_MOST_POINTS = 300
_NEAR = 7
_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
_STAGES = (
    ("sum", "plain sum"),
    ("start", "start"),
    ("console", "before removal"),
    ("unsimplified", "before it was simplified"),
    ("unrefined", "before it was refined"),
    ("final", "result"),
)


@dataclass(frozen=True)
class Worth:
    """What the match would lose without a processor.

    Attributes:
        what, whose: its type and its chain.
        increase: how much L_a rises without it.
        share: the same against the largest, 0 to 1.
    """

    what: str
    whose: str
    increase: float
    share: float


def found_part(result: StoredResult) -> Part:
    """Return the section about the search."""
    every, table = worths(result), rounds(result)
    figures = _loss_figures(result)
    if table.headers[1:]:
        figures.append(("Processors left after each round of pruning", rounds_figure(table)))
    html = filled(
        "found.html",
        stages=[
            (
                name,
                *(fixed(number(result.facts, "losses", key, by), 3) for by in ("published", "eq4")),
            )
            for key, name in _STAGES
            if key in result.facts["losses"]
        ],
        held_out=bool(result.measures.get("held_out")),
        figures=figures,
        table=table,
        worths=every[:12],
        more=every[12:],
        tolerance=f"{result.tolerance:g}" if result.tolerance else "",
        applied=bool(result.applied),
        why=str(result.facts["why"]),
        runs=list(run_sentences(result.stored.graph, result.agreement)),
        simplified=simplified_rows(result.simplified) if result.simplified else [],
        refined=refined_rows(result.refined) if result.refined else [],
        refined_words=refined_sentence(result.refined),
        interrupted=result.facts["ended"] == "stopped",
        notes=[str(note) for note in result.facts["notes"]],
    )
    return Part(html)


def worths(result: StoredResult) -> list[Worth]:
    """Return what every processor is worth, the most needed first; nothing if not weighed."""
    graph, increases = result.stored.graph, result.evidence.increases
    if not np.isfinite(increases).all():
        return []
    most = max(float(increases.max(initial=0.0)), 1e-6)
    order = np.argsort(-increases, kind="stable")
    nodes = [graph.processors[row] for row in order]
    return [
        Worth(
            processor(graph.nodes[node].kind).label,
            graph.name(node),
            float(increases[row]),
            max(0.0, float(increases[row])) / most,
        )
        for row, node in zip(order, nodes, strict=True)
    ]


def history(result: StoredResult) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return steps, seconds and losses, means of neighbours where there are very many."""
    table = result.facts["history"]
    pairs = zip(table.get("loss") or [], table.get("seconds") or [], strict=False)
    usable = [
        (step, at, loss)
        for step, (loss, at) in enumerate(pairs, 1)
        if loss is not None and at is not None
    ]
    columns = np.array(usable, np.float64).reshape(-1, 3).T
    steps, seconds, losses = (thinned(column, _MOST_POINTS) for column in columns)
    return steps, seconds, losses


def _loss_figures(result: StoredResult) -> list[tuple[str, Markup]]:
    steps, seconds, losses = history(result)
    if not len(steps):
        return []
    return [
        (
            "L_a over steps: each step's window, and the median of neighbours",
            loss_figure([("", steps, losses)], "steps"),
        ),
        ("The same over time", loss_figure([("", seconds, losses)], "s")),
    ]


def loss_figure(curves: list[tuple[str, np.ndarray, np.ndarray]], unit: str) -> Markup:
    """Return losses over steps or seconds, each the median of its neighbourhood.

    Windows of a song differ more than steps do: the losses themselves stand faintly behind a
    single curve. Several curves differ in colour and dashes.

    Args:
        curves: (class of the line, places, losses).
        unit: of the places.
    """
    end = max(float(xs[-1]) for _, xs, _ in curves)
    step = next((step for step in _STEPS if end / step <= 5.0), np.ceil(end / 5.0))
    ticks = tuple((float(x), f"{x:g}") for x in np.arange(0, end + 1e-9, step))
    high = max(float(np.percentile(ys, 98.0)) for _, _, ys in curves)
    most = float(np.ceil(max(high, 0.2) * 5.0) / 5.0)
    plot = Plot(Axis(0.0, end, ticks, unit), level_axis(0.0, most, most / 4.0, "L_a"))
    drawn = [plot.axes()]
    if len(curves) == 1:
        drawn.append(plot.line(*curves[0][1:], "line single"))
    drawn += [plot.line(xs, medians(ys), f"line {look}") for look, xs, ys in curves]
    return figure(f"L_a over {'seconds' if unit == 's' else unit}", drawn, 202.0)


def medians(values: np.ndarray) -> np.ndarray:
    """Return the median of each value and its seven neighbours on either side, fewer at the ends.

    >>> medians(np.array([1.0, 9.0, 1.0, 1.0])).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    near = range(len(values))
    return np.array([np.median(values[max(0, k - _NEAR) : k + _NEAR + 1]) for k in near])
