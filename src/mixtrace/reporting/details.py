"""What a click on a processor shows: its settings in units and a picture of what it does."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from mixtrace.graph import is_branch, leads_to, listens_to
from mixtrace.processors import Heard, NodeSettings, processor
from mixtrace.reporting.agreed import stood_words
from mixtrace.reporting.heard import heard_at
from mixtrace.reporting.pictures import picture
from mixtrace.reporting.sure import sure_dials, sure_line
from mixtrace.store import Agreement, Evidence, StoredGraph, Sureness
from mixtrace.wording import percent, signed_db

__all__ = ["NodeDetail", "node_details"]

_ALL_WET = 0.999
"""From here on there is no dry sound beside it to compare with."""


@dataclass(frozen=True)
class NodeDetail:
    """One processor of the graph.

    Attributes:
        title: what it is and whose, such as "EQ of Lead Vocal", as plain text: escape it.
        settings: (name, value with its unit), plain text.
        picture_svg: an inline SVG of what it does, complete and safe; empty where there is none.
        summary: what it does in a few words, plain text.
    """

    title: str
    settings: tuple[tuple[str, str], ...]
    picture_svg: str
    summary: str


def node_details(
    stored: StoredGraph,
    evidence: Evidence | None = None,
    levels_db: Mapping[int, float] | None = None,
    sureness: Sureness | None = None,
    agreement: Agreement | None = None,
) -> dict[int, NodeDetail]:
    """Return the detail of every processor, by its place in the graph.

    Args:
        stored: the result.
        evidence: what was measured of it; without it, settings are told and effects are not.
        levels_db: see `wet_levels_db`, where they are known already.
        sureness: how sure the settings are: they are then told with their intervals.
        agreement: what several runs agree on: it is then told as well.
    """
    details = {}
    heard = heard_at(stored, evidence, levels_db)
    for row, i in enumerate(stored.graph.processors):
        node = stored.node(i)
        entry = processor(node.kind)
        title = f"{entry.label} of {stored.graph.name(i)}"
        if is_branch(stored.graph.nodes[i]):
            title += f" to {' and '.join(leads_to(stored.graph, i))}"
        summary = sure_line(stored, i, sureness, agreement)
        dials = list(entry.dials(node))
        if summary:
            dials = list(sure_dials(stored, i, sureness, agreement))
        if "wet" not in dict(dials):
            dials.append(("wet", percent(node.wet)))
        settings = [*dials, *_measured(node, heard[i])]
        if node.keyed:
            settings.append(("keyed by", " and ".join(listens_to(stored.graph, i))))
        if agreement is not None:
            settings.append(("found in", stood_words(agreement, i)))
        if evidence is not None and np.isfinite(evidence.increases[row]):
            settings.append(("L_a without it", f"{evidence.increases[row]:+.4f}"))
        details[i] = NodeDetail(
            title,
            tuple(settings),
            picture(title, node, heard[i]),
            summary or entry.describe(node),
        )
    return details


def _measured(node: NodeSettings, heard: Heard) -> Iterator[tuple[str, str]]:
    """Yield what the processor did to this song."""
    taken = heard.reduction
    if taken is not None:
        yield "takes away", f"{taken.least_db:.1f} to {taken.most_db:.1f} dB"
        yield "takes 3 dB or more", f"{percent(taken.closed_share)} of the time"
    if heard.wet_level_db is not None and node.wet < _ALL_WET:
        yield "level against the dry sound", signed_db(heard.wet_level_db)
