"""What a listening test found: who is left out, and how each system was rated."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from mixtrace.listening.ratings import HIGHEST, LOWEST, Rating

__all__ = ["ListeningResults", "Screened", "SystemRating", "listening_results"]

_GOOD, _MOST_WRONG, _MANY = 90.0, 0.15, 0.25
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Screened:
    """A listener whose ratings do not count.

    Attributes:
        listener: Who.
        why: In a sentence.
    """

    listener: str
    why: str


@dataclass(frozen=True)
class SystemRating:
    """How a system was rated.

    Attributes:
        system: Its name.
        role: What it is in the test.
        listeners: How many listeners count.
        ratings: How many ratings they gave it.
        mean: The mean over listeners, of each of whom the mean over songs is taken.
        interval: The 95 % interval of that mean, within the scale; None for a single listener.
        cut: Whether its lower and its upper end were beyond the scale, and were brought to the
            scale's end.
        median, quartiles: Of all ratings.
    """

    system: str
    role: str
    listeners: int
    ratings: int
    mean: float
    interval: tuple[float, float] | None
    cut: tuple[bool, bool]
    median: float
    quartiles: tuple[float, float]


@dataclass(frozen=True)
class ListeningResults:
    """The results of a listening test.

    Attributes:
        test: Its identity.
        listeners: How many took part.
        screened: Who of them is left out.
        overall: How each system was rated, the best first.
        by_song: The same for each song.
        indifferent_songs: Songs whose mid anchor more than a quarter of the listeners rated above
            90: nobody is left out for it.
    """

    test: str
    listeners: int
    screened: tuple[Screened, ...]
    overall: tuple[SystemRating, ...]
    by_song: dict[str, tuple[SystemRating, ...]]
    indifferent_songs: tuple[str, ...]


def listening_results(ratings: Sequence[Rating], *, screen: bool = True) -> ListeningResults:
    """Return the statistics of a test.

    A listener is left out who rates the hidden reference below 90, or the mid anchor above 90, for
    more than 15 % of the songs. A song of which more than a quarter of the listeners rate the mid
    anchor above 90 does not count for the second rule: it was hardly changed by the anchor.

    Args:
        ratings: Of one test.
        screen: Whether anybody is left out.

    Source: BS.1534-3, section 4.1.2, and 4.1.2's median and quartiles, of which the quartiles are
    the medians of both halves, each with the middle one where the number is odd. The interval is
    Student's, as the recommendation has it, but for two things that are ours: its unit is the
    listener, for ratings by one listener are not independent; and what of it lies beyond the scale
    is cut off. No mean of ratings can lie there, so that the rest holds the true mean as often.
    """
    indifferent = _indifferent(ratings)
    listeners = list(dict.fromkeys(rating.listener for rating in ratings))
    screened = _screened(ratings, listeners, indifferent) if screen else ()
    gone = {one.listener for one in screened}
    kept = [rating for rating in ratings if rating.listener not in gone]
    songs = dict.fromkeys(rating.song for rating in kept)
    return ListeningResults(
        test=ratings[0].test,
        listeners=len(listeners),
        screened=screened,
        overall=_systems(kept),
        by_song={song: _systems([one for one in kept if one.song == song]) for song in songs},
        indifferent_songs=tuple(indifferent),
    )


def _indifferent(ratings: Sequence[Rating]) -> list[str]:
    anchors = [rating for rating in ratings if rating.role == "mid anchor"]
    return [
        song
        for song in dict.fromkeys(rating.song for rating in anchors)
        if np.mean([rating.rating > _GOOD for rating in anchors if rating.song == song]) > _MANY
    ]


def _screened(
    ratings: Sequence[Rating], listeners: Sequence[str], indifferent: Sequence[str]
) -> tuple[Screened, ...]:
    found = []
    for listener in listeners:
        own = [rating for rating in ratings if rating.listener == listener]
        low = [rating.rating < _GOOD for rating in own if rating.role == "reference"]
        high = [
            rating.rating > _GOOD and rating.song not in indifferent
            for rating in own
            if rating.role == "mid anchor"
        ]
        if low and np.mean(low) > _MOST_WRONG:
            why = f"rated the hidden reference below 90 in {sum(low)} of {len(low)} songs"
            found.append(Screened(listener, why))
        elif high and np.mean(high) > _MOST_WRONG:
            why = f"rated the mid anchor above 90 in {sum(high)} of {len(high)} songs"
            found.append(Screened(listener, why))
    return tuple(found)


def _systems(ratings: Sequence[Rating]) -> tuple[SystemRating, ...]:
    systems = dict.fromkeys((rating.system, rating.role) for rating in ratings)
    found = [
        _system(*which, [one for one in ratings if (one.system, one.role) == which])
        for which in systems
    ]
    return tuple(sorted(found, key=lambda rating: -rating.mean))


def _system(system: str, role: str, ratings: Sequence[Rating]) -> SystemRating:
    by_listener: dict[str, list[float]] = {}
    for rating in ratings:
        by_listener.setdefault(rating.listener, []).append(rating.rating)
    means = np.array([np.mean(own) for own in by_listener.values()])
    mean, count = float(means.mean()), len(means)
    interval, cut = None, (False, False)
    if count > 1:
        reach = float(student.ppf(0.5 + _CONFIDENCE / 2.0, count - 1))
        reach *= float(means.std(ddof=1)) / math.sqrt(count)
        low, high = mean - reach, mean + reach
        interval, cut = (max(low, LOWEST), min(high, HIGHEST)), (low < LOWEST, high > HIGHEST)
    values = np.sort([rating.rating for rating in ratings])
    half = (len(values) + 1) // 2
    quartiles = float(np.median(values[:half])), float(np.median(values[-half:]))
    return SystemRating(
        system,
        role,
        listeners=count,
        ratings=len(values),
        mean=mean,
        interval=interval,
        cut=cut,
        median=float(np.median(values)),
        quartiles=quartiles,
    )
