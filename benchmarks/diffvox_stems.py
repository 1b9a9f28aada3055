"""DiffVox on raw tracks and their stems: a row for each pair, beside the published scores.

    python benchmarks/diffvox_stems.py RAW STEM [RAW STEM ...] [--steps 100] [--seconds 15]

RAW is a dry vocal, STEM the same vocal as it enters the mix, as MedleyDB has them. Each row tells
the loss before and after the descent, and the two terms that DiffVox's authors published, measured
at 44.1 kHz over the whole excerpt. Theirs are of whole songs, 2,000 steps.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory

from mixtrace.baselines import DiffVox, DiffVoxConfig
from mixtrace.session import Session, read_session

RATE_HZ = 44_100
PUBLISHED = {
    "mean of 65 MedleyDB vocals": (0.765, 0.403),
    "the best fitted (Beatles_07)": (0.159, 0.167),
    "the worst told (80sRock_04)": (1.027, 0.382),
    "their mean preset, not fitted": (1.142, 0.949),
}
"""MRSTFT and MLDR of left and right, as their repository has them."""


def pairs(files: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """Yield raw tracks with their stems."""
    each = iter(files)
    while pair := tuple(islice(each, 2)):
        if len(pair) != 2:
            raise SystemExit(f"Expected a stem behind each raw track; {pair[0]} has none. Add it.")
        yield pair[0], pair[1]


def session_of(raw: Path, stem: Path, seconds: float) -> Session:
    """Return the first seconds of a raw track and its stem, aligned as any song is."""
    with TemporaryDirectory() as folder:
        copyfile(raw, Path(folder) / f"vocal{raw.suffix}")
        copyfile(stem, Path(folder) / f"mix{stem.suffix}")
        session = read_session(Path(folder), sample_rate_hz=RATE_HZ)
        samples = round(seconds * RATE_HZ)
        tracks = tuple(replace(t, kept=t.audio[:, :samples].copy()) for t in session.tracks)
        return replace(session, mix=session.mix[:, :samples].copy(), tracks=tracks)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+", metavar="RAW STEM")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seconds", type=float, default=15.0)
    arguments = parser.parse_args()
    print("| pair | loss at the start | loss found | MRSTFT | MLDR | L_a of the raw | L_a | s |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for raw, stem in pairs(arguments.files):
        session = session_of(raw, stem, arguments.seconds)
        began = time.process_time()
        found = DiffVox(DiffVoxConfig(arguments.steps)).invert(session)
        start, final = (found.evidence["terms"][name] for name in ("start", "final"))
        numbers = [start["loss"], final["loss"], final["mrstft_lr"], final["mldr_lr"]]
        numbers += [found.losses[name]["published"] for name in ("sum", "final")]
        cells = [f"{number:.3f}" for number in numbers]
        spent = f"{time.process_time() - began:.0f}"
        print(f"| {' | '.join([raw.stem, *cells, spent])} |", flush=True)
    for name, (spectral, dynamic) in PUBLISHED.items():
        print(f"| published: {name} | | | {spectral} | {dynamic} | | | |")


if __name__ == "__main__":
    main()
