"""What moves in a mix: compressors, gates and rides of its tracks, buses and master.

Each set of tracks whose captured gain moves is asked for what could move it so, tracks first, then
buses, then all; what was found takes the place of the captured gain.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mixtrace.interpret.dynamics import Dialled, Heard, read_dynamics
from mixtrace.interpret.mixed import Gain, Members, Mixed
from mixtrace.interpret.nodes import equalized
from mixtrace.interpret.rides import read_ride
from mixtrace.interpret.strips import Fixed
from mixtrace.processors import NodeSettings

__all__ = ["Moving", "read_movement"]

_MOVES_DB = 1.5
"""What a captured gain has to move to be asked for: less is within its error."""

_WORTH = 0.02
"""Of the error that one processor leaves: what another has to take off it."""

_SPARED = 0.02
"""By what share the error may rise for a processor less on a track, where its bus has one."""

_ON_TRACKS, _ON_BUSES, _ON_ALL = ("compressor", "gate"), ("compressor",), ("compressor", "limiter")
_BEHIND = "behind the EQ"


@dataclass(frozen=True, eq=False)
class Moving:
    """What moves a track, a bus or all.

    Attributes:
        dynamics: compressors and gates in the order in which they were found.
        ride: its fader's automation; None where it does not move.
        level: the amplitude by which all of it has to be taken.
    """

    dynamics: tuple[Dialled, ...] = ()
    ride: NodeSettings | None = None
    level: float = 1.0


def read_movement(mixed: Mixed, fixed: Mapping[str, Fixed]) -> dict[Members, Moving]:
    """Return what moves each set of tracks that a captured gain moves."""
    asked = sorted((m for m, gain in mixed.gains.items() if _moves(gain)), key=len)
    found: dict[Members, Moving] = {}
    for members in asked:
        found[members], gain = _read(mixed, members, fixed, _kinds(mixed, members))
        mixed.take(members, gain)
    for members in asked:
        if len(members) > 1 and found[members].dynamics:
            _spare(mixed, members, fixed, found)
    return found


def _spare(
    mixed: Mixed, bus: Members, fixed: Mapping[str, Fixed], found: dict[Members, Moving]
) -> None:
    """Take away the dynamics of tracks whose bus can do as well without them."""
    inside = [m for m in found if len(m) == 1 and set(m) < set(bus) and found[m].dynamics]
    for tracks in ([inside] if len(inside) > 1 else []) + [[members] for members in inside]:
        if not all(found[members].dynamics for members in tracks):
            continue
        before, gains, rest, told = mixed.error(), dict(mixed.gains), mixed.rest, dict(found)
        for members in tracks:
            mixed.take(members, np.ones(mixed.frames))
        for members, kinds in [(bus, _kinds(mixed, bus)), *((m, ()) for m in tracks)]:
            found[members], gain = _read(mixed, members, fixed, kinds)
            mixed.take(members, gain)
        if mixed.error() > before * (1.0 + _SPARED) ** len(tracks):
            mixed.gains, mixed.rest = gains, rest
            found.update(told)


def _read(
    mixed: Mixed, members: Members, fixed: Mapping[str, Fixed], possible: Sequence[str]
) -> tuple[Moving, Gain]:
    """Return what of some kinds moves some tracks, and its gain."""
    frames = mixed.asked(members).frames
    sounds = _sounds(mixed, members, fixed)
    gain: Gain = np.ones(len(frames.own))
    taken: list[Dialled] = []
    left = 1.0
    while kinds := [kind for kind in possible if kind not in {one.settings.kind for one in taken}]:
        tried = [read_dynamics(kind, frames.under(gain), sounds) for kind in kinds]
        best = min(tried, key=lambda one: one.price)
        if best.price > (left * (1.0 - _WORTH) if taken else 1.0):
            break
        taken.append(best)
        left = best.left
        gain = gain * sounds[best.hears].gain(best.settings)
    ride = read_ride(frames.under(gain))
    if ride is not None:
        gain = gain * ride.gain
    level = frames.explained(gain).level
    moving = Moving(tuple(taken), None if ride is None else ride.settings, level)
    return moving, level * gain


def _kinds(mixed: Mixed, members: Members) -> tuple[str, ...]:
    """Return what may move some tracks."""
    if len(members) == 1:
        return _ON_TRACKS
    return _ON_ALL if len(members) == mixed.tracks else _ON_BUSES


def _sounds(mixed: Mixed, members: Members, fixed: Mapping[str, Fixed]) -> dict[str, Heard]:
    """Return what a processor of some tracks may be hearing."""
    if len(members) > 1:
        inside = [other for other in mixed.gains if not set(other) < set(members)]
        return {"sum": Heard(mixed.part(members, inside), mixed.rate)}
    name = next(iter(members))
    dry = mixed.dry(name)
    sounds = {"dry": Heard(dry, mixed.rate)}
    equalizer = fixed[name].equalizer
    if equalizer is not None:
        sounds[_BEHIND] = Heard(equalized(dry, equalizer, mixed.rate), mixed.rate)
    return sounds


def _moves(gain: Gain) -> bool:
    low, high = np.quantile(20.0 * np.log10(np.maximum(gain, 1e-4)), (0.02, 0.98))
    return bool(high - low > _MOVES_DB)
