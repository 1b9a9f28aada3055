"""Compares the facts of a found graph with the truth, song by song, and pools what comes of it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float
from known_curves import GRID_HZ, spread_db
from known_facts import DYNAMICS, Dynamics, Echo, Facts, Place
from known_matching import WET_DB, areas, loudest, match_groups, match_returns, sent_pairs

__all__ = ["CLOSE", "TYPES", "Scores", "score"]

TYPES = ("EQ", *DYNAMICS, "saturation", "delay", "reverb", "send", "ride")

_CHANGE_DB = 0.5  # what changes a track by less does not count
_BELL_DB = 3.0
_MOVES_DB = 2.0
_OCTAVE_SHARE = 1.0 / 6.0

CLOSE = {
    "threshold within 3 dB": 3.0,
    "ratio within a third": 1.0 / 3.0,
    "attack within a factor of two": 2.0,
    "release within a factor of two": 2.0,
    "RT60 within 15 %": 0.15,
    "reverb level within 2 dB": 2.0,
    "delay time within 1 ms": 1.0,
    "feedback within 0.05": 0.05,
    "level within 0.5 dB": 0.5,
    "pan within 5 %": 0.05,
    "ride within 1 dB": 1.0,
    "bell within a sixth of an octave": _OCTAVE_SHARE,
}
"""What is counted as right, and how near it has to be; a setting that was not found is wrong."""


@dataclass
class Scores:
    """What was found in some songs.

    Attributes:
        counts: type -> places where it is true, where it is found, where both.
        right: measure of `CLOSE` -> whether each setting is right.
        apart: measure of `CLOSE` -> how far each setting is off; infinity where it was not found.
        numbers: measure -> its values.
    """

    counts: dict[str, list[int]] = field(default_factory=lambda: {t: [0, 0, 0] for t in TYPES})
    right: dict[str, list[bool]] = field(default_factory=lambda: {name: [] for name in CLOSE})
    apart: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in CLOSE})
    numbers: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def f1(self, kind: str) -> float:
        """Return the harmonic mean of precision and recall; nan where there is nothing."""
        true, found, both = self.counts[kind]
        return 2.0 * both / (true + found) if true + found else float("nan")

    def add(self, other: "Scores") -> None:
        """Add those of another song."""
        for kind, counts in other.counts.items():
            self.counts[kind] = [a + b for a, b in zip(self.counts[kind], counts, strict=True)]
        for name, rights in other.right.items():
            self.right[name] += rights
            self.apart[name] += other.apart[name]
        for name, numbers in other.numbers.items():
            self.numbers[name] += numbers


def score(true: Facts, found: Facts, returns: dict[str, str] | None = None) -> Scores:
    """Return how near a found graph comes to the truth.

    Args:
        true: the truth, with where its tracks sound.
        found: what was found.
        returns: true returns -> found ones; None to match them here.
    """
    scores = Scores()
    groups = match_groups(true, found)
    returns = match_returns(true, found) if returns is None else returns
    nothing = Place(frozenset(), np.zeros(len(GRID_HZ)))
    pairs = [(true.tracks[n], found.tracks.get(n, nothing), true.on[n]) for n in true.tracks]
    pairs += [(true.groups[n], found.groups.get(groups[n], nothing), true.on[n]) for n in groups]
    pairs.append((true.master, found.master, true.on["master"]))
    extra = [place for name, place in found.groups.items() if name not in groups.values()]
    for kind in TYPES:
        if kind == "send":
            there, told = set(sent_pairs(true, None)), set(sent_pairs(found, returns))
            found_pairs = len(told), len(there & told)
            scores.counts[kind] = [len(there), *found_pairs]
            continue
        marks = [(_has(kind, a), _has(kind, b)) for a, b, _ in pairs]
        marks += [(False, _has(kind, place)) for place in extra]
        sums = sum(a for a, _ in marks), sum(b for _, b in marks), sum(a and b for a, b in marks)
        scores.counts[kind] = [*sums]
    for name, place in true.tracks.items():
        _track(scores, place, found.tracks.get(name, nothing), true.heard[name])
    for a, b, on in pairs:
        _gains(scores, a, b, on)
    for name, area in areas(true, found, returns):
        scores.numbers[f"area under the curve of sends ({name})"].append(area)
        scores.numbers["area under the curve of sends"].append(area)
    for name, other in returns.items():
        ours, theirs = true.sends[name], found.sends[other]
        off_db = [abs(theirs[track] - ours[track]) for track in ours if track in theirs]
        scores.numbers["level of sends: error, dB"] += off_db
    return scores


def _has(kind: str, place: Place) -> bool:
    if kind in ("delay", "reverb"):
        return any(e.kind == kind and e.wet_db > WET_DB for e in place.echoes)
    effects = {"EQ": place.eq_effect_db, "saturation": place.saturation_db}
    effects["ride"] = place.ride_effect_db
    effects |= {k: max((d.effect_db for d in place.of_kind(k)), default=0.0) for k in DYNAMICS}
    return effects[kind] >= _CHANGE_DB


def _track(scores: Scores, true: Place, found: Place, heard: Bool[np.ndarray, " point"]) -> None:
    """Add what is told of tracks alone: curves, echoes, level and pan."""
    off_db = found.eq_db - true.eq_db
    constant_db = float(np.median(off_db[heard]))
    if _has("EQ", true):
        errors = np.abs(off_db - constant_db)[heard]
        scores.numbers["EQ curve: median error, dB"].append(float(np.median(errors)))
        scores.numbers["EQ curve: worst error, dB"].append(float(errors.max()))
    for hz, db in true.bells or ():
        if abs(db) >= _BELL_DB and np.interp(np.log(hz), np.log(GRID_HZ), heard) > 0.5:
            _right(scores, "bell within a sixth of an octave", _bell_apart(hz, db, found))
    for kind in ("reverb", "delay"):
        if _has(kind, true):
            _echo(scores, loudest(kind, true), loudest(kind, found))
    level_off_db = found.level_db + constant_db - true.level_db
    if not found.tracks:
        level_off_db = float("inf")
    scores.numbers["level: error, dB"].append(abs(level_off_db))
    _right(scores, "level within 0.5 dB", abs(level_off_db))
    _right(scores, "pan within 5 %", abs(found.pan - true.pan))


def _echo(scores: Scores, true: Echo | None, found: Echo | None) -> None:
    assert true is not None
    if true.kind == "reverb":
        _right(scores, "reverb level within 2 dB", _apart(true, found, "wet_db"))
        _right(scores, "RT60 within 15 %", _apart(true, found, "rt60_s") / (true.rt60_s or 1.0))
        return
    _right(scores, "delay time within 1 ms", _apart(true, found, "time_ms"))
    if found is None or found.feedback is not None:
        _right(scores, "feedback within 0.05", _apart(true, found, "feedback"))


def _apart(true: object, found: object, name: str) -> float:
    """Return how far a number lies from the true one; infinity where there is none."""
    ours, theirs = getattr(true, name), getattr(found, name, None)
    return float("inf") if ours is None or theirs is None else abs(theirs - ours)


def _gains(scores: Scores, true: Place, found: Place, on: Bool[np.ndarray, " block"]) -> None:
    """Add what is told of gains that move: compressors and rides."""
    ours, theirs = true.of_kind("compressor"), found.of_kind("compressor")
    if _has("compressor", true):
        first = theirs[0] if theirs else None
        for one in ours[:1]:
            _compressor(scores, one, first)
        wanted_db = _total(ours, len(on))[on]
        if spread_db(wanted_db) >= _MOVES_DB:
            given_db = _total(theirs, len(on))[on]
            scores.numbers["gain reduction: correlation"].append(_correlation(wanted_db, given_db))
            rms_db = float(np.sqrt(np.mean(np.square(given_db - wanted_db))))
            scores.numbers["gain reduction: rms error, dB"].append(rms_db)
    if true.ride_db is not None and _has("ride", true):
        wanted_db = _levelled(true.ride_db, on)
        given_db = np.zeros(len(wanted_db))
        if found.ride_db is not None:
            given_db = _levelled(found.ride_db, on)
        rms_db = float(np.sqrt(np.mean(np.square(given_db - wanted_db))))
        scores.numbers["ride: rms error, dB"].append(rms_db)
        _right(scores, "ride within 1 dB", rms_db)


def _compressor(scores: Scores, true: Dynamics, found: Dynamics | None) -> None:
    _right(scores, "threshold within 3 dB", _apart(true, found, "threshold_db"))
    _right(scores, "ratio within a third", _apart(true, found, "ratio") / (true.ratio or 1.0))
    for name in ("attack", "release"):
        ours, theirs = getattr(true, f"{name}_ms"), getattr(found, f"{name}_ms", None)
        factor = max(ours / theirs, theirs / ours) if ours and theirs else float("inf")
        _right(scores, f"{name} within a factor of two", factor)


def _total(compressors: Sequence[Dynamics], blocks: int) -> Float[np.ndarray, " block"]:
    """Return the gain of compressors that follow one another."""
    return np.sum([np.resize(c.curve_db, blocks) for c in compressors], 0) + np.zeros(blocks)


def _levelled(
    ride_db: Float[np.ndarray, " block"], on: Bool[np.ndarray, " block"]
) -> Float[np.ndarray, " some"]:
    heard_db = np.resize(ride_db, len(on))[on]
    return heard_db - np.median(heard_db)


def _correlation(a: Float[np.ndarray, " value"], b: Float[np.ndarray, " value"]) -> float:
    """Return the correlation; nothing in common where one does not move."""
    return float(np.corrcoef(a, b)[0, 1]) if min(a.std(), b.std()) > 1e-6 else 0.0


def _bell_apart(hz: float, db: float, found: Place) -> float:
    """Return how many octaves away the nearest bell of the same sign, or such a bend, is."""
    bells = _bends(found.eq_db) if found.bells is None else found.bells
    octaves = [
        abs(float(np.log2(other / hz)))
        for other, gain in bells
        if gain * db > 0.0 and abs(gain) >= _CHANGE_DB
    ]
    return min(octaves, default=float("inf"))


def _bends(curve_db: Float[np.ndarray, " point"]) -> list[tuple[float, float]]:
    """Return the frequencies where a curve has a top or a bottom, and its sign there."""
    smooth = np.convolve(np.pad(curve_db, 1, "edge"), [0.25, 0.5, 0.25], "valid")
    rises = np.sign(np.diff(smooth))
    turns = np.flatnonzero(rises[1:] * rises[:-1] < 0.0) + 1
    return [(float(GRID_HZ[i]), float(np.sign(rises[i - 1]))) for i in turns]


def _right(scores: Scores, name: str, distance: float) -> None:
    scores.right[name].append(bool(distance <= CLOSE[name] + 1e-9))
    scores.apart[name].append(distance)
