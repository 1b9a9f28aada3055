"""The default fit of real songs: L_a of sum, start and results, processors, time, memory.

    python benchmarks/songs.py --results FOLDER [--output FILE.md] SONG [SONG ...]

Each song is fitted by `mixtrace fit` with the default recipe in a process of its own; its wall time
and peak memory include reading, aligning and rendering at the mix's own rate. A song whose result
lies in FOLDER already is not fitted again, only listed. On a shared server others take cores away;
"stolen" is the share of the processor time asked for that the server did not give meanwhile.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from mixtrace.descent import SongWindows, song_loss
from mixtrace.graph import ConsolePreset, build_console
from mixtrace.processors import Settings
from mixtrace.session import read_session

_COST = "cost.json"


def run_fit(song: Path, folder: Path) -> None:
    """Fit one song and note beside its result what it cost."""
    began, before = time.perf_counter(), processor_times()
    program = str(Path(sys.executable).with_name("mixtrace"))
    command = [program, "fit", str(song), "-o", str(folder)]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"mixtrace fit {song.name} ended with status {status}")
    stolen, used = (after - b for after, b in zip(processor_times(), before, strict=True))
    cost = {
        "seconds": time.perf_counter() - began,
        "peak_gb": usage.ru_maxrss / 1e6,
        "stolen": stolen / (stolen + used),
    }
    (folder / _COST).write_text(json.dumps(cost))


def processor_times() -> tuple[int, int]:
    """Return how long all cores were withheld from this machine and how long they worked, in ticks.

    Source: proc(5), /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal.
    """
    ticks = [int(field) for field in Path("/proc/stat").read_text().split()[1:9]]
    return ticks[7], sum(ticks[:3])


def sum_loss(song: Path) -> float:
    """Return L_a of the plain sum of the aligned dry tracks."""
    session = read_session(song, sample_rate_hz=30_000)
    names = [(track.name, track.group) for track in session.tracks]
    graph = build_console(names, ConsolePreset((), ()))
    return song_loss(graph, Settings(), SongWindows(session))["published"]


def row(song: Path, folder: Path) -> str:
    """Return the table's line of one song."""
    fit: dict[str, Any] = json.loads((folder / "fit.json").read_text())
    cost = json.loads((folder / _COST).read_text())
    losses = fit["losses"]
    refined, final = losses["console"], losses["final"]
    kept, total = fit["processors"]["kept"], fit["processors"]["console"]
    return (
        f"| {song.name} | {sum_loss(song):.2f} | {losses['start']['published']:.3f} "
        f"| {refined['published']:.3f} ({refined['eq4']:.3f}) "
        f"| {final['published']:.3f} ({final['eq4']:.3f}) "
        f"| {final['published'] - refined['published']:+.4f} | {total - kept} of {total}, "
        f"{1 - kept / total:.2f} | {cost['seconds']:.0f} s | {cost['stolen']:.2f} "
        f"| {cost['peak_gb']:.2f} GB |"
    )


def main() -> None:
    """Fit what is not fitted yet and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("songs", nargs="+", type=Path)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    options.results.mkdir(parents=True, exist_ok=True)
    lines = [
        "| song | sum | start | refined (eq. 4) | confirmed (eq. 4) | difference | removed | time "
        "| stolen | memory |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for song in options.songs:
        folder = options.results / song.name
        if not (folder / _COST).exists():
            run_fit(song, folder)
        lines.append(row(song, folder))
        print(lines[-1], flush=True)
    if options.output is not None:
        options.output.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
