"""What was measured of a song, node by node, for processors to tell and draw."""

from collections.abc import Mapping

import numpy as np

from mixtrace.processors import Heard
from mixtrace.reporting.rendered import (
    band_centres_hz,
    entering_spectra_db,
    reduction,
    wet_levels_db,
)
from mixtrace.store import Evidence, StoredGraph

__all__ = ["heard_at"]


def heard_at(
    stored: StoredGraph,
    evidence: Evidence | None,
    levels_db: Mapping[int, float] | None = None,
) -> dict[int, Heard]:
    """Return what was measured at every processor of a result.

    Args:
        stored: the result.
        evidence: what was measured of it; None where nothing was.
        levels_db: see `wet_levels_db`, where they are known already.
    """
    graph = stored.graph
    if evidence is None:
        return dict.fromkeys(graph.processors, Heard())
    if levels_db is None:
        levels_db = wet_levels_db(stored, evidence)
    spectra_db = entering_spectra_db(graph, evidence)
    centres_hz = band_centres_hz(evidence)
    heard = {}
    for i in graph.processors:
        rows = np.flatnonzero(evidence.dynamics == i)
        spectrum_db = spectra_db.get(i)
        heard[i] = Heard(
            measured=True,
            reduction=reduction(evidence, i),
            gain_db=evidence.gain_db[rows[0]] if len(rows) else None,
            duration_s=evidence.curve_s * evidence.gain_db.shape[1],
            wet_level_db=levels_db.get(i),
            centres_hz=None if spectrum_db is None else centres_hz,
            spectrum_db=spectrum_db,
            # The level of a track is measured for all of it.
            level_told=spectrum_db is not None,
        )
    return heard
