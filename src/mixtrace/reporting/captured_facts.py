"""What was read of a track, in a few numbers and words."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mixtrace.reporting.captured_doubts import track_doubts
from mixtrace.reporting.captured_tails import listed
from mixtrace.reporting.result import fixed
from mixtrace.reporting.sentences import pan_place
from mixtrace.store import StoredCapture, StoredCurve, StoredResponse
from mixtrace.wording import moved, panned, percent, seconds, signed_db

__all__ = [
    "LEVEL_BAND_HZ",
    "Facts",
    "facts_of",
    "moves",
    "range_db",
    "sounding_span",
    "told",
]

LEVEL_BAND_HZ = (100.0, 8_000.0)
"""Where level and place are judged: most tracks sound there, and short responses tell of it."""

_SAME_PLACE_S = 5e-5  # two samples: nobody would move a track by less
_CENTRE = 0.02
_HELD_GAIN_DB = 0.002  # gains are written in thousandths
_MOVES_DB = 0.1
_SOUNDS_DB = 40.0  # below its loudest: quieter bands are read with the errors of all others
_STEEP_DB = 1.0
_MOST_ECHOES = 3  # in words


@dataclass(frozen=True)
class Facts:
    """A track's row in the overview.

    Attributes:
        level_db: mean power of the direct part to left and right, within `LEVEL_BAND_HZ`.
        place: where a constant-power pan pot would put it, -1 left to 1 right.
        arrives_s: how much later than in its file it comes in the mix.
        moves_db: from the 5th to the 95th percentile of its gain, while it plays.
        coherence: that of its best octave, over the song; None where none is known.
        doubts: what speaks against the reading, a few words and a sentence each.
    """

    level_db: float
    place: float
    arrives_s: float
    moves_db: float
    coherence: float | None
    doubts: tuple[tuple[str, str], ...]


def facts_of(
    stored: StoredCapture, track: StoredResponse, gain_db: Float[np.ndarray, " time"]
) -> Facts:
    """Return what was read of a track in numbers.

    Args:
        stored: the song.
        track: one of its tracks.
        gain_db: over the song.
    """
    weights = _weights(stored, track)
    power = 10.0 ** (np.array(track.direct_db) / 10.0) @ weights
    octaves = [[value for value in row if value is not None] for row in track.coherence]
    coherence = max((float(np.mean(row)) for row in octaves if row), default=None)
    return Facts(
        level_db=10.0 * float(np.log10(max(power.mean(), 1e-12))),
        place=pan_place(power),
        arrives_s=track.delay_s + track.arrival_s,
        moves_db=range_db(gain_db, track.curve),
        coherence=coherence,
        doubts=tuple(track_doubts(track, coherence)),
    )


def told(track: StoredResponse, facts: Facts) -> list[str]:
    """Return what was done to a track, and what supports that, in two paragraphs."""
    done = [
        _placed(track, facts),
        _echoed(track),
        _rings(track),
        moves(track.curve, facts.moves_db),
    ]
    return [" ".join(done), _supported(track, facts)]


def range_db(gain_db: Float[np.ndarray, " time"], curve: StoredCurve | None) -> float:
    """Return the range of a gain; below a curve's lowest level, as in silence, it does not move."""
    if curve is not None:
        gain_db = gain_db[np.abs(gain_db - curve.gains_db[0]) > _HELD_GAIN_DB]
    if not len(gain_db):
        return 0.0
    low, high = np.percentile(gain_db, (5.0, 95.0))
    return float(high - low)


def sounding_span(track: StoredResponse) -> slice:
    """Return which of the frequencies of its curves lie where the track sounds.

    From the first to the last at which it is at most 40 dB below its loudest.
    """
    loud = np.flatnonzero(np.array(track.sounds_db) > -_SOUNDS_DB)
    return slice(int(loud[0]), int(loud[-1]) + 1) if len(loud) > 1 else slice(None)


def _weights(stored: StoredCapture, track: StoredResponse) -> Float[np.ndarray, " hz"]:
    """Return how much each frequency counts for level and place, 1 in all.

    Octaves within `LEVEL_BAND_HZ` count alike, as far as the track sounds there.
    """
    hertz = np.array(stored.direct_hz)
    inside = (hertz >= LEVEL_BAND_HZ[0]) & (hertz <= LEVEL_BAND_HZ[1])
    power = 10.0 ** (np.array(track.sounds_db) / 10.0) * inside
    return power / power.sum() if power.sum() > 0.0 else np.full(len(hertz), 1.0 / len(hertz))


def _placed(track: StoredResponse, facts: Facts) -> str:
    place = "in the middle" if abs(facts.place) < _CENTRE else panned(facts.place)
    turned = ", its polarity turned over" if track.polarity < 0 else ""
    when = "It is not delayed"
    if abs(facts.arrives_s) >= _SAME_PLACE_S:
        carried = track.delay_s and not track.confidence
        how = " (moved with the others)" if carried else ""
        when = f"In the mix it comes {moved(facts.arrives_s)} than in its file{how}"
    return f"Its direct part is at {signed_db(facts.level_db)}, {place}. {when}{turned}."


def _echoed(track: StoredResponse) -> str:
    if not track.echoes:
        return "No echo stands out."
    strongest = sorted(track.echoes, key=lambda echo: -echo.level_db)[:_MOST_ECHOES]
    words = listed([f"{seconds(e.after_s)} at {signed_db(e.level_db)}" for e in strongest])
    if len(track.echoes) > _MOST_ECHOES:
        return f"{len(track.echoes)} echoes stand out, the strongest after {words}."
    return f"{'Echoes stand' if len(strongest) > 1 else 'One echo stands'} out after {words}."


def _rings(track: StoredResponse) -> str:
    falls = (
        "; no decay time can be told"
        if track.rt60_s is None
        else f" and falls by 60 dB in {seconds(track.rt60_s)}"
    )
    side = "below" if track.tail_db < 0.0 else "above"
    level = f"{fixed(abs(track.tail_db), 1)} dB {side} it"
    return f"What follows the direct part is {level}{falls}."


def moves(curve: StoredCurve | None, moves_db: float) -> str:
    """Return what a gain does, in a sentence."""
    swing = f"Its gain moves by {fixed(moves_db, 1)} dB"
    if curve is None:
        still = "Its gain does not follow its level."
        return still if moves_db < _MOVES_DB else f"{swing}, but not with its level."
    rise = curve.gains_db[-1] - curve.gains_db[0]
    if rise < -_STEEP_DB:
        like = "the louder it plays, the lower its gain, like a compressor"
    elif rise > _STEEP_DB:
        like = "the louder it plays, the higher its gain, like an expander or a gate"
    else:
        like = "neither up nor down on the whole"
    return (
        f"{swing} and follows its level: {like}, with an attack of {curve.attack_ms:g} ms and a "
        f"release of {curve.release_ms:g} ms."
    )


def _supported(track: StoredResponse, facts: Facts) -> str:
    said = [f"Its part has {percent(track.share)} of the mix's whitened energy."]
    if track.holds is not None:
        said.append(
            "What is read of it on one part of the song holds on another by a factor of "
            f"{fixed(track.holds, 2)}, where 1 is all of it."
        )
    if facts.coherence is not None:
        said.append(
            "Its coherence with what the other tracks leave of the mix is "
            f"{fixed(facts.coherence, 2)} in its best octave; 1 is the same sound."
        )
    return " ".join(said)
