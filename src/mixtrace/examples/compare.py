"""Planted against found, strip by strip: which processors stand there, and what they do.

Two graphs may do the same with other numbers (a gain in the EQ or on the bus, a threshold behind
another gain), so what is compared is measured: what comes out of the whole mix where a track plays
alone, or the tracks of a bus.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from mixtrace.graph import Graph, leads_to
from mixtrace.processors import Settings
from mixtrace.rendering import render_song
from mixtrace.session import Session

__all__ = ["Mixed", "PlantedAndFound", "compare"]

THIRD_OCTAVES_HZ = 1000.0 * 2.0 ** (np.arange(-11, 11) / 3.0)
"""Centres of the bands of a response: 79 Hz to 10.1 kHz."""

HEARD_DB = -40.0
"""Bands in which a track is weaker than this, re its strongest, do not count."""

_TINY = 1e-20

Mixed = tuple[Graph, Settings]
"""A graph and its settings."""


@dataclass(frozen=True)
class PlantedAndFound:
    """One strip in the planted and in the found graph. Pairs are (planted, found).

    Attributes:
        name: of the track, bus or master.
        is_track: whether it is a track.
        planted, found: the kinds of its processors, in order; behind a send, those of the return.
        response_difference_db: median of |planted - found| over both sides and the third octaves
            from 80 Hz to 10 kHz in which its tracks sound.
        level_db: level in the mix over the dry level.
        pan_db: right over left in the mix.
    """

    name: str
    is_track: bool
    planted: tuple[str, ...]
    found: tuple[str, ...]
    response_difference_db: float
    level_db: tuple[float, float]
    pan_db: tuple[float, float]


def compare(planted: Mixed, found: Mixed, session: Session) -> list[PlantedAndFound]:
    """Compare two mixes of one song.

    Args:
        planted: the graph that made the mix, and its settings.
        found: the graph that a search found, and its settings.
        session: the song, for its dry tracks.

    Returns:
        A row for every track, in the order of the song, then for every bus and the master that has
        a processor in either graph.
    """
    groups: dict[str, list[str]] = {}
    for track in session.tracks:
        groups.setdefault(track.group, []).append(track.name)
    every = [track.name for track in session.tracks]
    both = (planted, found)
    rows = [_row(name, (name,), both, session) for name in every]
    for name, members in (*groups.items(), ("master", every)):
        if any(kind for graph, _ in both for kind in _kinds(graph, name, ("bus", "master"))):
            rows.append(_row(name, members, both, session))
    return rows


def _row(
    name: str, members: Sequence[str], both: tuple[Mixed, Mixed], session: Session
) -> PlantedAndFound:
    is_track = len(members) == 1 and members[0] == name
    roles = ("track",) if is_track else ("bus", "master")
    dry = sum((_powers(t.audio, session) for t in session.tracks if t.name in members), 0.0)
    entering = np.asarray(dry).mean(0)
    heard = entering >= entering.max() * 10.0 ** (HEARD_DB / 10.0)
    ours, theirs = (_powers(_alone(mixed, members, session), session) for mixed in both)
    off_db = _db(ours, entering) - _db(theirs, entering)
    return PlantedAndFound(
        name=name,
        is_track=is_track,
        planted=tuple(_kinds(both[0][0], name, roles)),
        found=tuple(_kinds(both[1][0], name, roles)),
        response_difference_db=float(np.median(np.abs(off_db)[:, heard])),
        level_db=(_over(ours, 2.0 * entering), _over(theirs, 2.0 * entering)),
        pan_db=(_over(ours[1], ours[0]), _over(theirs[1], theirs[0])),
    )


def _kinds(graph: Graph, name: str, roles: Sequence[str]) -> Iterator[str]:
    """Yield the kinds of the processors of a strip; behind a send, those of the return."""
    for i in graph.order:
        node = graph.nodes[i]
        strip = graph.strips[node.strip]
        if i not in graph.processors or strip.name != name or strip.role not in roles:
            continue
        yield node.kind
        if node.kind == "send":
            for to in leads_to(graph, i):
                yield from _kinds(graph, to, ("return",))


@torch.no_grad()
def _alone(mixed: Mixed, members: Sequence[str], session: Session) -> Float[np.ndarray, "2 time"]:
    """Return the mix where some tracks play alone."""
    tracks = {track.name: torch.from_numpy(track.audio) for track in session.tracks}
    graph, settings = mixed
    names = [graph.name(i) for i in graph.inputs]
    dry = [tracks[n] if n in members else torch.zeros_like(tracks[n]) for n in names]
    return render_song(graph, settings, dry, session.sample_rate_hz).numpy()


def _powers(
    audio: Float[np.ndarray, "channel time"], session: Session
) -> Float[np.ndarray, "channel band"]:
    """Return the energy of audio in third octaves."""
    spectrum = np.abs(np.fft.rfft(audio.astype(np.float64))) ** 2
    hz = np.fft.rfftfreq(audio.shape[-1], 1.0 / session.sample_rate_hz)
    edges = np.append(THIRD_OCTAVES_HZ * 2.0 ** (-1.0 / 6.0), THIRD_OCTAVES_HZ[-1] * 2.0 ** (1 / 6))
    return np.add.reduceat(spectrum, np.searchsorted(hz, edges), -1)[..., :-1]


def _db(power: np.ndarray, reference: np.ndarray) -> np.ndarray:
    return 10.0 * np.log10((power + _TINY) / (reference + _TINY))


def _over(power: np.ndarray, reference: np.ndarray) -> float:
    """Return all of a power over all of another in dB."""
    return float(_db(power.sum(keepdims=True), reference.sum(keepdims=True)).item())
