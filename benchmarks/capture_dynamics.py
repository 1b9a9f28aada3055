"""How near captured gains come to true ones, on mixes whose gains are known.

    python benchmarks/capture_dynamics.py [SONG_FOLDER ...] [--made WORD] [--output FILE.md]

A SONG_FOLDER holds a truth.json (see `known_truth`); the mixes of `made_dynamics` are read as well,
all of them or those with a word in their name. Prints a table in Markdown.

Gains are compared in blocks of 5 ms in which the dry track lies within 40 dB of its loudest. A
range is that from the 1st to the 99th percentile, in dB. True gains include what a bus and the
master do to a track; so do captured ones.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from known_measures import BLOCK_S, sounding
from known_truth import true_parts
from made_dynamics import CAUSES, made

from mixtrace.captured import Capture, capture_session
from mixtrace.session import Session, read_session

__all__ = ["Row", "rows", "table"]

_MOVES_DB, _ALIKE = 3.0, 0.9
_STILL_DB = 0.1  # a true gain that moves less does not move
_STRAYS_DB = 1.5


@dataclass(frozen=True)
class Row:
    """One track of one mix.

    Attributes:
        mix: its name.
        track: its name.
        true_db: range of the true gain.
        found_db: range of the captured one.
        alike: their correlation; NaN where one does not move.
        parts: what the captured gain is made of.
    """

    mix: str
    track: str
    true_db: float
    found_db: float
    alike: float
    parts: str

    @property
    def verdict(self) -> str:
        """What the goal says: correlation where the gain moves, range where it does not."""
        if self.true_db >= _MOVES_DB:
            return "right" if self.alike >= _ALIKE else "WRONG"
        if self.true_db <= _STILL_DB:
            return "right" if self.found_db <= _STRAYS_DB else "WRONG"
        return ""


def rows(
    session: Session, capture: Capture, gains_db: dict[str, Float[np.ndarray, " block"]]
) -> Iterator[Row]:
    """Yield the tracks that were read."""
    dry = {track.name: track.audio for track in session.tracks}
    shared = {name: [s.name for s in capture.shared if name in s.tracks] for name in dry}
    for track in capture.tracks:
        on = sounding(dry[track.name], round(BLOCK_S * session.sample_rate_hz))
        true, found = gains_db[track.name][on], track.gain_db.numpy()[on]
        moving = min(np.std(true), np.std(found)) > 0
        alike = float(np.corrcoef(true, found)[0, 1]) if moving else float("nan")
        parts = ["curve"] * (track.curve is not None) + ["ride"] * bool(track.ride_db.any())
        yield Row(
            session.name,
            track.name,
            _range_db(true),
            _range_db(found),
            alike,
            ", ".join(parts + shared[track.name]),
        )


def table(found: Sequence[Row]) -> list[str]:
    """Return the tracks as Markdown, and how many are right."""
    lines = [
        "| mix | track | true range, dB | captured | correlation | made of | |",
        "| --- | --- | ---: | ---: | ---: | --- | --- |",
    ]
    for r in found:
        alike = "" if np.isnan(r.alike) else f"{r.alike:.3f}"
        numbers = f"{r.true_db:.1f} | {r.found_db:.1f} | {alike}"
        lines.append(f"| {r.mix} | {r.track} | {numbers} | {r.parts} | {r.verdict} |")
    moving = [r for r in found if r.true_db >= _MOVES_DB]
    still = [r for r in found if r.true_db <= _STILL_DB]
    right = [sum(r.verdict == "right" for r in some) for some in (moving, still)]
    return [
        *lines,
        "",
        f"Where the true gain moves by {_MOVES_DB:g} dB or more, the correlation is at least "
        f"{_ALIKE:g} on {right[0]} of {len(moving)} tracks; where it does not move, the captured "
        f"range is at most {_STRAYS_DB:g} dB on {right[1]} of {len(still)}.",
    ]


def _range_db(gain_db: Float[np.ndarray, " block"]) -> float:
    low, high = np.percentile(gain_db, (1, 99))
    return float(high - low)


def _known(song: Path) -> Iterator[Row]:
    session = read_session(song, align=False)
    parts = true_parts(song, session)
    gains_db = {name: part.gain_db for name, part in parts.of.items()}
    return rows(session, capture_session(session), gains_db)


def _made(name: str) -> Iterator[Row]:
    mix = made(name)
    names = [track.name for track in mix.session.tracks]
    gains_db = dict(zip(names, mix.gains_db, strict=True))
    return rows(mix.session, capture_session(mix.session), gains_db)


def main() -> None:
    """Read the arguments, capture, print."""
    parser = argparse.ArgumentParser(description="Compare captured gains with true ones.")
    parser.add_argument("songs", type=Path, nargs="*", help="folders with a truth.json")
    parser.add_argument("--made", default="", help="only made mixes with this in their name")
    parser.add_argument("--output", type=Path, help="Markdown file to write as well")
    given = parser.parse_args()
    found = [row for name in CAUSES if given.made in name for row in _made(name)]
    found += [row for song in given.songs for row in _known(song)]
    text = "\n".join(["# Captured gains against true ones", "", *table(found), ""])
    print(text)
    if given.output is not None:
        given.output.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
