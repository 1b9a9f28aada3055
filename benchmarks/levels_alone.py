"""The quickest way to invert a mix, where only what lies around it is measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mixtrace.descent import SongWindows, song_loss
from mixtrace.interpret import Desk, TrackStrip, node_of
from mixtrace.methods import Inversion, Work
from mixtrace.session import Session
from mixtrace.unseen import Range

__all__ = ["Levels"]


@dataclass(frozen=True)
class Levels:
    """A level for each track by least squares, and nothing else: a `Method`."""

    def choices(self) -> Mapping[str, Any]:
        """Return what it is."""
        return {"recipe": "levels", "seed": 0}

    def invert(
        self, session: Session, held_out: Sequence[Range] = (), work: Work | None = None
    ) -> Inversion:
        """Find the levels."""
        mono = np.stack([track.audio.mean(0) for track in session.tracks]).astype(np.float64)
        levels, *_ = np.linalg.lstsq(mono.T, session.mix.mean(0).astype(np.float64), rcond=None)
        level_db = 20.0 * np.log10(np.maximum(np.abs(levels), 1e-3))
        tracks = [
            TrackStrip(track.name, track.group, [node_of("fader", level_db=float(level))])
            for track, level in zip(session.tracks, level_db, strict=True)
        ]
        graph, settings = Desk(tracks).built()
        loss = song_loss(graph, settings, SongWindows(session))
        return Inversion(graph, settings, graph, {"final": loss})
