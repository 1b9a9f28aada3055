"""Which tracks are heard in their mix, which are not, and of which that is not certain.

What the *other* tracks explain is taken off the mix (`explained`), and the rest is compared with
the track: the coherence of each band over all windows in which the track plays, with one complex
gain for the whole song. The bar is the track's own: the same track moved to other places of the
song, where it can only be coherent by chance - by its key, its tempo or a tone it holds. Bands
count by how much of the track would be visible there if it lay 30 dB under the mix.

A track is not heard only if three things agree: its coherence is no higher than by chance; it would
be, if the track lay 36 dB under the mix; and the loudness of its bands does not follow the mix any
better here than elsewhere, as that of a transposed voice or of a drum behind a sample does.

Source of the statistic: G. Carter, C. Knapp, A. Nuttall, "Estimation of the magnitude-squared
coherence function via overlapped fast Fourier transform processing", IEEE Trans. Audio
Electroacoust. 21(4), 1973, eq. (3). We differ: windows are weighted by the inverse power of the
mix's rest, so that loud passages of others count no more than soft ones.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Complex64, Float, Int

from mixtrace.parallel import side_by_side
from mixtrace.session.correlate import squared
from mixtrace.session.explained import Explained, Frames

__all__ = ["UNHEARD", "Belonging", "Hearing", "judge_tracks"]

Belonging = Literal["heard", "not certain", "not heard"]
"""Whether a track is in its mix; one that is not certain is treated as if it were."""

_HEARD_TIMES = 3.0  # the highest coherence by chance; true tracks reach 5 to 200, foreign ones 2
_CHANCE_TIMES = 1.3
_CLEAR_TIMES = 10.0  # another take of the same notes reaches 6
_STEADY_TIMES = 2.0  # the coherence of windows whose phases differ at random
_FEW_PLACES, _MANY_PLACES = 3, 24
_WEIGHING_DB = -30.0  # under the mix where the track plays
_PLANTED_DB = (-36.0, -30.0, -24.0, -18.0, -12.0)
_SOFTEST_DB, _USUAL_DB = _PLANTED_DB[0], -18.0  # few tracks of a mix are softer than the latter
_FOLLOWS_DEVIATIONS = 2.5  # of the likeness elsewhere; 60 foreign tracks reached 2.6
_ACTIVE_SHARE = 0.01  # of the energy of the track's loudest window
_FLOOR_SHARE = 0.01  # of a band's mean power: below it a window does not count for more
_TILT_HZ = 1000.0  # above, bands count less, as there are more of them in an octave
_EDGES_HZ = tuple(float(hz) for hz in np.geomspace(80.0, 13000.0, 21))

_Spectra = Complex64[np.ndarray, "window band bin _channel"]
_Active = Complex64[np.ndarray, "active band bin _channel"]
_BandPowers = Float[np.ndarray, "window band"]
_Bands = Float[np.ndarray, " band"]


@dataclass(frozen=True)
class Hearing:
    """What the mix shows of one track.

    Attributes:
        belongs: the verdict.
        times_chance: its coherence in multiples of the highest by chance.
        audible_db: the lowest of some levels, relative to the mix where the track plays, at which
            it would be heard if it were there; infinite if it would not at any of them, or has not
            been judged.
        steady: whether its phase in the mix is the same in all windows, as it is never by chance.
    """

    belongs: Belonging = "not certain"
    times_chance: float = 0.0
    audible_db: float = math.inf
    steady: bool = False

    @property
    def coherent(self) -> bool:
        """Whether its very waveform is in the mix."""
        return self.steady and self.times_chance >= _HEARD_TIMES

    @property
    def apart(self) -> bool:
        """Whether its waveform is not in the mix, where it would show if it were as loud as usual.

        So it is with the tracks of another take, too, which play the notes of the mix.
        """
        strange = self.times_chance < (_CHANCE_TIMES if self.steady else _CLEAR_TIMES)
        return strange and self.audible_db <= _USUAL_DB


UNHEARD = Hearing()
"""Of a track that was not looked at."""


def judge_tracks(explained: Explained) -> list[Hearing]:
    """Return for each track whether it is heard in the mix."""
    rest = explained.rest()
    return list(side_by_side(lambda k: _judge(explained, rest, k), range(len(explained.tracks))))


def _judge(explained: Explained, rest: _Spectra, track: int) -> Hearing:
    spectra = explained.spectra(track)
    energy = np.sum(squared(spectra), axis=(1, 2, 3))
    active = np.flatnonzero(energy > _ACTIVE_SHARE * energy.max())
    if not len(active):
        return UNHEARD
    alone = rest + explained.share(track, spectra)
    pairs = _pairs(spectra[active], alone, explained, active)
    few = max(pairs.coherence(place) for place in pairs.places(_FEW_PLACES))
    here = pairs.coherence(0)
    steady = pairs.steadiness() >= _STEADY_TIMES
    if steady and here > _CLEAR_TIMES * few:
        return Hearing("heard", here / max(few, 1e-20), _SOFTEST_DB, steady=True)
    chance = max(1e-20, *(pairs.coherence(place) for place in pairs.places(_MANY_PLACES)))
    bar = _HEARD_TIMES * chance
    audible_db = next((db for db in _PLANTED_DB if pairs.coherence(0, db) >= bar), math.inf)
    hearing = Hearing("not certain", here / chance, audible_db, steady)
    if hearing.coherent:
        return replace(hearing, belongs="heard")
    if hearing.times_chance >= _CHANCE_TIMES or audible_db > _SOFTEST_DB:
        return hearing
    follows = _follows(explained, track, alone)
    return hearing if follows else replace(hearing, belongs="not heard")


@dataclass(frozen=True, eq=False)
class _Pair:
    """One channel of a track beside one of the mix without the others.

    Attributes:
        dry: the track in the windows in which it plays.
        wet: the mix's rest in all windows.
        power: of `dry`.
        wet_power: of `wet`, with a floor.
        weight: of the bands; they sum to one.
        gain: from the track to the level of the mix.
    """

    dry: Complex64[np.ndarray, "active band bin"]
    wet: Complex64[np.ndarray, "window band bin"]
    power: Float[np.ndarray, "active band"]
    wet_power: _BandPowers
    weight: _Bands
    gain: float


@dataclass(frozen=True, eq=False)
class _Pairs:
    pairs: tuple[_Pair, ...]
    active: Int[np.ndarray, " active"]

    def places(self, most: int) -> list[int]:
        """Return by how many windows the track is moved for a look at chance, cyclically."""
        windows = len(self.pairs[0].wet)
        return np.unique(np.linspace(2, windows - 2, min(most, windows - 3)).astype(int)).tolist()

    def coherence(self, place: int, planted_db: float = -math.inf) -> float:
        """Return the weighted coherence with the mix so many windows later.

        Args:
            place: the number of windows.
            planted_db: at which level, relative to the mix, the track is added to it.
        """
        windows = (self.active + place) % len(self.pairs[0].wet)
        added = 10.0 ** (planted_db / 20.0)
        return sum(_coherence(p, windows, added * p.gain)[0] for p in self.pairs)

    def steadiness(self) -> float:
        """Return the coherence in the mix over what it would be if each window had its own phase.

        Two tracks that sound at the same moments are more coherent in each window than at others,
        but no more so in all windows together.
        """
        both = np.sum([_coherence(p, self.active, 0.0) for p in self.pairs], axis=0)
        return float(both[0] / (both[1] + 1e-30))


def _coherence(
    pair: _Pair, windows: Int[np.ndarray, " active"], gain: float
) -> tuple[float, float]:
    """Return the weighted coherence of a pair, with the track added to the mix at a gain.

    Returns:
        The coherence, and the mean of what it would be with a phase at random in each window.
    """
    cross = np.einsum("wbn,wbn->wb", pair.dry.conj(), pair.wet[windows]) + gain * pair.power
    power = pair.wet_power[windows] + gain**2 * pair.power
    seen = cross / power
    weight = pair.weight / (np.sum(pair.power / power, axis=0) * len(windows) + 1e-30)
    together = np.sum(weight * np.abs(np.sum(seen, axis=0)) ** 2)
    return float(together), float(np.sum(weight * np.abs(seen) ** 2))


def _pairs(
    dry: _Active, wet: _Spectra, explained: Explained, active: Int[np.ndarray, " active"]
) -> _Pairs:
    """Pair a mono track with both channels of the mix, a stereo one left with left."""
    channels = ((0, 0), (0, 1)) if dry.shape[3] == 1 else ((0, 0), (1, 1))
    level = np.sum(squared(explained.mix[active])) / 2.0
    level /= np.sum(squared(dry)) / dry.shape[3]
    pairs = []
    for own, side in channels:
        power, wet_power = (np.sum(squared(s), axis=2) for s in (dry[..., own], wet[..., side]))
        mean = wet_power.mean(axis=0)
        wet_power += _FLOOR_SHARE * mean + 1e-20
        weight = _weight(level * np.mean(power, axis=0), mean, explained)
        gain = float(np.sqrt(level))
        pairs.append(_Pair(dry[..., own], wet[..., side], power, wet_power, weight, gain))
    return _Pairs(tuple(pairs), active)


def _weight(dry: _Bands, rest: _Bands, explained: Explained) -> _Bands:
    """Return how much of the track would be visible in each band; `dry` is as loud as the mix."""
    grid = explained.grid
    visible = 10.0 ** (_WEIGHING_DB / 10.0) * dry / (rest + 1e-20)
    frequency_hz = np.arange(grid.bands) * (grid.bins / grid.bands * grid.sample_rate_hz)
    weight = visible / (1.0 + visible) / np.sqrt(1.0 + frequency_hz / grid.length / _TILT_HZ)
    return weight / (weight.sum() + 1e-30)


def _follows(explained: Explained, track: int, alone: _Spectra) -> bool:
    """Return whether the loudness of bands goes with the mix's here, and less so elsewhere."""
    frames = Frames(explained.grid, _EDGES_HZ)
    own = _contrast(frames.of_audio(explained.tracks[track]))
    rest = _contrast(frames.of_spectra(alone))
    likeness = np.array([np.mean(own * np.roll(rest, place, 0)) for place in range(len(own))])
    elsewhere = likeness[2:-1]
    bar = elsewhere.mean() + _FOLLOWS_DEVIATIONS * elsewhere.std()
    return bool(likeness[0] > max(bar, elsewhere.max()))


def _contrast(powers: Float[np.ndarray, "window frame band"]) -> np.ndarray:
    """Return levels in each band, down to 50 dB under its highest, without mean, of variance 1."""
    level = np.log10(powers / (powers.max(axis=(0, 1)) + 1e-20) + 1e-5)
    level -= level.mean(axis=(0, 1))
    return level / (level.std(axis=(0, 1)) + 1e-9)
