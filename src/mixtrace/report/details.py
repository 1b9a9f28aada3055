"""What a click on a processor shows: its settings in units and a picture of what it does."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from mixtrace.params import ParamSpec
from mixtrace.processors import processor
from mixtrace.processors.equalizer import equalizer_frequencies
from mixtrace.report.curves import curve_shape
from mixtrace.report.effects import mixed_gain_db, reverb_bands_s, strongest_echoes
from mixtrace.report.pictures import Shown, picture
from mixtrace.report.rendered import (
    NodeValues,
    entering_spectra_db,
    node_values,
    reduction,
    wet_levels_db,
)
from mixtrace.report.words import describe, hertz, ratio, seconds, signed_db
from mixtrace.store import Evidence, StoredGraph

__all__ = ["NodeDetail", "node_details"]

_UNITS = {"dB/dB": "dB per dB"}


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
) -> dict[int, NodeDetail]:
    """Return the detail of every processor, by its place in the graph.

    Args:
        stored: the result.
        evidence: what was measured of it; without it, settings are told and effects are not.
        levels_db: see `wet_levels_db`, where they are known already.
    """
    details = {}
    spectra_db = {} if evidence is None else entering_spectra_db(stored.graph, evidence)
    if levels_db is None:
        levels_db = {} if evidence is None else wet_levels_db(stored, evidence)
    for row, i in enumerate(stored.graph.processors):
        node = node_values(stored.graph, stored.settings, i)
        title = f"{processor(node.kind).label} of {stored.graph.nodes[i].name}"
        settings = [*_settings(node), *_measured(i, evidence, levels_db.get(i))]
        if evidence is not None and np.isfinite(evidence.increases[row]):
            settings.append(("L_a without it", f"{evidence.increases[row]:+.4f}"))
        details[i] = NodeDetail(
            title,
            tuple(settings),
            picture(Shown(i, title, node, evidence, spectra_db.get(i))),
            describe(node.kind, node.values, node.wet),
        )
    return details


def _settings(node: NodeValues) -> Iterator[tuple[str, str]]:
    """Yield the single numbers of a processor, then what its vectors amount to."""
    for spec in processor(node.kind).params:
        if not spec.shape:
            yield spec.label, _valued(spec, float(node.values[spec.name]))
    if node.kind == "compressor":
        yield "ratio", ratio(float(node.values["slope"]))
    elif node.kind == "equalizer":
        yield from _curve_settings(node)
    elif node.kind == "gain_panning":
        for side, gain_db in zip(("left", "right"), node.values["gain_db"], strict=True):
            yield side, signed_db(float(gain_db))
    elif node.kind == "multitap_delay":
        for echo in strongest_echoes(node.values, node.wet):
            side = "" if echo.side == "both" else f" {echo.side}"
            yield f"echo at {seconds(echo.time_s)}{side}", signed_db(echo.level_db)
    elif node.kind == "reverb":
        names = ("RT60 below 250 Hz", "RT60 250 Hz to 4 kHz", "RT60 above 4 kHz")
        for name, time_s in zip(names, reverb_bands_s(node.values), strict=True):
            yield name, seconds(time_s)
    yield "wet", f"{100.0 * node.wet:.0f} %"


def _curve_settings(node: NodeValues) -> Iterator[tuple[str, str]]:
    gain_db = mixed_gain_db(node.values["magnitude_db"].double().numpy(), node.wet)
    shape = curve_shape(equalizer_frequencies().double().numpy(), gain_db)
    yield "level", signed_db(shape.level_db)
    if shape.low_cut_hz:
        yield "low cut", hertz(shape.low_cut_hz)
    for feature in shape.features:
        yield f"{feature.side} {hertz(feature.frequency_hz)}", signed_db(feature.gain_db)
    if shape.high_cut_hz:
        yield "high cut", hertz(shape.high_cut_hz)


def _measured(
    number: int, evidence: Evidence | None, level_db: float | None
) -> Iterator[tuple[str, str]]:
    """Yield what the processor did to this song."""
    if evidence is None:
        return
    taken = reduction(evidence, number)
    if taken is not None:
        yield "takes away", f"{taken.least_db:.1f} to {taken.most_db:.1f} dB"
        yield "takes 3 dB or more", f"{100.0 * taken.closed_share:.0f} % of the time"
    if level_db is not None:
        yield "level against the dry sound", signed_db(level_db)


def _valued(spec: ParamSpec, value: float) -> str:
    if spec.unit == "ms":
        return seconds(value / 1000.0)
    if spec.unit == "s":
        return f"{value:.1f} s"
    digits = f"{value:.2f}" if spec.unit == "dB/dB" else f"{value:.1f}"
    return f"{digits} {_UNITS.get(spec.unit, spec.unit)}".rstrip()
