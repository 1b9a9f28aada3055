"""`capture.json` and `gains.csv`: what was read of a song, for people and programs.

The responses lie beside them as audio files, named in the document. docs/capture.md
describes every key.
"""

import csv
import io
from itertools import pairwise
from pathlib import Path, PurePath
from typing import Annotated

import msgspec
import numpy as np
from jaxtyping import Float
from msgspec import Meta, Struct

from mixtrace.errors import StoreError
from mixtrace.session.song import MOST_TRACKS
from mixtrace.store.files import MAKE_ANEW, checked, read_document, write_document
from mixtrace.store.maxima import (
    MOST_LEVEL_DB,
    MOST_RESULT_S,
    MOST_SEARCH_S,
    Finite,
    Level,
    Name,
    Note,
)
from mixtrace.store.opening import is_plain_file, is_plain_folder, read_bytes
from mixtrace.store.temporary import put

__all__ = [
    "CAPTURE",
    "CAPTURE_SCHEMA",
    "ESTIMATE_AUDIO",
    "GAINS",
    "RESIDUAL_AUDIO",
    "RESPONSES",
    "StoredCapture",
    "StoredCurve",
    "StoredEcho",
    "StoredResponse",
    "StoredShared",
    "StoredUnread",
    "lost_responses",
    "read_capture",
    "read_gains_db",
    "write_capture",
    "write_gains",
]

CAPTURE = "capture.json"
GAINS = "gains.csv"
ESTIMATE_AUDIO = "estimate.wav"
RESIDUAL_AUDIO = "residual.wav"
RESPONSES = "responses"

CAPTURE_SCHEMA = "mixtrace.capture/2"
"""Changes with every change of the format, additions too."""

_FORMULA = "=+-@"  # a cell that begins so is run by spreadsheets

_Rate = Annotated[int, Meta(ge=8_000, le=192_000)]
_Positive = Annotated[float, Meta(gt=0.0, le=MOST_RESULT_S)]
_Step = Annotated[float, Meta(gt=0.0, le=1.0)]
_Count = Annotated[int, Meta(ge=1, le=10_000_000)]
_Floats = Annotated[tuple[Finite, ...], Meta(max_length=100_000)]
_Levels = Annotated[tuple[Level, ...], Meta(max_length=100_000)]
_Hertz = Annotated[
    tuple[Annotated[float, Meta(ge=0.0, le=200_000.0)], ...], Meta(max_length=10_000)
]
_Tracks = Meta(max_length=MOST_TRACKS)


class StoredCurve(Struct, frozen=True, forbid_unknown_fields=True):
    """A gain that follows the level of a track.

    Attributes:
        attack_ms: of the level's detector, to 1 - 1/e of a step.
        release_ms: likewise.
        levels_db: knots, rising, dB re full scale of the dry track.
        gains_db: at the knots; 0 dB is the mean over the song, by energy.
        worth: share of the track's energy, where it was not fitted, that the curve explains.
    """

    attack_ms: _Positive
    release_ms: _Positive
    levels_db: _Levels
    gains_db: _Levels
    worth: Finite


class StoredEcho(Struct, frozen=True, forbid_unknown_fields=True):
    """A repetition that stands out of a response.

    Attributes:
        after_s: how long after the direct part.
        level_db: re the direct part.
    """

    after_s: _Positive
    level_db: Level


class StoredResponse(Struct, frozen=True, forbid_unknown_fields=True):
    """What was read of a track.

    Attributes:
        name: of the track.
        group: its group.
        delay_s: how its file was moved before it was read; positive is later.
        polarity: 1, or -1 where it was turned over before.
        confidence: of that.
        file: its response as audio, in the folder `responses`.
        channels: of the track, 1 or 2.
        arrival_s: when the strongest peak comes, re time zero.
        direct_end_s: where the direct part ends, re time zero.
        tail_db: energy after the direct part re that of the direct part.
        rt60_s: time in which the tail falls by 60 dB; None where it does not fall evenly.
        echoes: what stands out of it.
        energy_db: a value each `energy_step_s` from the first sample on, re the strongest.
        direct_db: the curves of the direct part to left and right, at `direct_hz`.
        sounds_db: how loud the whitened track is there, re its loudest: where it does not sound,
            the curves are a guess.
        curve: of its gain over its level; None where its gain does not follow it.
        share: of the whitened mix's energy that the track's part has.
        holds: factor at which what is read on one part of the song fits another best; None where
            that cannot be told.
        coherence: with what the others leave of the mix, by octave and span of time; None where
            one of both is silent.
    """

    name: Name
    group: Name
    delay_s: Finite
    polarity: int
    confidence: Finite
    file: Name
    channels: Annotated[int, Meta(ge=1, le=2)]
    arrival_s: Finite
    direct_end_s: Finite
    tail_db: Level
    rt60_s: _Positive | None
    echoes: tuple[StoredEcho, ...]
    energy_db: _Levels
    direct_db: tuple[_Levels, _Levels]
    sounds_db: _Levels
    curve: StoredCurve | None
    share: Finite
    holds: Finite | None
    coherence: tuple[tuple[Finite | None, ...], ...]


class StoredShared(Struct, frozen=True, forbid_unknown_fields=True):
    """A gain that several tracks have in common; it is part of the gain of each.

    Attributes:
        name: of the group, or `master`.
        tracks: their places, from 0.
        curve: of the gain over the level of their sum; None where it does not follow it.
    """

    name: Name
    tracks: tuple[Annotated[int, Meta(ge=0)], ...]
    curve: StoredCurve | None


class StoredUnread(Struct, frozen=True, forbid_unknown_fields=True):
    """A track that was left out.

    Attributes:
        name: of the track.
        reason: why, in words.
    """

    name: Name
    reason: Note


class StoredCapture(Struct, frozen=True, forbid_unknown_fields=True):
    """What was read of a song.

    Attributes:
        mixtrace: the version that read it.
        song: its name.
        fingerprint: of the song and the choices.
        unseen: what was held out, as `--unseen` spells it; None where nothing was.
        seconds: how long it took.
        sample_rate_hz: of all audio.
        lead_samples: of each response before time zero.
        response_samples: the length of each.
        gain_step_s: of the rows of `gains.csv`.
        energy_step_s: of `energy_db`.
        span_s: of the columns of `coherence`.
        direct_hz: frequencies of `direct_db`.
        octaves_hz: middles of the rows of `coherence`.
        error_seen: energy of the whitened error over that of the mix, where it was read.
        error_unseen: the same where it was held out.
        notes: what was assumed of the song.
        tracks: what could be read.
        shared: gains that several of them have in common.
        unread: what could not.
        tail_likeness: how alike the tails of each pair of tracks are, 0 to 1.
    """

    mixtrace: Name
    song: Name
    fingerprint: Name
    unseen: Name | None
    seconds: Annotated[float, Meta(ge=0.0, le=MOST_SEARCH_S)]
    sample_rate_hz: _Rate
    lead_samples: Annotated[int, Meta(ge=0)]
    response_samples: _Count
    gain_step_s: _Step
    energy_step_s: _Positive
    span_s: _Positive
    direct_hz: _Hertz
    octaves_hz: _Hertz
    error_seen: Finite
    error_unseen: Finite | None
    notes: tuple[Note, ...]
    tracks: Annotated[tuple[StoredResponse, ...], _Tracks]
    shared: Annotated[tuple[StoredShared, ...], _Tracks]
    unread: Annotated[tuple[StoredUnread, ...], _Tracks]
    tail_likeness: tuple[_Floats, ...]


def write_capture(stored: StoredCapture, path: Path) -> None:
    """Write the document."""
    write_document(path, CAPTURE_SCHEMA, msgspec.to_builtins(stored))


def read_capture(folder: Path) -> StoredCapture:
    """Return what a folder's `capture.json` says.

    Raises:
        StoreError: there is none, it is damaged, or parts of it do not belong together.
    """
    path = folder / CAPTURE
    stored = checked(read_document(path, CAPTURE_SCHEMA), StoredCapture, path)
    wrong = _disagreement(stored)
    if wrong:
        raise StoreError(f"{path} cannot be used: {wrong}. {MAKE_ANEW}")
    return stored


def lost_responses(folder: Path, stored: StoredCapture) -> list[str]:
    """Return which of a capture's responses are not in its folder any more."""
    files = [track.file for track in stored.tracks]
    kept = is_plain_folder(folder / RESPONSES)
    return [f for f in files if not (kept and is_plain_file(folder / RESPONSES / PurePath(f).name))]


def write_gains(
    path: Path, stored: StoredCapture, gains_db: Float[np.ndarray, "gain time"]
) -> None:
    """Write a table of gains: the time in seconds, then a column in dB for each.

    Rows lie in the middles of steps, on a clock that gives sample n the time n / `sample_rate_hz`.
    Between two of them the amplitude, not the dB, lies on a straight line.

    Args:
        path: the file.
        stored: the capture.
        gains_db: of its tracks in all, then those that several share.

    Raises:
        OSError: it cannot be written.
    """
    names = [track.name for track in stored.tracks]
    names += [f"shared: {shared.name}" for shared in stored.shared]
    table = io.StringIO(newline="")
    csv.writer(table).writerow(["time_s", *(_cell(name) for name in names)])
    for number, row in enumerate(gains_db.T.tolist()):
        time_s = (number + 0.5) * stored.gain_step_s - 0.5 / stored.sample_rate_hz
        cells = [f"{time_s:.7f}", *(f"{gain_db:.3f}" for gain_db in row)]
        table.write(",".join(cells) + "\r\n")
    put(path, table.getvalue().encode())


def read_gains_db(folder: Path, stored: StoredCapture) -> Float[np.ndarray, "gain time"]:
    """Return the gains of a folder's `gains.csv`, see `write_gains`.

    Args:
        folder: of a capture.
        stored: that capture: a gain for each of its tracks, then each that several share.

    Raises:
        StoreError: there is none, it is damaged, or it is that of other tracks.
    """
    path = folder / GAINS
    try:
        rows = read_bytes(path).decode().splitlines()[1:]
    except StoreError:
        raise
    except (OSError, ValueError) as error:
        reason = "it is missing" if isinstance(error, FileNotFoundError) else "it is no text"
        raise StoreError(f"Expected a table of gains in {path}; {reason}. {MAKE_ANEW}") from error
    gains = len(stored.tracks) + len(stored.shared)
    table = _table(rows, gains + 1) if any(rows) else None  # numpy would only warn
    if table is None or not _are_levels(table[:, 1:]):
        holds = "a row has other cells" if any(rows) else "it has no rows"
        raise StoreError(
            f"Expected rows of a time and {gains} columns of gains in dB in {path}; {holds}. "
            f"{MAKE_ANEW}"
        )
    return table[:, 1:].T


def _table(rows: list[str], columns: int) -> Float[np.ndarray, "time gain"] | None:
    """Return rows of numbers as a table; None where one has no numbers, or not as many."""
    try:
        table = np.loadtxt(rows, np.float32, comments=None, delimiter=",", ndmin=2)
    except ValueError:
        return None
    return table if table.shape[1] == columns else None


def _are_levels(gains_db: Float[np.ndarray, "time gain"]) -> bool:
    return bool((np.abs(gains_db) <= MOST_LEVEL_DB).all())


def _cell(name: str) -> str:
    return f"'{name}" if name.startswith(tuple(_FORMULA)) else name


def _disagreement(stored: StoredCapture) -> str:
    """Return what of a document does not belong together; empty where all does."""
    count = len(stored.tracks)
    if not count:
        return "it has no tracks"
    if stored.lead_samples >= stored.response_samples:
        return "lead_samples reaches beyond response_samples"
    if not stored.direct_hz or not _rise(stored.direct_hz):
        return "direct_hz is empty or does not rise"
    likeness = stored.tail_likeness
    if len(likeness) != count or any(len(row) != count for row in likeness):
        return f"tail_likeness is no table of {count} by {count}"
    if any(k >= count for shared in stored.shared for k in shared.tracks):
        return "a shared gain names a track that is not there"
    spans = len(stored.tracks[0].coherence[0]) if stored.tracks[0].coherence else 0
    for track in stored.tracks:
        if wrong := _disagreement_of(track, stored, spans):
            return wrong
    curves = [has.curve for has in (*stored.tracks, *stored.shared) if has.curve]
    if any(len(c.levels_db) != len(c.gains_db) or len(c.levels_db) < 2 for c in curves):
        return "a curve has not as many gains as levels"
    if not all(_rise(curve.levels_db) for curve in curves):
        return "the levels of a curve do not rise"
    return "" if all(text.isprintable() for text in _texts(stored)) else "a text cannot be printed"


def _disagreement_of(track: StoredResponse, stored: StoredCapture, spans: int) -> str:
    if abs(track.polarity) != 1:
        return "a polarity is not 1 or -1"
    curves = (*track.direct_db, track.sounds_db)
    if any(len(curve) != len(stored.direct_hz) for curve in curves):
        return "a direct_db or sounds_db has not as many values as direct_hz"
    if not track.energy_db:
        return "an energy_db is empty"
    if [len(row) for row in track.coherence] != [spans] * len(stored.octaves_hz):
        return "a coherence is no table of octaves by spans"
    return ""


def _rise(values: tuple[float, ...]) -> bool:
    return all(a < b for a, b in pairwise(values))


def _texts(stored: StoredCapture) -> list[str]:
    texts = [stored.mixtrace, stored.song, *stored.notes]
    texts += [text for track in stored.tracks for text in (track.name, track.group, track.file)]
    texts += [text for unread in stored.unread for text in (unread.name, unread.reason)]
    return texts + [shared.name for shared in stored.shared]
