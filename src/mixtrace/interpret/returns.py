"""Which tails are one reverb, and which echoes one delay: returns, and the sends that feed them.

What follows the direct part of track k is L_k = s_k D_k R + noise, for each of its channels and
each side: D_k is what a return hears of the track, behind its EQ and fader, and s_k the level of
its send. All L_k were read with a known variance u_k, so for any set of tracks the best R is the
sum of s_k D_k* L_k / u_k over that of s_k² |D_k|² / u_k, and the best s_k follows from R likewise.
Tails of different rooms hardly correlate, those of one room do as far as noise lets them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Float

from mixtrace.dsp import fast_length
from mixtrace.interpret.space import Repeats

__all__ = ["Late", "Room", "alike_delays", "shared_rooms"]

_ALIKE = 0.4
"""Correlation of two tails, their noise allowed for: those of one room reach .45 to 1 on songs of
known sends, those of several rooms stay below .2, but for presets of one Freeverb (.9)."""

_BY_CHANCE = 5.0
"""Standard deviations by which a correlation must exceed what chance makes of so many bins."""

_SEED = 2.5
"""Energy over that of noise from which on a tail can be asked for others like it."""

_LEAST_SURE = 0.1
_TURNS = 4
_SMALL = 1e-2
_SOFTEST = 0.02  # of the sound: a send below -34 dB is not heard
_TIME_S, _FEEDBACK = 0.001, 0.25


@dataclass(frozen=True, eq=False)
class Late:
    """What follows the direct part of a track's responses.

    Attributes:
        late: to left and right from each channel, without echoes.
        sound: what a return hears of each channel: both sides together.
        unsure: the variance of a tap as a spectrum, from 0 to half the rate.
    """

    late: Float[np.ndarray, "channel side taps"]
    sound: Float[np.ndarray, "channel taps"]
    unsure: Float[np.ndarray, " line"]

    @property
    def over_noise(self) -> float:
        """Energy over that of noise, the mean over all lines: 1 where there is nothing else.

        Where a line is not known it adds nothing, so that tones tell of their partials.
        """
        return _seen(self, fast_length(2 * self.late.shape[-1])).over_noise


@dataclass(frozen=True, eq=False)
class Room:
    """A reverb that several tracks feed.

    Attributes:
        taps: its response to left and right from either, of unit energy in all.
        sends: amplitude of each track's send.
    """

    taps: Float[np.ndarray, "side taps"]
    sends: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class _Seen:
    """A track's tail as spectra, over its noise."""

    late: Complex[np.ndarray, "channel side bin"]
    sound: Complex[np.ndarray, "channel bin"]

    @property
    def over_noise(self) -> float:
        """Energy over that of noise alone."""
        return float(np.mean(np.abs(self.late) ** 2))

    def sums(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Return what the track adds to numerator and denominator of the best room."""
        heard = level * self.sound
        return (heard.conj()[:, None] * self.late).sum(0), (np.abs(heard) ** 2).sum(0)

    def level(self, room: Complex[np.ndarray, "side bin"]) -> float:
        """Return the amplitude at which it feeds a room."""
        fed = self.sound[:, None] * room
        return float((fed.conj() * self.late).real.sum() / ((np.abs(fed) ** 2).sum() + 1e-30))

    def likeness(self, room: Complex[np.ndarray, "side bin"]) -> tuple[float, float]:
        """Return the correlation with what the room would make of it, and that of chance."""
        fed = self.sound[:, None] * room
        power = np.abs(fed) ** 2
        common = float((fed.conj() * self.late).real.sum())
        total = float(power.sum() * (np.abs(self.late) ** 2).sum())
        bins = float(power.sum()) ** 2 / (float((power**2).sum()) + 1e-30)
        return common / np.sqrt(total + 1e-30), 1.0 / np.sqrt(2.0 * max(bins, 1.0))


def shared_rooms(lates: Mapping[str, Late]) -> list[Room]:
    """Return the reverbs that at least two tracks feed.

    Args:
        lates: of each track by its name; their responses are equally long.
    """
    taps = max((late.late.shape[-1] for late in lates.values()), default=0)
    length = fast_length(2 * taps)
    seen = {name: _seen(late, length) for name, late in lates.items()}
    free = sorted(seen, key=lambda name: seen[name].over_noise, reverse=True)
    rooms = []
    for seed in list(free):
        if seed not in free or seen[seed].over_noise < _SEED:
            continue
        members = _members(seed, {name: seen[name] for name in free})
        room = _room(members, seen, taps, length)
        if len(room.sends) > 1:
            rooms.append(room)
            free = [name for name in free if name not in room.sends]
    return rooms


def alike_delays(delays: Mapping[str, Repeats]) -> list[tuple[str, ...]]:
    """Return which tracks have the same delay, at least two each."""
    free, found = list(delays), []
    while free:
        first = delays[free[0]]
        alike = [
            name
            for name in free
            if abs(delays[name].time_s - first.time_s) <= _TIME_S
            and abs(delays[name].feedback - first.feedback) <= _FEEDBACK
        ]
        if len(alike) > 1:
            found.append(tuple(alike))
        free = [name for name in free if name not in alike]
    return found


def _members(seed: str, seen: Mapping[str, _Seen]) -> dict[str, float]:
    """Return the tracks that feed the room which a track is heard in, and their levels."""
    levels = {seed: 1.0}
    for _ in range(_TURNS):
        fed = {}
        for name, one in seen.items():
            others = {n: level for n, level in levels.items() if n != name} or levels
            room, sure = _pooled({n: seen[n] for n in others}, others)
            correlation, chance = one.likeness(room)
            own = max(1.0 - 1.0 / one.over_noise, _LEAST_SURE)
            if name == seed or (
                correlation > _BY_CHANCE * chance and correlation > _ALIKE * np.sqrt(own * sure)
            ):
                fed[name] = one.level(room)
        fed[seed] = levels[seed]
        again = fed.keys() == levels.keys()
        levels = fed
        if again:
            break
    return levels


def _pooled(
    seen: Mapping[str, _Seen], levels: Mapping[str, float]
) -> tuple[Complex[np.ndarray, "side bin"], float]:
    """Return the room that some tracks are heard in, and how much of its energy is no noise."""
    sums = [seen[name].sums(level) for name, level in levels.items()]
    above, below = (np.sum([one[k] for one in sums], 0) for k in (0, 1))
    room = above / (below + _SMALL * below.mean() + 1e-30)
    over_noise = float((np.abs(above) ** 2 / (below + 1e-30)).mean())
    return room, max(1.0 - 1.0 / over_noise, _LEAST_SURE)


def _room(levels: Mapping[str, float], seen: Mapping[str, _Seen], taps: int, length: int) -> Room:
    room, _ = _pooled({name: seen[name] for name in levels}, levels)
    response = np.fft.irfft(room, length)[:, :taps]
    amplitude = float(np.sqrt((response**2).sum()))  # left and right feed it alike
    sends = {name: amplitude * seen[name].level(room) for name in levels}
    return Room(response / amplitude, {n: s for n, s in sends.items() if s > _SOFTEST})


def _seen(late: Late, length: int) -> _Seen:
    bins = length // 2 + 1
    places = np.linspace(0.0, len(late.unsure) - 1.0, bins)
    noise = np.interp(places, np.arange(len(late.unsure)), late.unsure) * late.late.shape[-1]
    scale = 1.0 / np.sqrt(noise + 1e-30)
    return _Seen(np.fft.rfft(late.late, length) * scale, np.fft.rfft(late.sound, length) * scale)
