"""What methods that search little have in common: strips without buses, judged once at the end."""

import time
from collections.abc import Mapping
from typing import Any

from mixtrace.descent import SongWindows, song_loss
from mixtrace.graph import Graph
from mixtrace.interpret import Desk, TrackStrip
from mixtrace.methods import Inversion
from mixtrace.processors import Settings
from mixtrace.session import Session

__all__ = ["concluded", "plain_sum"]


def plain_sum(session: Session) -> Graph:
    """Return the graph that adds up all tracks as they are."""
    strips = [TrackStrip(track.name, track.group, []) for track in session.tracks]
    graph, _ = Desk(strips).built()
    return graph


def concluded(
    found: tuple[Graph, Settings],
    session: Session,
    windows: SongWindows,
    *,
    recipe: Mapping[str, Any],
    why: str,
    began: float,
) -> Inversion:
    """Return a result with its L_a, and that of the plain sum.

    Args:
        found: the graph and its settings.
        session: the song.
        windows: of the song, those that count.
        recipe: every number that decided the outcome.
        why: in a sentence, how the result came about.
        began: when the work began, on the clock that never goes back.
    """
    graph, settings = found
    losses = {
        "sum": song_loss(plain_sum(session), Settings(), windows),
        "final": song_loss(graph, settings, windows),
    }
    seconds = time.monotonic() - began
    return Inversion(graph, settings, graph, losses, {}, recipe, why=why, seconds=seconds)
