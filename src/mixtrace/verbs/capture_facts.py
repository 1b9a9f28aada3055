"""What is stored of a capture: its parts taken apart, in numbers that JSON has words for."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from mixtrace.captured import (
    BIN_S,
    OCTAVES_HZ,
    SPAN_S,
    Capture,
    CapturedTrack,
    LevelCurve,
    anatomy,
    direct_db,
    direct_frequencies_hz,
    sounding_at,
    tail_likeness,
)
from mixtrace.session import Track
from mixtrace.store import (
    LARGEST_ARRAYS_BYTES,
    StoredCapture,
    StoredCurve,
    StoredEcho,
    StoredResponse,
    StoredShared,
    StoredUnread,
    file_name,
    mixtrace_version,
)

__all__ = ["CaptureFacts", "gains_db", "stored_capture"]

_QUIET = 1e-9  # -90 dB
_CELL_BYTES = 10  # of `gains.csv`: a time in a song of hours, a gain of -100 dB, what parts them


@dataclass(frozen=True)
class CaptureFacts:
    """What a capture does not know of itself.

    Attributes:
        fingerprint: of song and choices.
        unseen: what was held out, in the user's spelling.
        seconds: how long it took.
        notes: what was assumed of the song.
    """

    fingerprint: str
    unseen: str | None
    seconds: float
    notes: tuple[str, ...]


def stored_capture(
    found: Capture, tracks: Mapping[str, Track], facts: CaptureFacts
) -> StoredCapture:
    """Return what of a capture is stored as a document.

    Args:
        found: the capture.
        tracks: of its song, by name.
        facts: see there.
    """
    responses = [track.responses for track in found.tracks]
    names = [track.name for track in found.tracks]
    likeness = tail_likeness(responses, found.lead, found.sample_rate_hz)
    return StoredCapture(
        mixtrace=mixtrace_version(),
        song=found.song,
        fingerprint=facts.fingerprint,
        unseen=facts.unseen,
        seconds=round(facts.seconds, 1),
        sample_rate_hz=found.sample_rate_hz,
        lead_samples=found.lead,
        response_samples=responses[0].shape[-1],
        gain_step_s=_rows_at_once(found) * found.frame_s,
        energy_step_s=BIN_S,
        span_s=SPAN_S,
        direct_hz=_rounded(direct_frequencies_hz(found.sample_rate_hz)),
        octaves_hz=OCTAVES_HZ,
        error_seen=found.error_seen,
        error_unseen=found.error_unseen,
        notes=facts.notes,
        tracks=tuple(
            _response(found, track, number, tracks[track.name])
            for number, track in enumerate(found.tracks, 1)
        ),
        shared=tuple(
            StoredShared(s.name, tuple(map(names.index, s.tracks)), _curve(s.curve))
            for s in found.shared
        ),
        unread=tuple(StoredUnread(unread.name, unread.reason) for unread in found.unread),
        tail_likeness=tuple(_rounded(row) for row in likeness.tolist()),
    )


def gains_db(found: Capture) -> Float[np.ndarray, "gain time"]:
    """Return the gains of all tracks, then those that several share, a value each `gain_step_s`.

    That is a frame, or several in a song whose table would be too large: then their means.
    """
    gains = np.stack([moved.gain_db.numpy() for moved in (*found.tracks, *found.shared)])
    together = _rows_at_once(found)
    padded = np.pad(gains, ((0, 0), (0, -gains.shape[1] % together)), "edge")
    return padded.reshape(len(gains), -1, together).mean(-1)


def _rows_at_once(found: Capture) -> int:
    """Return how many frames are one row of the table of gains, so that it can be read again."""
    cells = len(found.tracks[0].gain_db) * (1 + len(found.tracks) + len(found.shared))
    return -(-cells * _CELL_BYTES // LARGEST_ARRAYS_BYTES)


def _response(found: Capture, track: CapturedTrack, number: int, source: Track) -> StoredResponse:
    rate = found.sample_rate_hz
    parts = anatomy(track.responses, track.sounding, found.lead, rate)
    hertz = torch.tensor(direct_frequencies_hz(rate))
    sounds_db = 10.0 * torch.log10(sounding_at(track.sounding, hertz, rate) + _QUIET)
    curve = direct_db(track.responses, found.lead, parts.arrival_s, rate)
    left, right = (_rounded(side) for side in curve.tolist())
    return StoredResponse(
        name=track.name,
        group=track.group,
        delay_s=source.alignment.delay_s,
        polarity=source.alignment.polarity,
        confidence=source.alignment.confidence,
        file=f"{number:02d} {file_name(track.name)}.wav",
        channels=track.responses.shape[1],
        arrival_s=parts.arrival_s,
        direct_end_s=parts.direct_end_s,
        tail_db=parts.tail_db,
        rt60_s=parts.rt60_s,
        echoes=tuple(StoredEcho(after_s, level_db) for after_s, level_db in parts.echoes),
        energy_db=_rounded(parts.energy_db),
        direct_db=(left, right),
        sounds_db=_rounded(sounds_db.tolist()),
        curve=_curve(track.curve),
        share=track.share,
        holds=_number(track.holds),
        coherence=tuple(tuple(_number(value) for value in row) for row in track.coherence.tolist()),
    )


def _curve(curve: LevelCurve | None) -> StoredCurve | None:
    if curve is None:
        return None
    how = curve.ballistics
    levels_db, gains_db = _rounded(curve.levels_db), _rounded(curve.gains_db)
    return StoredCurve(how.attack_ms, how.release_ms, levels_db, gains_db, curve.worth)


def _rounded(values: "tuple[float, ...] | list[float]") -> tuple[float, ...]:
    return tuple(round(value, 3) for value in values)


def _number(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None
