"""What was read of a song as an outline in words: what was done to each track, shared tails."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from mixtrace.processors import curve_shape, shape_words
from mixtrace.reporting.captured_doubts import song_doubts
from mixtrace.reporting.captured_facts import facts_of, sounding_span, told
from mixtrace.reporting.captured_shared import shared_sentences
from mixtrace.reporting.captured_tails import tail_sentences
from mixtrace.reporting.inline_curves import blocks
from mixtrace.reporting.outline import Line, Outline, Row
from mixtrace.reporting.svg import thinned
from mixtrace.store import StoredCapture, StoredResponse
from mixtrace.wording import counted, percent

__all__ = ["outline_capture"]

_WIDTH = 16
_GAIN_DB = 12.0
_ENERGY_DB = 60.0
_EQ_DB = 9.0
_EQ_HZ = (40.0, 13_000.0)
_LINES = 2048


def outline_capture(
    stored: StoredCapture, gains_db: Float[np.ndarray, "gain time"], remark: str = ""
) -> Outline:
    """Return the outline of a capture.

    Curves: the direct part from 40 Hz to 13 kHz, +-9 dB around its level; the energy of the
    response over its length, 60 dB; the gain over the song, +-12 dB.

    Args:
        stored: the capture.
        gains_db: of its tracks over the song, then those that several share.
        remark: what to say of the whole; nothing where it is empty.
    """
    length_s = stored.response_samples / stored.sample_rate_hz
    note = f"{counted(len(stored.tracks), 'track')}, responses of {length_s:.2f} s"
    said = [remark] if remark else []
    unexplained = f"{percent(stored.error_seen)} of the mix's energy is unexplained"
    said.append(f"{unexplained} (all bands counted equally)")
    said += [*shared_sentences(stored, gains_db), *tail_sentences(stored), *stored.notes]
    lines = tuple(Line(text) for text in said)
    rows = [Row(0, stored.song, note, lines, doubts=song_doubts(stored))]
    for group in dict.fromkeys(track.group for track in stored.tracks):
        rows.append(Row(1, group, "group"))
        for track, gain_db in zip(stored.tracks, gains_db, strict=False):
            if track.group == group:
                rows.append(_row(stored, track, gain_db))
    rows += [Row(1, unread.name, f"not read: {unread.reason}") for unread in stored.unread]
    return Outline(tuple(rows))


def _row(stored: StoredCapture, track: StoredResponse, gain_db: Float[np.ndarray, " time"]) -> Row:
    facts = facts_of(stored, track, gain_db)
    done, _ = told(track, facts)
    energy = thinned(np.array(track.energy_db), _WIDTH)
    lines = [
        _direct_line(stored, track),
        Line("energy", f"{percent(track.share)} of the mix", blocks(energy, -_ENERGY_DB, 0.0)),
    ]
    if track.curve is not None:
        curve = blocks(thinned(gain_db, _WIDTH), -_GAIN_DB, _GAIN_DB)
        lines.append(Line("gain", f"moves by {facts.moves_db:.1f} dB", curve))
    doubts = tuple(said for _, said in facts.doubts)
    return Row(2, track.name, "track", tuple(lines), done, doubts)


def _direct_line(stored: StoredCapture, track: StoredResponse) -> Line:
    """Return the shape of the direct part around the level that most of it is near."""
    power_db = 10.0 * np.log10((10.0 ** (np.array(track.direct_db) / 10.0)).mean(0))
    hertz = np.linspace(0.0, stored.direct_hz[-1], _LINES)
    sounds = sounding_span(track)
    heard_hz, heard_db = np.array(stored.direct_hz)[sounds], power_db[sounds]
    shape = curve_shape(hertz, np.interp(hertz, heard_hz, heard_db))
    grid_hz = np.geomspace(*_EQ_HZ, _WIDTH)
    curve_db = np.interp(grid_hz, heard_hz, heard_db) - shape.level_db
    words = ", ".join(shape_words(replace(shape, level_db=0.0))) or "flat"
    return Line("direct part", words, blocks(curve_db, -_EQ_DB, _EQ_DB))
