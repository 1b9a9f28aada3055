"""The authors' own examples scored by our measure: the anchors that stand beside our tables.

    python benchmarks/authors_examples.py --folder FOLDER [--offline] [--output FILE.md]

Five songs of MedleyDB, 4 s from second 22, at 30 kHz: the target, consoles grown type by type, the
full console, and its graph pruned with three tolerances. They are the authors' to give: this
command fetches them into FOLDER, where the network allows, and takes what lies
there already. L_a is that of the whole excerpt, published convention, nothing trimmed.

Source: docs/samples of the repository sh-lee97/grafx-prune, the reference implementation of Lee et
al. 2025, arXiv 2509.15948.
"""

import argparse
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import soundfile
import torch

from mixtrace.losses import MixLoss, combine

PLACE = "https://raw.githubusercontent.com/sh-lee97/grafx-prune/HEAD/docs/samples"
SONGS = (
    "AClassicEducation_NightOwl",
    "AlexanderRoss_VelvetCurtain",
    "Cayetana_MissThing",
    "MusicDelta_Britpop",
    "Torres_NewSkin",
)
VERSIONS = {
    "sum": "console_0",
    "+ gain, pan": "console_1",
    "+ imager": "console_2",
    "+ EQ": "console_3",
    "+ reverb": "console_4",
    "+ compressor": "console_5",
    "+ gate": "console_6",
    "full": "console_full",
    "pruned, .001": "prune_hybrid_1e_3",
    "pruned, .01": "prune_hybrid_1e_2",
    "pruned, .1": "prune_hybrid_1e_1",
}
RATE_HZ = 30_000
_LARGEST_BYTES = 5_000_000
_PATIENCE_S = 20.0


def fetched(folder: Path, song: str, version: str, offline: bool) -> Path:
    """Return the file of a version, fetched where it is not there yet."""
    name = f"medley_{song}/22s_4s_{version}.wav"
    path = folder / name
    if path.is_file():
        return path
    if offline:
        raise SystemExit(f"Expected {path}; it is not there. Run once without --offline.")
    try:
        with urllib.request.urlopen(f"{PLACE}/{name}", timeout=_PATIENCE_S) as answer:
            content = answer.read(_LARGEST_BYTES)
    except (urllib.error.URLError, TimeoutError) as error:
        raise SystemExit(
            f"Expected to fetch {name} from the authors' pages; {error}. Copy their docs/samples "
            f"into {folder} by other means, and run with --offline."
        ) from error
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.rename(path)
    return path


def read(path: Path) -> torch.Tensor:
    """Return a file's audio, [2, time]."""
    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    if rate != RATE_HZ or audio.shape[1] != 2:
        raise SystemExit(
            f"Expected stereo at {RATE_HZ} Hz in {path}; got {audio.shape}, {rate} Hz."
        )
    return torch.from_numpy(np.ascontiguousarray(audio.T))


def scores(folder: Path, song: str, offline: bool) -> list[float]:
    """Return L_a of each version of a song."""
    loss = MixLoss(RATE_HZ)
    features = loss.features(read(fetched(folder, song, "target", offline)))
    found = []
    for version in VERSIONS.values():
        parts = loss.parts(read(fetched(folder, song, version, offline)), features)
        found.append(float(combine(parts, "published")))
    return found


def main() -> None:
    """Score all songs and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--offline", action="store_true")
    parser.add_argument("--output", type=Path)
    chosen = parser.parse_args()
    rows = np.array([scores(chosen.folder, song, chosen.offline) for song in SONGS])
    lines = [
        f"| song | {' | '.join(VERSIONS)} |",
        "| --- |" + " ---: |" * len(VERSIONS),
        *(
            f"| {song} | {' | '.join(f'{value:.3f}' for value in row)} |"
            for song, row in zip((*SONGS, "mean"), (*rows, rows.mean(0)), strict=True)
        ),
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if chosen.output:
        chosen.output.write_text(text)


if __name__ == "__main__":
    main()
