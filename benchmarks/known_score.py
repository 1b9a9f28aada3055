"""How much of songs whose true mix is known was found: tables for both halves.

    python benchmarks/known_score.py SONGS RESULTS [--fit] [--output FILE.md]

SONGS is a folder that `known_songs.py` wrote, RESULTS has a folder for each song with what
`mixtrace fit` writes; with --fit, fits that are missing are run first. Songs without a result are
left out.

A processor counts where it changes the sound by half a dB or more: an equalizer by its curve, a
mere gain left out, where the dry track is within 40 dB of its loudest third octave; what moves the
gain by the span in which it stays for nine tenths of the time that the track sounds; a saturation
by what is not in proportion to its input; delays and reverbs where they lie above -30 dB re the
track's own sound. A track has a delay or a reverb as an insert or by a send; sends count by pairs
of track and return. What a track passes alone is its own; groups are compared with those of the
same tracks. Level is all constant gain between the track and the mix, that of equalizers included:
an equalizer that is off by a mere gain, or stands on a group, is told by the level of its tracks.
"""

import argparse
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from known_facts import TRUTH, read_truth
from known_facts_found import found_facts
from known_scores import CLOSE, TYPES, Scores, score

from mixtrace.session import read_session
from mixtrace.store import GRAPH, read_graph

__all__ = ["HALVES", "song_score", "tables"]

HALVES: tuple[str, ...] = ("development", "unseen")


def song_score(song: Path, result: Path) -> tuple[str, Scores]:
    """Return the half that a song belongs to, and what was found of it."""
    true = read_truth(song / TRUTH)
    stored = read_graph(result / GRAPH)
    alignments = {track.name: track.alignment for track in stored.tracks}
    session = read_session(song, alignments=alignments)
    audio = {track.name: track.audio for track in session.tracks}
    names = [stored.graph.name(i) for i in stored.graph.inputs]
    found = found_facts(stored, [audio[name] for name in names], session.sample_rate_hz)
    return true.half, score(true, found)


def tables(scores: Mapping[str, Scores], songs: Mapping[str, int]) -> list[str]:
    """Return the scores of both halves as Markdown.

    Args:
        scores: by half.
        songs: how many songs each half has.
    """
    halves = " | ".join(f"{half} ({songs[half]} songs)" for half in HALVES)
    lines = [f"| F1: true, found, both | {halves} |", "| --- | ---: | ---: |"]
    for kind in TYPES:
        cells = [_f1(scores[half], kind) for half in HALVES]
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    lines += ["", f"| share that is right, of | {halves} |", "| --- | ---: | ---: |"]
    for name in CLOSE:
        cells = [_share(scores[half].right[name]) for half in HALVES]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", f"| median (worst), of | {halves} |", "| --- | ---: | ---: |"]
    for name in sorted({name for one in scores.values() for name in one.numbers}):
        cells = [_number(name, scores[half].numbers.get(name, [])) for half in HALVES]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def _f1(scores: Scores, kind: str) -> str:
    true, found, both = scores.counts[kind]
    return f"{scores.f1(kind):.2f}: {true}, {found}, {both}" if true + found else "none"


def _share(rights: Sequence[bool]) -> str:
    return f"{100.0 * np.mean(rights):.0f} % of {len(rights)}" if rights else "none"


def _number(name: str, values: Sequence[float]) -> str:
    if not values:
        return "none"
    good_is_high = "correlation" in name or "area" in name
    worst = min(values) if good_is_high else max(values)
    return f"{np.median(values):.2f} ({worst:.2f}) of {len(values)}"


def _fit(song: Path, result: Path, options: Sequence[str]) -> None:
    """Run mixtrace fit as a user would, unless its result is there."""
    if not (result / GRAPH).exists():
        program = "from mixtrace.cli import main; import sys; sys.exit(main())"
        command = [sys.executable, "-c", program, "fit", str(song), "-o", str(result), *options]
        subprocess.run(command, check=True)


def main() -> None:
    """Read the arguments, score every song, print."""
    parser = argparse.ArgumentParser(description="Score fits of songs whose true mix is known.")
    parser.add_argument("songs", type=Path, help="folder of known songs")
    parser.add_argument("results", type=Path, help="folder with the results, a folder a song")
    parser.add_argument("--fit", action="store_true", help="run the fits that are missing")
    parser.add_argument("--options", default="", help="more options of mixtrace fit, as one word")
    parser.add_argument("--output", type=Path, help="Markdown file to write as well")
    given = parser.parse_args()
    scores = {half: Scores() for half in HALVES}
    songs = dict.fromkeys(HALVES, 0)
    for truth in sorted(given.songs.glob(f"*/{TRUTH}")):
        result = given.results / truth.parent.name
        if given.fit:
            _fit(truth.parent, result, shlex.split(given.options))
        if not (result / GRAPH).exists():
            print(f"{truth.parent.name} is left out: it has no result.", file=sys.stderr)
            continue
        half, one = song_score(truth.parent, result)
        scores[half].add(one)
        songs[half] += 1
    text = "\n".join(["# Known songs: found against true settings", "", *tables(scores, songs), ""])
    print(text)
    if given.output is not None:
        given.output.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
