"""Transfers between real songs: how like each other's mixes their tracks are made.

    python benchmarks/transfers.py --results FOLDER [--output FILE.md] SONG SONG [SONG ...]

Each song is mixed like the next one and like the one after it. A feature is told as its distance
(see `mixtrace.losses.audio_features`) from the reference: of the equally loud sum, then of the
result. A result that lies in FOLDER is not made again.
"""

import argparse
import json
import time
from pathlib import Path

import mixtrace
from mixtrace.session import find_song
from mixtrace.store import LIKENESS, read_fit, read_likeness


def transferred(song: Path, reference: Path, folder: Path) -> None:
    """Mix a song like another, unless that was done."""
    if (folder / LIKENESS).is_file():
        return
    began = time.process_time()
    mixtrace.transfer(song, reference, folder, page=False)
    (folder / "cost.json").write_text(json.dumps({"cpu_s": time.process_time() - began}))


def row(song: Path, reference: Path, folder: Path) -> str:
    """Return the table's line of one transfer."""
    likeness = read_likeness(folder / LIKENESS)
    before, after = likeness.loss_before, likeness.loss_after
    kept = read_fit(folder)["processors"]["kept"]
    cost = json.loads((folder / "cost.json").read_text())["cpu_s"]
    cells = [f"{before[name]:.2g} / {after[name]:.2g}" for name in before]
    nearer = sum(after[name] < before[name] for name in before)
    told = [f"{nearer} of {len(before)}", f"{kept}", f"{cost:.0f} s |"]
    return " | ".join([f"| {song.name} | {reference.name}", *cells, *told])


def main() -> None:
    """Transfer each song and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("songs", nargs="+", type=Path)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--output", type=Path)
    chosen = parser.parse_args()
    lines = [
        "| song | like | RMS | crest | width | balance | Bark | nearer | processors | CPU |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | ---: | ---: |",
    ]
    songs = chosen.songs
    for number, song in enumerate(songs):
        for step in range(1, min(3, len(songs))):
            like = songs[(number + step) % len(songs)]
            reference = find_song(like).mix_path
            folder = chosen.results / f"{song.name}-like-{like.name}"
            transferred(song, reference, folder)
            lines.append(row(song, like, folder))
            print(lines[-1], flush=True)
    text = "\n".join(lines) + "\n"
    print(text)
    if chosen.output:
        chosen.output.write_text(text)


if __name__ == "__main__":
    main()
