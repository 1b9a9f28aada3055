"""Makes songs whose true mix is known, with engines that are not ours.

    python benchmarks/known_songs.py make -o FOLDER --songs 24 --seed 1

Every song folder has tracks/, mix.wav and truth.json. `known_chains` tells which habits the draws
follow, `known_engines` what makes the sound, `known_strips` what truth.json holds. Needs
pedalboard, and for every third song lv2apply with Calf's and LSP's plug-ins (Debian packages
lilv-utils, calf-plugins, lsp-plugins-lv2); where they are absent, those songs are left out.

Songs with odd numbers are for development; those with even numbers are the unseen half, which is
for measuring alone. The same seed gives the same files.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from known_chains import draw
from known_engines import RATE_HZ, missing_plugins
from known_facts import TRUTH
from known_sources import dry_tracks
from known_strips import mixed
from scipy.io import wavfile

__all__ = ["make"]

_WITH_PLUGINS = 3  # every third song
RAWS = Path(__file__).resolve().parents[2] / "shared" / "data"


def make(folder: Path, number: int, seed: int, raws: Path) -> str:
    """Write a song, and return what it is in a line."""
    plugins = number % _WITH_PLUGINS == 0
    name = f"{number:03d}"
    if plugins and (why := missing_plugins()):
        return f"{name} is left out: {why}"
    rng = np.random.default_rng([seed, number])
    source, tracks = dry_tracks(number, raws, rng)
    desk = draw(number, [(track.name, track.family) for track in tracks], plugins, rng)
    mix, truth = mixed(desk, tracks)
    song = folder / name
    (song / "tracks").mkdir(parents=True, exist_ok=True)
    for track in tracks:
        wavfile.write(song / "tracks" / f"{track.name}.wav", RATE_HZ, track.audio.T)
    # soundfile would write the hour into the file; this way the same seed gives the same bytes.
    wavfile.write(song / "mix.wav", RATE_HZ, mix.T)
    half = "development" if number % 2 else "unseen"
    facts = {"song": name, "half": half, "source": source, "seed": seed}
    (song / TRUTH).write_text(json.dumps(facts | truth, separators=(",", ":")) + "\n", "utf-8")
    return f"{name} ({half}): {len(tracks)} tracks of {source}, {mix.shape[-1] / RATE_HZ:.0f} s"


def main() -> None:
    """Read the arguments, make the songs, say which."""
    parser = argparse.ArgumentParser(description="Make songs whose true mix is known.")
    parser.add_argument("verb", choices=["make"])
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the songs")
    parser.add_argument("--songs", type=int, default=24, help="how many")
    parser.add_argument("--seed", type=int, default=1, help="of all draws")
    parser.add_argument("--raws", type=Path, default=RAWS, help="folder with the raw songs")
    given = parser.parse_args()
    for number in range(1, given.songs + 1):
        print(make(given.output, number, given.seed, given.raws), flush=True)


if __name__ == "__main__":
    main()
