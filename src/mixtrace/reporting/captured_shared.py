"""Gains that several tracks have in common: those of a bus or of the master."""

import numpy as np
from jaxtyping import Float

from mixtrace.reporting.captured_facts import moves, range_db
from mixtrace.reporting.captured_figures import gain_figure, level_figure
from mixtrace.reporting.captured_tails import listed
from mixtrace.reporting.parts import Part
from mixtrace.reporting.templating import filled
from mixtrace.store import StoredCapture, StoredShared

__all__ = ["shared_part", "shared_sentences"]


def shared_part(stored: StoredCapture, gains_db: Float[np.ndarray, "gain time"]) -> Part:
    """Return the section on the gains that tracks share."""
    shared_db = gains_db[len(stored.tracks) :]
    figures = []
    for shared, gain_db in zip(stored.shared, shared_db, strict=True):
        drawn = [gain_figure(shared.name, gain_db, stored.gain_step_s)]
        if shared.curve is not None:
            drawn.append(level_figure(shared.name, shared.curve, "level of their sum"))
        figures.append(drawn)
    sentences = shared_sentences(stored, gains_db)
    gains = list(zip(sentences, figures, strict=True))
    return Part(filled("capture_shared.html", gains=gains))


def shared_sentences(stored: StoredCapture, gains_db: Float[np.ndarray, "gain time"]) -> list[str]:
    """Return a sentence on each gain that tracks share."""
    shared_db = gains_db[len(stored.tracks) :]
    return [
        _sentence(stored, shared, gain_db)
        for shared, gain_db in zip(stored.shared, shared_db, strict=True)
    ]


def _sentence(
    stored: StoredCapture, shared: StoredShared, gain_db: Float[np.ndarray, " time"]
) -> str:
    names = listed([stored.tracks[k].name for k in shared.tracks])
    everybody = len(shared.tracks) == len(stored.tracks)
    who = "All tracks" if everybody else f"{names} ({shared.name})"
    told = moves(shared.curve, range_db(gain_db, shared.curve))
    return f"{who} share a gain. {told}"
