"""The fewest bands that say a curve.

A curve is given with how sure each of its points is. Bands enter one by one, the one first that
takes most off the misfit; each is then asked whether another kind says the same with less, and
those leave that the others can do without. A band has to be worth its settings: it must take more
off the misfit than as many settings would by chance (as information criteria have it).
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import least_squares

from mixtrace.interpret.bands import BANDS, Band, BandKind, Curve, shape_db

__all__ = ["BandFit", "fit_bands"]

_MOST_BELLS = 6
_MOST_BANDS = 9
_STRAY = 3.0
"""Standard deviations from which on a point counts less: a notch of a room is no band."""

_GAIN_DB = 4.0
_USUAL_Q = (0.5, 2.0)
_ODD_Q = 0.4
"""What counts as much as a point that is off by its standard deviation: a gain of 4 dB, as large as
most that are dialled, and a Q that is half again (in natural logarithms .4) beyond what is usual.
Two bands that undo one another have to be worth both."""

_STEP = math.sqrt(np.finfo(float).eps)
"""Of a setting, or of 1: as scipy's own differences have it."""

_BELL_QS = (0.7, 1.4, 3.0)
_BELL_EVERY = 6
_TRIED = 5


@dataclass(frozen=True, eq=False)
class BandFit:
    """A level and bands that say a curve.

    Attributes:
        level_db: what stays everywhere when the bands are taken out.
        bands: with their settings.
        misfit: what they leave of the curve in squared standard deviations, and what speaks
            against their settings.
    """

    level_db: float
    bands: tuple[Band, ...]
    misfit: float

    def curve_db(self, hz: Curve) -> Curve:
        """Return the curve that they say."""
        return self.level_db + shape_db(self.bands, hz)


def fit_bands(
    hz: Curve, gain_db: Curve, sigma_db: Curve, worth: float, most: int = _MOST_BANDS
) -> BandFit:
    """Return the level and the fewest bands that say a curve.

    Args:
        hz: rising frequencies.
        gain_db: the curve there.
        sigma_db: the standard deviation of each point, as if points were independent.
        worth: what each setting has to take off the misfit.
        most: how many bands there may be.
    """
    search = _Search(hz, gain_db, 1.0 / sigma_db, worth)
    found = search.refined(())
    while len(found.bands) < most:
        entering = search.promising(found)
        larger = search.best((*found.bands, band) for band in entering)
        if larger is None or search.price(larger) > search.price(found) - worth:
            break
        found = search.exchanged(larger)
    return search.thinned(found)


class _Search:
    def __init__(self, hz: Curve, gain_db: Curve, weight: Curve, worth: float) -> None:
        self._hz, self._gain_db, self._weight, self._worth = hz, gain_db, weight, worth

    def price(self, found: BandFit) -> float:
        """Return the misfit and what the settings have to be worth."""
        return found.misfit + self._worth * sum(band.kind.settings for band in found.bands)

    def best(self, several: Iterable[Sequence[Band]]) -> BandFit | None:
        """Return the best of several sets of bands, each refined."""
        return min((self.refined(bands) for bands in several), key=self.price, default=None)

    def refined(self, bands: Sequence[Band]) -> BandFit:
        """Return bands with their settings moved to where they say the curve best."""
        kinds = [band.kind for band in bands]
        ends = np.cumsum([0, *(kind.settings for kind in kinds)])
        low = np.array([bound for kind in kinds for bound in kind.low])
        high = np.array([bound for kind in kinds for bound in kind.high])
        start = np.array([value for band in bands for value in band.settings])
        start = np.clip(start, low + 1e-6, high - 1e-6)

        def placed(values: Float[np.ndarray, " setting"]) -> list[Band]:
            return [
                Band(kind, values[first:last])
                for kind, first, last in zip(kinds, ends, ends[1:], strict=False)
            ]

        def left(values: Float[np.ndarray, " value"]) -> Float[np.ndarray, " rest"]:
            moved = placed(values[1:])
            rest = (values[0] + shape_db(moved, self._hz) - self._gain_db) * self._weight
            return np.concatenate([rest, *map(_against, moved)])

        def slopes(values: Float[np.ndarray, " value"]) -> Float[np.ndarray, "rest value"]:
            return self._slopes(placed(values[1:]))

        rest = self._gain_db - shape_db(placed(start), self._hz)
        level = np.average(rest, weights=self._weight**2)
        found = least_squares(
            left,
            np.concatenate([[level], start]),
            jac=slopes,  # pyright: ignore[reportArgumentType] (scipy says text alone)
            bounds=(np.concatenate([[-np.inf], low]), np.concatenate([[np.inf], high])),
            loss="soft_l1",
            f_scale=_STRAY,
            max_nfev=50,
        )
        return BandFit(float(found.x[0]), tuple(placed(found.x[1:])), 2.0 * float(found.cost))

    def _slopes(self, bands: Sequence[Band]) -> Float[np.ndarray, "rest value"]:
        """Return how what is left changes with the level and each setting.

        A setting moves its own band alone: with eight bands this takes an eighth of the time that
        differences of the whole curve take.
        """
        points = len(self._hz)
        doubts = [_against(band) for band in bands]
        columns = [np.concatenate([self._weight, np.zeros(sum(map(len, doubts)))])]
        place = points
        for band, doubt in zip(bands, doubts, strict=True):
            curve = band.kind.curve(band.settings, self._hz)
            for number, value in enumerate(band.settings):
                step = _STEP * max(1.0, abs(value))
                turned = Band(band.kind, band.settings.copy())
                turned.settings[number] += step
                column = np.zeros(len(columns[0]))
                moved = turned.kind.curve(turned.settings, self._hz) - curve
                column[:points] = moved / step * self._weight
                column[place : place + len(doubt)] = (_against(turned) - doubt) / step
                columns.append(column)
            place += len(doubt)
        return np.stack(columns, 1)

    def promising(self, found: BandFit) -> list[Band]:
        """Return the bands that say most of what is left, the best of each kind that may enter."""
        rest = self._gain_db - found.curve_db(self._hz)
        tried = []
        for kind in BANDS.values():
            if self._has_room(found.bands, kind):
                starts = list(self._starts(kind, rest))
                if starts:
                    tried.append(min(starts, key=_left_by))
        return [band for _, _, band in sorted(tried)[:_TRIED]]

    def exchanged(self, found: BandFit) -> BandFit:
        """Return the bands, each exchanged for one of another kind where that says it for less."""
        for place in range(len(found.bands)):
            others = found.bands[:place] + found.bands[place + 1 :]
            rest = self._gain_db - shape_db(others, self._hz) - found.level_db
            several = []
            for kind in BANDS.values():
                if kind is not found.bands[place].kind and self._has_room(others, kind):
                    starts = list(self._starts(kind, rest))
                    if starts:
                        several.append((*others, min(starts, key=_left_by)[-1]))
            other = self.best(several)
            if other is not None and self.price(other) < self.price(found):
                found = other
        return found

    def thinned(self, found: BandFit) -> BandFit:
        """Return the bands without those that the others can do without."""
        while found.bands:
            fewer = self.best(
                found.bands[:place] + found.bands[place + 1 :] for place in range(len(found.bands))
            )
            if fewer is None or self.price(fewer) > self.price(found):
                break
            found = fewer
        return found

    def _has_room(self, bands: Sequence[Band], kind: BandKind) -> bool:
        taken = sum(band.kind.family == kind.family for band in bands)
        return taken < (_MOST_BELLS if kind.family == "bell" else 1)

    def _starts(self, kind: BandKind, rest: Curve) -> Iterator[tuple[float, str, Band]]:
        """Yield bands of a kind and, first, what each leaves of a rest."""
        if kind.family == "bell":
            settings = [
                np.array([math.log(hz), 1.0, math.log(q)])
                for q in _BELL_QS
                for hz in self._hz[::_BELL_EVERY]
            ]
        else:
            settings = [np.array([math.log(hz), 1.0][: kind.settings]) for hz in kind.starts_hz]
        for values in settings:
            shape = kind.curve(values, self._hz)
            if kind.settings > 1:
                values[1] = np.clip(self._gain(shape, rest), -12.0, 12.0)
                shape = shape * values[1]
            yield self._left(rest - shape), kind.name, Band(kind, values)

    def _gain(self, shape: Curve, rest: Curve) -> float:
        """Return by how much a shape of about 1 dB has to be taken, the level left free."""
        squared = self._weight**2
        shape = shape - np.average(shape, weights=squared)
        return float((squared * shape * rest).sum() / ((squared * shape**2).sum() + 1e-9))

    def _left(self, rest: Curve) -> float:
        """Return a misfit as `refined` measures it, the level left free."""
        rest = (rest - np.average(rest, weights=self._weight**2)) * self._weight
        return float((2.0 * _STRAY**2 * (np.sqrt(1.0 + (rest / _STRAY) ** 2) - 1.0)).sum())


def _left_by(start: tuple[float, str, Band]) -> float:
    """Return what a band leaves of a rest: of a flat one several leave the same."""
    return start[0]


def _against(band: Band) -> Float[np.ndarray, " doubt"]:
    """Return what speaks against the settings of a band, as standard deviations."""
    if band.kind.settings == 1:
        return np.zeros(0)
    doubts = [band.gain_db / _GAIN_DB]
    if band.kind.settings > 2:
        low, high = map(math.log, _USUAL_Q)
        q = band.settings[2]
        doubts.append((max(q - high, 0.0) + min(q - low, 0.0)) / _ODD_Q)
    return np.array(doubts)
