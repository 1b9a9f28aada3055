"""How near the graphs of a data set are to the ones that mixed its generated songs.

    python benchmarks/generated_found.py CORPUS DATASET [--output FILE.md]

CORPUS has a folder for each song with `truth/graph.json` in it, as `mixtrace generate` writes it;
DATASET is what `mixtrace collect` made of it. Songs of the data set without a truth are left out.

Both graphs are rendered from the same dry tracks, and measured and compared in the terms in which
known songs are (`known_score.py` tells what counts). A column tells the tracks of one family of
instruments: their own strips and sends. In the first, groups and the master count as well.
"""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float
from known_curves import GRID_HZ
from known_facts import Facts, Place
from known_facts_found import found_facts
from known_matching import match_returns
from known_scores import TYPES, Scores, score

from mixtrace.corpus import load
from mixtrace.session import GROUPS, guess_group, read_session
from mixtrace.store import GRAPH, StoredGraph, is_plain_file, read_graph

__all__ = ["EVERYTHING", "compared", "song_scores", "tables"]

TRUTH = "truth"
EVERYTHING = "everything"

_DIALS = {
    "threshold, dB": "threshold within 3 dB",
    "ratio, share of the true one": "ratio within a third",
    "attack, as a factor": "attack within a factor of two",
    "release, as a factor": "release within a factor of two",
    "RT60, share of the true one": "RT60 within 15 %",
    "reverb level, dB": "reverb level within 2 dB",
    "delay time, ms": "delay time within 1 ms",
    "feedback": "feedback within 0.05",
    "pan, -1 to 1": "pan within 5 %",
    "bell, octaves": "bell within a sixth of an octave",
}
"""Row of the table -> the measure of `known_scores`."""

_NUMBERS = {
    "EQ curve, dB": "EQ curve: median error, dB",
    "EQ curve at its worst, dB": "EQ curve: worst error, dB",
    "level, dB": "level: error, dB",
    "gain reduction, dB rms": "gain reduction: rms error, dB",
    "ride, dB rms": "ride: rms error, dB",
    "send level, dB": "level of sends: error, dB",
}


def song_scores(folder: Path, found: StoredGraph) -> dict[str, Scores]:
    """Return how near a found graph is to the truth of its song, by family and in everything.

    Args:
        folder: of the song, with its truth.
        found: the graph.
    """
    truth = read_graph(folder / TRUTH / GRAPH)
    session = read_session(folder, alignments={t.name: t.alignment for t in truth.tracks})
    tracks = {track.name: track.audio for track in session.tracks}
    return compared(truth, found, tracks, session.sample_rate_hz)


def compared(
    truth: StoredGraph,
    found: StoredGraph,
    tracks: Mapping[str, Float[np.ndarray, "_channel time"]],
    rate: int,
) -> dict[str, Scores]:
    """Return how near a graph is to the true one, by family and in everything.

    Args:
        truth: the graph that mixed the song.
        found: another of the same tracks, or of some of them.
        tracks: dry audio by name, as both graphs take it.
        rate: its sample rate in Hz.
    """
    true, other = (
        found_facts(each, [tracks[each.graph.name(i)] for i in each.graph.inputs], rate)
        for each in (truth, found)
    )
    returns = match_returns(true, other)
    scores = {EVERYTHING: score(true, other, returns)}
    for family in GROUPS:
        names = [name for name in true.tracks if guess_group(name) == family]
        if names:
            scores[family] = score(_only(true, names), _only(other, names), returns)
    return scores


def _only(facts: Facts, names: Sequence[str]) -> Facts:
    """Return the facts of some tracks alone, without groups and master."""
    nothing = Place(frozenset(), np.zeros(len(GRID_HZ)))
    return replace(
        facts,
        tracks={name: facts.tracks[name] for name in names if name in facts.tracks},
        groups={},
        master=nothing,
        sends={
            back: {name: level for name, level in sends.items() if name in names}
            for back, sends in facts.sends.items()
        },
    )


def tables(scores: Mapping[str, Scores]) -> list[str]:
    """Return the scores as Markdown: F1 by kind, and how far dials are off, a column a family."""
    columns = [name for name in (EVERYTHING, *GROUPS) if name in scores]
    lines = [*_head("F1: true, found, both", columns)]
    for kind in TYPES:
        lines.append(_row(kind, (_f1(scores[name], kind) for name in columns)))
    lines += ["", *_head("median error of those found; not found", columns)]
    for label, measure in _NUMBERS.items():
        lines.append(_row(label, (_off(scores[n].numbers.get(measure, [])) for n in columns)))
    for label, measure in _DIALS.items():
        lines.append(_row(label, (_off(scores[n].apart[measure]) for n in columns)))
    return lines


def _head(what: str, columns: Sequence[str]) -> tuple[str, str]:
    return _row(what, columns), _row("---", ["---:"] * len(columns))


def _row(first: str, cells: Iterable[str]) -> str:
    return f"| {' | '.join([first, *cells])} |"


def _f1(scores: Scores, kind: str) -> str:
    true, found, both = scores.counts[kind]
    return f"{scores.f1(kind):.2f}: {true}, {found}, {both}" if true + found else "none"


def _off(distances: Sequence[float]) -> str:
    """Return the median of the distances that are finite, and how many are not."""
    finite = [distance for distance in distances if np.isfinite(distance)]
    missing = f"; {len(distances) - len(finite)}" if len(finite) < len(distances) else ""
    if not finite:
        return f"none{missing}"
    return f"{round(float(np.median(finite)), 3):g} of {len(finite)}{missing}"


def main() -> None:
    """Read the arguments, compare song by song, print."""
    parser = argparse.ArgumentParser(description="Compare found graphs of generated songs.")
    parser.add_argument("corpus", type=Path, help="folder of songs with their truth")
    parser.add_argument("dataset", type=Path, help="what mixtrace collect made of it")
    parser.add_argument("--output", type=Path, help="Markdown file to write as well")
    given = parser.parse_args()
    dataset, scores, songs = load(given.dataset), dict[str, Scores](), 0
    for song in dataset:
        folder = given.corpus / song
        if not is_plain_file(folder / TRUTH / GRAPH):
            continue
        for name, own in song_scores(folder, dataset.graph(song)).items():
            scores.setdefault(name, Scores()).add(own)
        songs += 1
        print(f"{song} compared ({songs})", flush=True)
    if not songs:
        raise SystemExit(f"Expected songs with a {TRUTH}/{GRAPH} in {given.corpus}; found none.")
    text = "\n".join([f"{songs} songs.", "", *tables(scores), ""])
    print(text)
    if given.output:
        given.output.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
