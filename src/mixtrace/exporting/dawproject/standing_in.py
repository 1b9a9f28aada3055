"""Bands for a free EQ of the master, whose sound cannot be played without losing all tracks."""

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float

from mixtrace.exporting.project import Project
from mixtrace.graph import Graph, Node, insert_node
from mixtrace.interpret.band_fit import fit_bands
from mixtrace.interpret.nodes import equalizer_of
from mixtrace.names import plain_name
from mixtrace.processors import NodeSettings, Settings

__all__ = ["with_bands"]

_LOW_HZ, _HIGH_HZ = 30.0, 16_000.0
_POINTS = 64
_SIGMA_DB = 0.5
_WORTH = 4.0
"""Half a dB is heard by few; with more points and less leeway the search takes ten times as long
and comes no nearer (two songs' masters: 0.3 and 0.6 dB)."""


def with_bands(project: Project, nodes: list[int]) -> tuple[Project, list[str]]:
    """Return the project with some free EQs as bands and a level, and how far they are off.

    Args:
        project: it stays as it is.
        nodes: processors of its graph; those that are no free EQ, or lead several ways, stay as
            they are.
    """
    notes = []
    for node in nodes:
        leads_on = len(project.graph.successors[node]) == 1
        if project.graph.nodes[node].kind == "equalizer" and leads_on:
            project, off_db = _replaced(project, node)
            notes.append(
                f"The EQ of {plain_name(project.graph.name(node))} is a free curve: the nearest "
                f"bands stand in for it, {off_db:.1f} dB off in the root mean square from 30 Hz "
                "to 16 kHz."
            )
    return project, notes


def _replaced(project: Project, node: int) -> tuple[Project, float]:
    hz = np.geomspace(_LOW_HZ, min(_HIGH_HZ, 0.45 * project.sample_rate_hz), _POINTS)
    gain_db = _curve_db(project, node, hz)
    fit = fit_bands(hz, gain_db, np.full(_POINTS, _SIGMA_DB), _WORTH)
    graph = project.graph
    nodes = {**graph.nodes, node: Node("parametric_equalizer", graph.nodes[node].strip)}
    (edge,) = (edge for edge in graph.edges if edge.source == node)
    graph = Graph(graph.strips, nodes, graph.edges)
    graph, level = insert_node(graph, Node("fader", graph.nodes[node].strip), edge)
    settings = {i: project.settings[i] for i in project.graph.processors}
    numbers = {"level_db": torch.tensor(fit.level_db), "pan": torch.tensor(0.0)}
    settings |= {node: equalizer_of(fit.bands), level: NodeSettings("fader", numbers)}
    off_db = float(np.sqrt(np.mean((fit.curve_db(hz) - gain_db) ** 2)))
    return replace(project, graph=graph, settings=Settings.of(settings)), off_db


def _curve_db(
    project: Project, node: int, hz: Float[np.ndarray, " point"]
) -> Float[np.ndarray, " point"]:
    taps = project.response(node).taps[0]
    bins = np.abs(np.fft.rfft(taps, 4 * len(taps)))
    grid_hz = np.linspace(0.0, 0.5 * project.sample_rate_hz, len(bins))
    return np.interp(hz, grid_hz, 20.0 * np.log10(bins + 1e-6))
