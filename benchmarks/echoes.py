"""The delays of mixes whose settings are known, against the echoes the start of a fit finds there.

    python benchmarks/echoes.py [--songs Beatles_known DaisyDaisy_known]

Prints a table in Markdown. The true mixes were made by another program, with feedback; its echoes
stand at `mix / (1 - mix)` of the direct sound. benchmarks/README.md says where songs
are looked for.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from mixtrace.descent import static_responses
from mixtrace.descent.echoes import find_echoes
from mixtrace.processors.twenty_tap_delay import SLOT_S
from mixtrace.session import read_session

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
RATE_HZ = 30_000
SLOTS = 20


def true_delays(song: Path) -> dict[str, tuple[float, float]]:
    """Return the time in seconds and the level in dB of the first echo of each delayed track."""
    truth = json.loads((song / "truth.json").read_text("utf-8"))
    delays = {}
    for track, described in truth.items():
        for effect in described.get("chain", ()) if isinstance(described, dict) else ():
            if effect["type"] == "Delay":
                level = effect["mix"] / (1.0 - effect["mix"])
                delays[track] = (effect["delay_seconds"], 20.0 * np.log10(level))
    return delays


def rows(song: Path) -> list[str]:
    """Return a line for each track that has a delay or was given one."""
    session = read_session(song, sample_rate_hz=RATE_HZ)
    echoes = find_echoes(session, static_responses(session).coherent, SLOT_S, SLOTS)
    truth = true_delays(song)
    lines = []
    for track, times_s, ratios in zip(session.tracks, echoes.time_s, echoes.ratio, strict=True):
        if not ratios.any() and track.name not in truth:
            continue
        found = " | - | -"
        if ratios.any():
            side, slot = np.argwhere(ratios == ratios.max())[0]
            level_db = 20.0 * np.log10(ratios[side, slot])
            found = f" | {1e3 * times_s[side, slot]:.1f} | {level_db:.1f}"
        time_s, level_db = truth.get(track.name, (np.nan, np.nan))
        lines.append(
            f"| {session.name} | {track.name} | {1e3 * time_s:.1f} | {level_db:.1f}{found} |"
        )
    return lines


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="True delays against the echoes found.")
    parser.add_argument("--songs", nargs="+", default=["Beatles_known", "DaisyDaisy_known"])
    given = parser.parse_args()
    print("| song | track | true delay, ms | first echo, dB | found, ms | loudest echo, dB |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for name in given.songs:
        print("\n".join(rows(DATA / name)))


if __name__ == "__main__":
    main()
