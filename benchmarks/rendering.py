"""A whole song through a pruned graph at 44.1 kHz: how many times faster than real time.

    python benchmarks/rendering.py [--rounds 3] [--out FILE.md]

DaisyDaisy_known, the console `paper` with random settings and 70 % of its processors removed at
random (three draws); noise of the same sizes where the song is not at hand. What is timed is the
rendering alone; reading the files is timed apart. The peer of the table is the playing time.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from speed_tables import Row, table
from speed_workload import DATA, seconds_of
from windows import prune_at_random

from mixtrace.descent import Variables
from mixtrace.graph import CONSOLES, build_console
from mixtrace.rendering import render_song
from mixtrace.session import Alignment, Session, Track, read_session

OUT = Path(__file__).resolve().parents[1] / "docs" / "performance-rendering.md"
_SONG, _RATE_HZ, _SECONDS, _TRACKS = "DaisyDaisy_known", 44_100, 217.0, 12
_PRUNED = 0.7
_DRAWS = 3


def read() -> tuple[Session, str]:
    """Return the song at its own rate, and what it is in words."""
    if (DATA / _SONG).is_dir():
        return read_session(DATA / _SONG, align=False), _SONG
    rng = np.random.default_rng(0)
    length = round(_SECONDS * _RATE_HZ)
    tracks = tuple(
        Track(f"t{n}", f"b{n % 3}", noise, Alignment(), False, None, 0)
        for n in range(_TRACKS)
        for noise in [rng.normal(0.0, 0.1, (1 + n % 2, length)).astype(np.float32)]
    )
    return Session("noise", _RATE_HZ, np.zeros((2, length), np.float32), tracks, ()), "noise"


def run(session: Session, rounds: int) -> list[Row]:
    """Return a row for each draw; the ratio is playing time / rendering time."""
    names = [(track.name, track.group) for track in session.tracks]
    graph = build_console(names, CONSOLES["paper"])
    settings = Variables.random(graph, torch.Generator().manual_seed(0)).settings()
    tracks = [torch.from_numpy(track.audio) for track in session.tracks]
    playing_s = session.mix.shape[1] / session.sample_rate_hz
    rows = []
    for seed in range(_DRAWS):
        smaller = prune_at_random(graph, settings, _PRUNED, seed)

        def render(smaller: tuple = smaller) -> None:
            render_song(*smaller, tracks, session.sample_rate_hz)

        times = sorted(seconds_of(render) for _ in range(rounds))
        median = times[len(times) // 2]
        rows.append(
            Row(
                f"{_PRUNED:.0%} pruned, draw {seed}",
                playing_s,
                median,
                playing_s / median,
                playing_s / times[-1],
                playing_s / times[0],
            )
        )
        print(*table(rows)[-1:], flush=True)
    return rows


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    began = time.perf_counter()
    session, name = read()
    reading_s = time.perf_counter() - began
    rows = run(session, given.rounds)
    lines = [
        "# Rendering a whole song",
        "",
        f"Made by `python benchmarks/rendering.py`, {torch.get_num_threads()} threads: {name}, "
        f"{len(session.tracks)} tracks, {session.sample_rate_hz} Hz, rendering alone; the peer is "
        f"the playing time. Reading and decoding took {reading_s:.1f} s. Median of {given.rounds}.",
        "",
        *table(rows),
    ]
    given.out.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
