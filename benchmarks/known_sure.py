"""How often stated intervals hold the truth, on songs whose true settings are known.

    python benchmarks/known_sure.py SONGS RESULTS [--half HALF] [--spreads] [--output FILE.md]

SONGS is a folder that `known_songs.py` wrote, RESULTS has a folder for each song with what
`mixtrace fit` wrote. Intervals are those of `mixtrace.sureness`, computed anew for the stored
graphs. A setting counts where the truth has one to compare it with (`known_paired`). With
--spreads, the spreads are printed that would hold nine tenths of the truths of a song that did not
choose them: those in `sureness/spreads.py` are what it said of the development half.
"""

import argparse
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from known_facts import TRUTH
from known_paired import Pair, paired

from mixtrace.descent import SongWindows
from mixtrace.metrics import LOSS_RATE_HZ
from mixtrace.recovery import RecoveryConfig
from mixtrace.session import find_song, read_session
from mixtrace.store import GRAPH, Interval, StoredGraph, read_graph
from mixtrace.sureness import how_sure, leads_into_others, scale_of, spread_of

__all__ = ["stated", "table"]

HALVES = ("development", "unseen")


@dataclass(frozen=True)
class Stated:
    """A truth and what was stated.

    Attributes:
        song: the name of its folder.
        label: what it is called in tables.
        pair: the setting and its truth.
        interval: in which that is to lie.
        spread: the part of the interval that was chosen on known songs.
    """

    song: str
    label: str
    pair: Pair
    interval: Interval
    spread: float

    @property
    def holds(self) -> bool:
        """Whether the interval holds the truth."""
        return self.interval.low <= self.pair.true <= self.interval.high


def stated(song: Path, stored: StoredGraph) -> list[Stated]:
    """Return what the truth says of a result, and the intervals it is to lie in."""
    alignments = {track.name: track.alignment for track in stored.tracks}
    found = find_song(song)
    found = replace(found, tracks=tuple(t for t in found.tracks if t.name in alignments))
    session = read_session(found, sample_rate_hz=LOSS_RATE_HZ, alignments=alignments)
    windows, worth = SongWindows(session), RecoveryConfig().resolve().worth
    sure = how_sure(stored.graph, stored.settings, session, windows, worth)
    rows = []
    for pair in paired(song, stored):
        level = pair.label == "fader: level"
        into = level and leads_into_others(stored.graph, pair.setting.node)
        label = f"{pair.label}, into a busy bus or master" if into else pair.label
        spread = spread_of(stored.graph, pair.setting)
        rows.append(Stated(song.name, label, pair, sure.intervals[pair.setting], spread))
    return rows


def table(rows: Mapping[str, Sequence[Stated]]) -> list[str]:
    """Return as Markdown how many of the truths lie in their intervals, by kind and half."""
    kinds = sorted({each.label for half in rows.values() for each in half})
    halves = [half for half in HALVES if rows.get(half)]
    lines = [f"| in the interval | {' | '.join(halves)} |", f"| --- |{' ---: |' * len(halves)}"]
    for kind in ["all", *kinds]:
        cells = []
        for half in halves:
            hits = [each.holds for each in rows[half] if kind in ("all", each.label)]
            cells.append(
                f"{sum(hits)} of {len(hits)}, {100.0 * np.mean(hits):.0f} %" if hits else "none"
            )
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    return lines


def needed(each: Stated) -> float:
    """Return the spread with which an interval would just hold the truth."""
    pair, interval = each.pair, each.interval
    scale = scale_of(pair.spec)
    middle = scale.place(pair.value)
    off = scale.place(pair.true) - middle
    end = scale.place(interval.high if off > 0.0 else interval.low) - middle
    own = max(0.0, end**2 - each.spread**2)
    at_end = (interval.high if off > 0.0 else interval.low) in (scale.low, scale.high)
    return 0.0 if at_end else math.sqrt(max(0.0, off**2 - own))


def spread_for(rows: Sequence[Stated], share: float) -> float:
    """Return the spread with which a share of some intervals hold the truth.

    It is the smallest that does so with one more truth beyond it (conformal prediction).
    """
    spreads = sorted(map(needed, rows))
    return spreads[min(math.ceil(share * (len(spreads) + 1)), len(spreads)) - 1]


def share_for_songs(rows: Sequence[Stated]) -> float:
    """Return the share of truths for which spreads have to be chosen.

    Truths of one song go wrong together: spreads that hold nine tenths of the truths of some songs
    hold less of another's. It is the least share at which nine tenths of each song's truths, taken
    together, are held by spreads that the other songs choose.
    """
    for share in np.arange(0.90, 1.0, 0.01):
        held = []
        for song in {each.song for each in rows}:
            for label in {each.label for each in rows}:
                others = [e for e in rows if e.label == label and e.song != song]
                spread = spread_for(others, share) if others else math.inf
                own = [e for e in rows if e.label == label and e.song == song]
                held += [needed(each) <= spread for each in own]
        if np.mean(held) >= 0.9:
            return float(share)
    return 1.0


def main() -> None:
    """Read the arguments, weigh every song, print."""
    parser = argparse.ArgumentParser(description="Count intervals that hold the truth.")
    parser.add_argument("songs", type=Path, help="folder of known songs")
    parser.add_argument("results", type=Path, help="folder with the results, a folder a song")
    parser.add_argument("--half", choices=HALVES, help="only this half")
    parser.add_argument("--spreads", action="store_true", help="print spreads as well")
    parser.add_argument("--output", type=Path, help="Markdown file to write as well")
    given = parser.parse_args()
    rows: dict[str, list[Stated]] = defaultdict(list)
    for truth in sorted(given.songs.glob(f"*/{TRUTH}")):
        result, half = given.results / truth.parent.name, HALVES[1 - int(truth.parent.name) % 2]
        if (result / GRAPH).exists() and given.half in (None, half):
            rows[half] += stated(truth.parent, read_graph(result / GRAPH))
    lines = table(rows)
    if given.spreads:
        every = [each for half in rows.values() for each in half]
        share = share_for_songs(every)
        lines.append(f"    Spreads that hold {100.0 * share:.0f} %:")
        for label in sorted({each.label for each in every}):
            own = [each for each in every if each.label == label]
            lines.append(f"    {label}: {spread_for(own, share):.2g}, of {len(own)}")
    text = "\n".join(["# Known songs: truths in their intervals", "", *lines, ""])
    print(text)
    if given.output is not None:
        given.output.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
