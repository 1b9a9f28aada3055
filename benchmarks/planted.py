"""Planted graphs of our own processors, sends included: what of them a recovery finds.

    python benchmarks/planted.py SONGS [--songs 005 013 ...] [--output FILE.md]

SONGS is a folder that `known_songs.py` wrote. The true mix of each song is written as a graph of
our processors (`known_transcribed`), rendered, and recovered from its tracks. A processor is
counted where it changes the sound by half a dB or more (`known_score` tells how). Prints Markdown.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from known_facts import TRUTH, read_truth
from known_facts_found import found_facts
from known_scores import TYPES, Scores, score
from known_transcribed import transcribed

from mixtrace.metrics import LOSS_RATE_HZ
from mixtrace.recovery import Recovery
from mixtrace.rendering import render_song
from mixtrace.session import Alignment, Session, Track, read_session
from mixtrace.store import StoredGraph

__all__ = ["planted_session", "recovered"]


def planted_session(song: Path) -> tuple[StoredGraph, Session]:
    """Return the graph that was planted, and its tracks with the mix that it makes of them."""
    planted = transcribed(song)
    whole = read_session(song, sample_rate_hz=LOSS_RATE_HZ, align=False)
    audio = {track.name: track.audio for track in whole.tracks}
    names = [planted.graph.name(i) for i in planted.graph.inputs]
    dry = [audio[name] for name in names]
    sounds = [torch.from_numpy(sound) for sound in dry]
    mix = render_song(planted.graph, planted.settings, sounds, LOSS_RATE_HZ)
    groups = {track.name: track.group for track in whole.tracks}
    tracks = tuple(
        Track(name, groups[name], sound, Alignment(0.0, 1, 1.0), False, None, 0)
        for name, sound in zip(names, dry, strict=True)
    )
    return planted, Session(song.name, LOSS_RATE_HZ, np.asarray(mix, np.float32), tracks, ())


def recovered(song: Path) -> tuple[Scores, float]:
    """Return what was found of a planted graph, and L_a."""
    planted, session = planted_session(song)
    inversion = Recovery().invert(session)
    found = StoredGraph(song.name, planted.tracks, inversion.graph, inversion.settings)
    audio = {track.name: track.audio for track in session.tracks}
    true, ours = (
        found_facts(one, [audio[one.graph.name(i)] for i in one.graph.inputs], LOSS_RATE_HZ)
        for one in (planted, found)
    )
    truth = read_truth(song / TRUTH)
    of_groups = {  # a found group is called after its tracks
        name: np.any([truth.on[track] for track in sorted(place.tracks)], axis=0)
        for name, place in true.groups.items()
    }
    true = replace(true, on=of_groups | truth.on, heard=truth.heard)
    return score(true, ours), inversion.losses["final"]["published"]


def table(rows: Sequence[tuple[str, Scores, float]]) -> str:
    """Return a row for each song, and one for all."""
    total = Scores()
    lines = ["| song | L_a | planted | kept | found, but not planted |"]
    lines.append("| --- | ---: | ---: | ---: | ---: |")
    for name, scores, loss in rows:
        total.add(scores)
        lines.append(f"| {name} | {loss:.3f} | {_counts(scores)} |")
    lines.append(f"| all | | {_counts(total)} |")
    by_type = [f"{kind} {b} of {t}, {f - b} more" for kind, (t, f, b) in total.counts.items() if f]
    return "\n".join([*lines, "", "Kept of planted, by type: " + "; ".join(by_type) + ".", ""])


def _counts(scores: Scores) -> str:
    true, found, both = (sum(scores.counts[kind][k] for kind in TYPES) for k in range(3))
    return f"{true} | {both}, {both / max(true, 1):.0%} | {found - both}"


def main() -> None:
    """Read the arguments, recover every song, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder of known songs")
    parser.add_argument("--songs", nargs="*", help="names of songs; all of the development half")
    parser.add_argument("--output", type=Path, help="Markdown file to write as well")
    given = parser.parse_args()
    names = given.songs or [p.parent.name for p in sorted(given.folder.glob(f"*[13579]/{TRUTH}"))]
    text = table([(name, *recovered(given.folder / name)) for name in names])
    print(text)
    if given.output is not None:
        given.output.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
