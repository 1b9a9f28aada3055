"""Where a transfer starts: a small console on which all tracks are equally loud."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float

from mixtrace.graph import ConsolePreset, Graph, build_console
from mixtrace.metrics.levels import integrated_loudness_lufs
from mixtrace.processors import NodeSettings, Settings, processor

__all__ = ["FADER", "equal_loudness", "start_console"]

FADER = "fader"
_EQ, _COMPRESSOR = "parametric_equalizer", "compressor"
_CHAIN = (_EQ, _COMPRESSOR, FADER)
_CONSOLE = ConsolePreset(_CHAIN, (), _CHAIN)
"""Diff-MST's console: EQ, compressor, fader and pan pot a track, the same on the master."""

_TRACK_LUFS, _LEAST_LUFS = -24.0, -60.0
_MOST_DB = 20.0
_SPREAD = 0.15
"""How far pan pots start from the centre: exactly there no way leads out, for both are alike."""


def start_console(
    tracks: Sequence[tuple[str, str]],
    audio: Sequence[Float[np.ndarray, "_channel time"]],
    sample_rate_hz: int,
    seed: int,
) -> tuple[Graph, Settings]:
    """Return a console that changes nothing but levels.

    Args:
        tracks: (name, group) of every track.
        audio: of each.
        sample_rate_hz: its rate.
        seed: of the places of the pan pots.
    """
    graph = build_console(tracks, _CONSOLE)
    number = {graph.strips[graph.nodes[i].strip].name: k for k, i in enumerate(graph.inputs)}
    places = np.random.default_rng(seed).uniform(-_SPREAD, _SPREAD, len(tracks))
    loudness = [integrated_loudness_lufs(each, sample_rate_hz) for each in audio]
    settings: dict[int, NodeSettings] = {}
    for i in graph.processors:
        strip, kind = graph.strips[graph.nodes[i].strip], graph.nodes[i].kind
        at = None if strip.role != "track" else number[strip.name]
        lufs = None if at is None else loudness[at]
        settings[i] = _dialled(kind, lufs, 0.0 if at is None else places[at])
    return graph, Settings.of(settings)


def equal_loudness(graph: Graph, settings: Settings) -> Settings:
    """Return the settings of a start with all but the faders' levels as if they were not there."""
    plain: dict[int, NodeSettings] = {}
    for i in graph.processors:
        node = settings[i]
        if node.kind == FADER:
            plain[i] = NodeSettings(FADER, {**node.values, "pan": torch.zeros(())}, node.wet)
        else:
            plain[i] = NodeSettings(node.kind, node.values, 0.0)
    return Settings.of(plain)


def _dialled(kind: str, lufs: float | None, place: float) -> NodeSettings:
    """Return a processor at its start: levels equal, thresholds where the track's own level is."""
    chosen: dict[str, float] = {}
    heard = lufs if lufs is not None and lufs > _LEAST_LUFS else None
    if kind == _EQ:
        chosen = {"high_pass_db_per_octave": 0.0, "low_pass_db_per_octave": 0.0}
    elif kind == _COMPRESSOR:
        spec = processor(kind).param("threshold_db")
        level = _TRACK_LUFS if heard is None else heard
        chosen = {"threshold_db": float(np.clip(level, spec.low, spec.high))}
    elif kind == FADER:
        level_db = 0.0 if heard is None else _TRACK_LUFS - heard
        chosen = {"level_db": float(np.clip(level_db, -_MOST_DB, _MOST_DB)), "pan": float(place)}
    return _node(kind, chosen)


def _node(kind: str, chosen: Mapping[str, float]) -> NodeSettings:
    values = {}
    for spec in processor(kind).params:
        start = chosen.get(spec.name, spec.start)
        values[spec.name] = torch.as_tensor(start, dtype=torch.float32).expand(spec.shape).clone()
    return NodeSettings(kind, values, 1.0)
