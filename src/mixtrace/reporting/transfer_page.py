"""The page of a transfer: its graph and words, and how like its reference it sounds."""

from pathlib import Path

import numpy as np
from markupsafe import Markup

from mixtrace.losses.audio_features import band_centres_hz
from mixtrace.reporting.details import node_details
from mixtrace.reporting.diagram import diagram_part
from mixtrace.reporting.likeness import feature_rows
from mixtrace.reporting.listening import listen_part
from mixtrace.reporting.page import joined, words_part
from mixtrace.reporting.parts import Part
from mixtrace.reporting.rendered import wet_levels_db
from mixtrace.reporting.svg import Plot, figure, frequency_axis, level_axis
from mixtrace.reporting.templating import filled
from mixtrace.store import (
    EVIDENCE,
    GRAPH,
    LIKENESS,
    Likeness,
    read_evidence,
    read_fit,
    read_graph,
    read_likeness,
)
from mixtrace.units import DB_PER_NEPER

__all__ = ["transfer_page"]

_CHANNELS = ("mid", "side")
_WORDS = {
    "target": ("Reference", "The mix to sound like, or as much of its middle as this song is long"),
    "estimate": ("This mix", "What the graph makes of the tracks"),
    "sum": ("Dry sum", "All dry tracks added up, nothing done to them"),
}


def transfer_page(folder: Path) -> str:
    """Return the page of a transfer, made from what is stored in its folder alone.

    Raises:
        StoreError: a file of the result is missing or damaged.
    """
    stored = read_graph(folder / GRAPH)
    evidence = read_evidence(folder / EVIDENCE, stored.graph)
    facts, likeness = read_fit(folder), read_likeness(folder / LIKENESS)
    levels_db = wet_levels_db(stored, evidence)
    details = node_details(stored, evidence, levels_db, None, None)
    sections = [
        ("listen", "Listen", listen_part(folder, stored, _WORDS)),
        ("likeness", "What it sounds like", _likeness_part(likeness, facts["notes"])),
        ("graph", "The graph", diagram_part(stored.graph, details, None)),
        ("words", "In words", words_part(stored, evidence, levels_db)),
    ]
    spent = divmod(round(facts["seconds"] or 0.0), 60)
    before, after = (sum(loss.values()) for loss in (likeness.loss_before, likeness.loss_after))
    lead = filled(
        "transfer_lead.html",
        kept=len(stored.graph.processors),
        tracks=len(stored.graph.inputs),
        reference=likeness.name,
        interrupted=facts["ended"] == "stopped",
        tiles=[
            ("distance of features", f"{after:.3g}"),
            ("of equally loud tracks", f"{before:.3g}"),
            ("found in", f"{spent[0]} min {spent[1]:02d} s"),
        ],
    )
    title = f"{stored.song}: mixed like {likeness.name}"
    return joined(title, "Mix report", lead, sections)


def _likeness_part(likeness: Likeness, notes: list[object]) -> Part:
    figures = [
        (
            f"Spectrum of {name} in 24 bands: reference grey, this mix coloured, equally loud "
            "tracks dashed",
            _spectra(likeness, channel),
        )
        for channel, name in enumerate(_CHANNELS)
    ]
    html = filled(
        "likeness.html",
        rows=feature_rows(likeness),
        figures=figures,
        notes=[str(note) for note in notes],
    )
    return Part(html)


def _spectra(likeness: Likeness, channel: int) -> Markup:
    """Return the spectra of one channel over frequency."""
    reference, before, after = (
        DB_PER_NEPER * np.array(mix.bark[channel])
        for mix in (likeness.reference, likeness.before, likeness.after)
    )
    top_db = 10.0 * np.ceil(float(max(reference.max(), after.max())) / 10.0)
    low_db = top_db - 60.0
    hz = band_centres_hz()
    plot = Plot(frequency_axis(float(hz[0]), float(hz[-1])), level_axis(low_db, top_db, 20.0))
    lines = [(before, "line second"), (reference, "line plain"), (after, "line")]
    drawn = [plot.line(hz, np.maximum(levels, low_db), look) for levels, look in lines]
    return figure(f"Spectrum of {_CHANNELS[channel]}", [plot.axes(), *drawn], 196.0)
