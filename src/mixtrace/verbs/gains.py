"""Gains over a song: what dynamics processors and rides do to the level, frame by frame."""

import numpy as np
import torch
from jaxtyping import Float32

from mixtrace.corpus import GAIN_STEP_S, GainCurves
from mixtrace.processors import AutomationProcessor, processor
from mixtrace.processors.told import mixed_gain_db
from mixtrace.reusing import dynamics_of
from mixtrace.session import Session
from mixtrace.store import StoredGraph
from mixtrace.verbs.tapping import Report, around, entering, frame_gains_db, tapped

__all__ = ["measured_gains"]


def measured_gains(stored: StoredGraph, session: Session, report: Report) -> GainCurves:
    """Measure the gain of each processor whose gain moves, over the whole song.

    Of dynamics it is what leaves against what enters, by the mean square of both channels in each
    frame; of rides what they are set to in the middle of the frame.

    Args:
        stored: the result.
        session: its song.
        report: called with the passes through the song done and their total.
    """
    rate = session.sample_rate_hz
    size, graph = round(GAIN_STEP_S * rate), stored.graph
    gains_db: dict[int, Float32[np.ndarray, " frame"]] = {}
    dynamics = dynamics_of(graph)
    if dynamics:
        groups = [around(graph, i) for i in dynamics]
        for _, i, audio in tapped(stored, session, groups, report):
            _, gains_db[i] = frame_gains_db(entering(graph, i, audio), audio[i], size)
    moments_s = (np.arange(-(-session.mix.shape[1] // size)) + 0.5) * size / rate
    for i in graph.processors:
        entry = processor(graph.nodes[i].kind)
        if isinstance(entry, AutomationProcessor):
            gains_db[i] = _ride_db(entry, stored, i, moments_s)
    return GainCurves(size / rate, gains_db)


def _ride_db(
    entry: AutomationProcessor, stored: StoredGraph, node: int, moments_s: np.ndarray
) -> Float32[np.ndarray, " frame"]:
    found = stored.node(node)
    values = {name: value[None].detach().cpu().double() for name, value in found.values.items()}
    gain = entry.gain(values, torch.from_numpy(moments_s)[None])[0].numpy()
    gain_db = 20.0 * np.log10(np.maximum(gain, 1e-10))
    return mixed_gain_db(gain_db, found.wet).astype(np.float32)
