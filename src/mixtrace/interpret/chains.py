"""What was read of tracks as processors in order, and of what they share as returns."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float

from mixtrace.interpret.movement import Moving
from mixtrace.interpret.nodes import mixed_in, node_of
from mixtrace.interpret.returns import Room, alike_delays, shared_rooms
from mixtrace.interpret.space import Repeats
from mixtrace.interpret.strips import Fixed
from mixtrace.processors import NodeSettings
from mixtrace.processors.captured_reverb import captured_taps

__all__ = ["Returns", "chain_of"]

_DAMPING_HZ = 12_000.0
_KEPT_DB = 60.0
_SHORTEST_S, _LONGEST_S = 0.2, 6.0


def chain_of(fixed: Fixed, moving: Moving) -> list[NodeSettings]:
    """Return processors in their order; all level is on the fader."""
    level_db = fixed.level_db + 20.0 * math.log10(max(moving.level, 1e-4))
    chain: list[NodeSettings] = [] if fixed.equalizer is None else [fixed.equalizer]
    for one in moving.dynamics:
        chain.insert(0 if one.hears == "dry" else len(chain), one.settings)
    if fixed.echoes is not None:
        wet, made_up_db = mixed_in(fixed.echoes.amplitude)
        chain.append(_delay(fixed.echoes, wet))
        level_db += made_up_db
    reverb = None
    if fixed.reverb is not None:
        taps = fixed.reverb.taps
        rows = np.repeat(taps, 2, 1) if taps.shape[1] == 1 else taps
        wet, made_up_db = mixed_in(math.sqrt(float((rows**2).sum()) / 2.0))
        reverb = _reverb(rows, fixed.reverb.sample_rate_hz, wet)
        level_db += made_up_db
    chain.append(node_of("fader", level_db=level_db, pan=fixed.pan))
    if moving.ride is not None:
        chain.append(moving.ride)
    return chain if reverb is None else [*chain, reverb]


@dataclass(frozen=True, eq=False)
class Returns:
    """Reverbs and delays that several tracks feed.

    Attributes:
        chains: processors of each return by its name.
        levels: amplitude of each track's send, by return and track.
    """

    chains: Mapping[str, Sequence[NodeSettings]]
    levels: Mapping[str, Mapping[str, float]]

    @classmethod
    def of(cls, strips: Mapping[str, Fixed], sample_rate_hz: float) -> "Returns":
        """Return what strips share."""
        rooms = shared_rooms({name: fixed.late for name, fixed in strips.items()})
        echoes = {n: fixed.echoes for n, fixed in strips.items() if fixed.echoes is not None}
        chains: dict[str, Sequence[NodeSettings]] = {}
        levels: dict[str, Mapping[str, float]] = {}
        for number, room in enumerate(rooms, 1):
            name = _numbered("reverb", number, len(rooms))
            chains[name] = [_of_room(room, sample_rate_hz)]
            levels[name] = room.sends
        delays = alike_delays(echoes)
        for number, tracks in enumerate(delays, 1):
            name = _numbered("delay", number, len(delays))
            alike = [echoes[track] for track in tracks]
            chains[name] = [_delay(_mean(alike), 1.0)]
            levels[name] = {t: echoes[t].amplitude for t in tracks}
        return cls(chains, levels)

    def sends(self, track: str) -> dict[str, NodeSettings]:
        """Return the sends of a track by return."""
        return {
            name: node_of("send", level_db=20.0 * math.log10(levels[track]))
            for name, levels in self.levels.items()
            if track in levels
        }

    def without(self, track: str, fixed: Fixed) -> Fixed:
        """Return what a track has of its own."""
        fed = {self.chains[name][0].kind for name in self.sends(track)}
        reverb = None if "captured_reverb" in fed else fixed.reverb
        return replace(
            fixed, reverb=reverb, echoes=None if "feedback_delay" in fed else fixed.echoes
        )


def _numbered(name: str, number: int, count: int) -> str:
    return name if count == 1 else f"{name} {number}"


def _of_room(room: Room, sample_rate_hz: float) -> NodeSettings:
    return _reverb(np.repeat(room.taps[:, None], 2, 1), sample_rate_hz, 1.0)


def _reverb(
    taps: Float[np.ndarray, "side channel taps"], sample_rate_hz: float, wet: float
) -> NodeSettings:
    """Return a captured reverb that hears both channels of a strip."""
    rows = torch.tensor(taps.reshape(4, -1), dtype=torch.float32)
    return node_of(
        "captured_reverb",
        wet,
        taps=captured_taps(rows),
        stored_rate_hz=sample_rate_hz,
        decay_factor=1.0,
        tone_db_per_octave=0.0,
        pre_delay_ms=0.0,
    )


def _mean(alike: Sequence[Repeats]) -> Repeats:
    """Return the median of what several tracks tell of one delay."""
    times, feedback, bounces = (
        float(np.median([getattr(one, name) for one in alike]))
        for name in ("time_s", "feedback", "ping_pong")
    )
    return Repeats(times, feedback, 0.0, bounces)


def _delay(echoes: Repeats, wet: float) -> NodeSettings:
    falls_db = -20.0 * math.log10(max(echoes.feedback, 1e-3))
    length_s = echoes.time_s * (2.0 + _KEPT_DB / falls_db)
    return node_of(
        "feedback_delay",
        wet,
        time_ms=1000.0 * echoes.time_s,
        feedback=echoes.feedback,
        ping_pong=echoes.ping_pong,
        damping_hz=_DAMPING_HZ,
        length_s=min(max(length_s, _SHORTEST_S), _LONGEST_S),
    )
