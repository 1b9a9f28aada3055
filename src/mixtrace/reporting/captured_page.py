"""The page of a capture: what was read of a song, all its sections in a single file."""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from markupsafe import Markup

from mixtrace.reporting.captured_doubts import noting_losses, song_doubts
from mixtrace.reporting.captured_facts import LEVEL_BAND_HZ, Facts, facts_of, told
from mixtrace.reporting.captured_figures import track_figures
from mixtrace.reporting.captured_shared import shared_part
from mixtrace.reporting.captured_tails import tails_part
from mixtrace.reporting.held_out import held_out_rows
from mixtrace.reporting.match import level_rows, loss_rows
from mixtrace.reporting.page import joined
from mixtrace.reporting.parts import Part
from mixtrace.reporting.result import fixed
from mixtrace.reporting.templating import filled, web_text
from mixtrace.store import (
    METRICS,
    RESPONSES,
    StoredCapture,
    StoredResponse,
    read_capture,
    read_gains_db,
    read_metrics,
)
from mixtrace.unseen import Unseen
from mixtrace.wording import moved, percent, signed_db

__all__ = ["capture_page"]

_MOST_OPEN = 12  # with more tracks the figures of each are folded away


def capture_page(folder: Path) -> str:
    """Return the page of a capture, made from `capture.json`, `gains.csv` and `metrics.json`.

    Without `metrics.json` the page says nothing of L_a and levels.

    Raises:
        StoreError: a file is missing or damaged.
    """
    stored = noting_losses(folder, read_capture(folder))
    gains_db = read_gains_db(folder, stored)
    measures = read_metrics(folder) if (folder / METRICS).is_file() else {}
    facts = [facts_of(stored, *pair) for pair in zip(stored.tracks, gains_db, strict=False)]
    sections = [
        ("overview", "All tracks", _overview(stored, facts)),
        ("tails", "Who shares a reverb", tails_part(stored)),
        ("shared", "Who shares a gain", shared_part(stored, gains_db)),
        ("tracks", "Track by track", _tracks(stored, facts, gains_db)),
    ]
    if measures:
        sections.append(("match", "How good is the match?", _match(measures)))
    sections.append(("about", "About this reading", _about(stored)))
    title = f"{stored.song}: what was done to its tracks"
    return joined(title, "Capture report", _lead(stored, measures), sections)


def _lead(stored: StoredCapture, measures: dict[str, Any]) -> Markup:
    """Return the result in a few numbers and sentences."""
    spent = divmod(round(stored.seconds), 60)
    every = len(stored.tracks) + len(stored.unread)
    length_s = stored.response_samples / stored.sample_rate_hz
    tiles = [("whitened error, of the mix's energy", percent(stored.error_seen))]
    if stored.error_unseen is not None:
        tiles.append(("the same where it was held out", percent(stored.error_unseen)))
    if measures:
        tiles.append(("L_a, published convention", fixed(measures["published"]["l_a"], 3)))
        tiles += [(f"of the {name}", loss) for name, loss, _ in held_out_rows(measures)]
    tiles += [
        ("tracks read", f"{len(stored.tracks)} of {every}"),
        ("length of the responses", f"{length_s:.2f} s"),
        ("read in", f"{spent[0]} min {spent[1]:02d} s"),
    ]
    return filled(
        "capture_lead.html",
        explained=_explained(stored),
        doubts=song_doubts(stored),
        unread=stored.unread,
        tiles=tiles,
    )


def _explained(stored: StoredCapture) -> str:
    """Return how much of the mix the reading explains, here and where it was held out."""

    def share(error: float) -> str:
        return percent(1.0 - error) if error < 1.0 else "nothing"

    said = (
        "One response for each track, and a gain that follows its level where it does, explain "
        f"{share(stored.error_seen)} of the mix's energy, whitened so that the bass does not decide"
    )
    if stored.error_unseen is None or stored.unseen is None:
        return f"{said}."
    held_out = Unseen.parse(stored.unseen).words
    return f"{said}; of {held_out}, which was held out, {share(stored.error_unseen)}."


def _overview(stored: StoredCapture, facts: list[Facts]) -> Part:
    rows = [
        (k, track, _cells(track, fact), [word for word, _ in fact.doubts])
        for k, (track, fact) in enumerate(zip(stored.tracks, facts, strict=True), start=1)
    ]
    undoubted = "none of its own" if song_doubts(stored) else "none"
    html = filled("capture_overview.html", rows=rows, band_hz=LEVEL_BAND_HZ, undoubted=undoubted)
    return Part(html, web_text("capture.css"))


def _cells(track: StoredResponse, facts: Facts) -> list[str]:
    """Return the numbers of a track's row, in the order of the table's head."""
    side = "" if round(100.0 * facts.place) == 0 else "R" if facts.place > 0.0 else "L"
    place = f"{side} {abs(round(100.0 * facts.place))}" if side else "0"
    turned = " (turned)" if track.polarity < 0 else ""
    return [
        signed_db(facts.level_db).removesuffix(" dB"),
        place,
        fixed(1000.0 * facts.arrives_s, 2, sign=True) + turned,
        str(len(track.echoes)),
        fixed(track.tail_db, 1, sign=True),
        fixed(track.rt60_s, 2),
        fixed(facts.moves_db, 1),
        percent(track.share).removesuffix(" %"),
        "unknown" if track.holds is None else fixed(track.holds, 2),
        fixed(facts.coherence, 2),
    ]


def _tracks(
    stored: StoredCapture, facts: list[Facts], gains_db: Float[np.ndarray, "gain time"]
) -> Part:
    lead_ms = 1000.0 * stored.lead_samples / stored.sample_rate_hz
    tracks = [
        {
            "number": k,
            "track": track,
            "paragraphs": told(track, fact),
            "doubts": [sentence for _, sentence in fact.doubts],
            "figures": track_figures(stored, track, gains_db[k - 1]),
            "use": _use(track, lead_ms),
        }
        for k, (track, fact) in enumerate(zip(stored.tracks, facts, strict=True), start=1)
    ]
    html = filled("capture_tracks.html", tracks=tracks, opened=len(tracks) <= _MOST_OPEN)
    return Part(html)


def _use(track: StoredResponse, lead_ms: float) -> tuple[str, str]:
    """Return a response's file and how it is used."""
    first = []
    if track.delay_s:
        first.append(f"move the track {moved(track.delay_s)}")
    if track.polarity < 0:
        first.append("turn its polarity over")
    before = f" First {' and '.join(first)}." if first else ""
    return (
        f"{RESPONSES}/{track.file}",
        "loads into a convolution reverb on the dry track, with the dry sound turned off. It "
        f"begins {lead_ms:g} ms before time zero, so what comes out is late by that much.{before}",
    )


def _match(measures: dict[str, Any]) -> Part:
    html = filled(
        "match.html",
        failure="Estimate and mix as a listener's meters compare them.",
        held_out="",
        losses=loss_rows(measures) + held_out_rows(measures),
        levels=level_rows(measures),
        figures=[],
    )
    return Part(html)


def _about(stored: StoredCapture) -> Part:
    return Part(
        filled("capture_about.html", notes=stored.notes, unread=stored.unread, stored=stored)
    )
