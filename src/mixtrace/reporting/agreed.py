"""What runs from several seeds agree on, in words."""

from collections.abc import Iterator, Sequence

from mixtrace.graph import Graph
from mixtrace.processors import processor
from mixtrace.reporting.result import fixed
from mixtrace.store import Agreement
from mixtrace.wording import counted

__all__ = ["run_sentences", "stood_words"]

_MOST_NAMED = 12
"""Runs or processors that a sentence names one by one."""


def stood_words(agreement: Agreement, node: int) -> str:
    """Return in how many of the runs a processor stood."""
    return _of_runs(agreement, agreement.stood[node])


def run_sentences(graph: Graph, agreement: Agreement | None) -> Iterator[str]:
    """Yield what runs came to, and which processors only some of them have; nothing of one run."""
    if agreement is None:
        return
    runs = agreement.runs
    losses = [fixed(run.l_a, 4) for run in runs]
    if len(runs) > _MOST_NAMED:
        known = [run.l_a for run in runs if run.l_a is not None]
        losses = [f"{fixed(min(known, default=None), 4)} to {fixed(max(known, default=None), 4)}"]
    yield (
        f"L_a of the {len(runs)} runs, from seed {runs[0].seed} on: {', '.join(losses)}; the one "
        f"from seed {runs[agreement.kept].seed} is kept."
    )
    some = {i: number for i, number in agreement.stood.items() if number < len(runs)}
    every = len(agreement.stood) - len(some)
    words = f"{every} of {counted(len(agreement.stood), 'processor')} stand in all runs"
    labels = [
        f"{processor(graph.nodes[i].kind).label} of {graph.name(i)} ({_of_runs(agreement, number)})"
        for i, number in some.items()
    ]
    yield f"{words}; not in all: {_named(labels)}." if labels else f"{words}."
    labels = [
        f"{processor(each.kind).label} of {each.strip} ({_of_runs(agreement, each.runs)})"
        for each in agreement.elsewhere
    ]
    if labels:
        yield f"In other runs only: {_named(labels)}."


def _of_runs(agreement: Agreement, number: int) -> str:
    return f"{number} of {len(agreement.runs)} runs"


def _named(labels: Sequence[str]) -> str:
    more = len(labels) - _MOST_NAMED
    return ", ".join([*labels[:_MOST_NAMED], *([f"and {more} more"] if more > 0 else [])])
