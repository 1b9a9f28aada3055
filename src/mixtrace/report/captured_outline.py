"""What was read of a song as an outline in words: what was done to each track, shared tails."""

import numpy as np
from jaxtyping import Float

from mixtrace.report.captured_words import (
    curve_words,
    direct_words,
    doubts,
    gain_range_db,
    placed,
    tail_groups,
    tail_words,
)
from mixtrace.report.inline_curves import blocks
from mixtrace.report.outline import Line, Outline, Row
from mixtrace.report.svg import thinned
from mixtrace.session.song import listed
from mixtrace.store import StoredCapture, StoredResponse

__all__ = ["outline_capture"]

_WIDTH = 16
_RIDE_DB = 12.0
_TAIL_RANGE_DB = 60.0
_EQ_DB = 9.0
_EQ_HZ = (40.0, 13_000.0)


def outline_capture(
    stored: StoredCapture, gains_db: Float[np.ndarray, "track time"], remark: str = ""
) -> Outline:
    """Return the outline of a capture.

    Curves: the direct part from 40 Hz to 13 kHz, +-9 dB around its level; the energy of the
    response over its length, 60 dB; the gain over the song, +-12 dB.

    Args:
        stored: the capture.
        gains_db: of its tracks over the song.
        remark: what to say of the whole; nothing where it is empty.
    """
    length_s = stored.response_samples / stored.sample_rate_hz
    note = f"{len(stored.tracks)} tracks, responses of {length_s:.2f} s"
    said = [remark] if remark else []
    rest = 100.0 * stored.error_seen
    said.append(f"the reading leaves {rest:.2g} % of the mix unexplained, every band alike")
    for group in tail_groups(stored.tail_likeness):
        said.append(f"share a tail: {listed([stored.tracks[k].name for k in group])}")
    rows = [Row(0, stored.song, note, tuple(Line(text) for text in [*said, *stored.notes]))]
    for name in dict.fromkeys(track.group for track in stored.tracks):
        rows.append(Row(1, name, "group"))
        for track, gain_db in zip(stored.tracks, gains_db, strict=True):
            if track.group == name:
                rows.append(_row(stored, track, gain_db))
    rows += [Row(1, unread.name, f"not read: {unread.reason}") for unread in stored.unread]
    return Outline(tuple(rows))


def _row(stored: StoredCapture, track: StoredResponse, gain_db: Float[np.ndarray, " time"]) -> Row:
    where = placed(stored, track)
    grid_hz = np.geomspace(*_EQ_HZ, _WIDTH)
    power = (10 ** (np.array(track.direct_db) / 10.0)).mean(0)
    curve_db = np.interp(grid_hz, stored.direct_hz, 10.0 * np.log10(power)) - where.level_db
    lines = [Line("direct", direct_words(where), blocks(curve_db, -_EQ_DB, _EQ_DB))]
    if tail := tail_words(track):
        energy = thinned(np.array(track.energy_db), _WIDTH)
        lines.append(Line("after it", tail, blocks(energy, -_TAIL_RANGE_DB, 0.0)))
    if track.curve is not None:
        words = curve_words(track.curve, gain_range_db(gain_db))
        lines.append(Line("gain", words, blocks(thinned(gain_db, _WIDTH), -_RIDE_DB, _RIDE_DB)))
    return Row(
        2,
        track.name,
        f"{100.0 * track.share:.2g} % of the mix",
        tuple(lines),
        doubts=doubts(track),
    )
