"""Nodes rendered to audio: what stands in where a target has no words for a processor."""

from collections.abc import Collection
from dataclasses import replace

import torch

from mixtrace.exporting.project import Project
from mixtrace.graph import INPUT, Graph, Node
from mixtrace.progress import Steps
from mixtrace.rendering import render_taps
from mixtrace.session import Views

__all__ = ["frozen"]


def frozen(project: Project, nodes: Collection[int], report: Steps) -> Project:
    """Return the project with what leaves some nodes played from audio instead of worked out.

    Such a node becomes an input, and what led to it alone goes; tracks that then feed nothing join
    the unused ones.

    Args:
        project: it stays as it is.
        nodes: processors of its graph; where one lies before another, the later one is played.
        report: see `Steps`.
    """
    if not nodes:
        return project
    graph = project.graph
    _, taps = render_taps(
        graph,
        project.settings,
        Views(torch.from_numpy, project.tracks),
        project.sample_rate_hz,
        nodes,
        progress=lambda done, total: report("rendering", done, total),
    )
    smaller = _playing(graph, nodes)
    audio = {i: taps[i].numpy() for i in nodes}
    audio |= dict(zip(graph.inputs, project.tracks, strict=True))
    idle = [i for i in graph.inputs if i not in smaller.nodes]
    return replace(
        project,
        graph=smaller,
        settings=project.settings.only(smaller.processors),
        tracks=[audio[i] for i in smaller.inputs],
        unused_names=(*project.unused_names, *map(graph.name, idle)),
        unused=[*project.unused, *(audio[i] for i in idle)],
    )


def _playing(graph: Graph, nodes: Collection[int]) -> Graph:
    """Return the graph with some nodes as inputs, without what then leads nowhere."""
    edges = [edge for edge in graph.edges if edge.destination not in nodes]
    kept, waiting = set[int](), list(graph.outputs)
    while waiting:
        node = waiting.pop()
        if node not in kept:
            kept.add(node)
            waiting += [edge.source for edge in edges if edge.destination == node]
    changed = {
        i: Node(INPUT, node.strip) if i in nodes else node
        for i, node in graph.nodes.items()
        if i in kept
    }
    strips = {node.strip for node in changed.values()}
    return Graph(
        {number: strip for number, strip in graph.strips.items() if number in strips},
        changed,
        tuple(edge for edge in edges if edge.destination in kept),
    )
