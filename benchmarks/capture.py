"""Captures of real songs: L_a of the whole, seen and unseen, what was read, time and memory.

    python benchmarks/capture.py --results FOLDER [--output FILE.md] SONG [SONG ...]

Each song is captured three times by `mixtrace capture`, in a process of its own: whole, without
its last 40 % (`--unseen end:40`) and without blocks spread over it (`--unseen blocks:40`). Wall
time and peak memory include starting, reading, aligning, measuring and writing. A capture that lies
in FOLDER already is only listed.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_COST = "cost.json"
_CHOICES = ("", "end:40", "blocks:40")


def captured(song: Path, results: Path, unseen: str) -> dict[str, Any]:
    """Return what a capture wrote and what it cost, from FOLDER or made now."""
    folder = results / f"{song.name} {unseen.replace(':', '')}".strip()
    cost = results / f"{folder.name} {_COST}"
    if not cost.exists():
        program = str(Path(sys.executable).with_name("mixtrace"))
        command = [program, "capture", str(song), "-o", str(folder), "--fresh"]
        command += ["--unseen", unseen] if unseen else []
        began = time.perf_counter()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        if status:
            raise SystemExit(f"mixtrace capture {song.name} ended with status {status}")
        spent = {"seconds": time.perf_counter() - began, "peak_gb": usage.ru_maxrss / 1e6}
        spent["processor_s"] = usage.ru_utime + usage.ru_stime
        cost.write_text(json.dumps(spent))
    documents = (folder / "capture.json", folder / "metrics.json", cost)
    capture, metrics, spent = (json.loads(path.read_text("utf-8")) for path in documents)
    return {"capture": capture, "metrics": metrics, **spent}


def losses(measures: dict[str, Any]) -> str:
    """Return L_a in both conventions."""
    return f"{measures['published']['l_a']:.3f} ({measures['eq4']['l_a']:.3f})"


def rows(song: Path, results: Path) -> tuple[str, str]:
    """Return the lines of one song: of its losses and of what was read at what cost."""
    found = {unseen: captured(song, results, unseen) for unseen in _CHOICES}
    cells = [song.name, losses(found[""]["metrics"])]
    for unseen in _CHOICES[1:]:
        held_out = found[unseen]["metrics"]["held_out"]
        cells += [losses(held_out["seen"]), losses(held_out["unseen"])]
    whole = found[""]["capture"]
    length_s = whole["response_samples"] / whole["sample_rate_hz"]
    tracks = whole["tracks"]
    curves = sum(track["curve"] is not None for track in tracks)
    spent = [f"{one['seconds']:.0f} / {one['processor_s']:.0f} s" for one in found.values()]
    peak_gb = max(one["peak_gb"] for one in found.values())
    read = [
        song.name,
        f"{len(tracks)} of {len(tracks) + len(whole['unread'])}",
        f"{length_s:.2f} s",
        str(curves),
        f"{100 * whole['error_seen']:.1f} %",
        *spent,
        f"{peak_gb:.2f} GB",
    ]
    return "| " + " | ".join(cells) + " |", "| " + " | ".join(read) + " |"


def main() -> None:
    """Capture what is not captured yet and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("songs", nargs="+", type=Path)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    options.results.mkdir(parents=True, exist_ok=True)
    both = [rows(song, options.results) for song in options.songs]
    lines = [
        "| song | whole (eq. 4) | end: seen | unseen | blocks: seen | unseen |",
        "| --- | --- | --- | --- | --- | --- |",
        *(first for first, _ in both),
        "",
        "| song | tracks read | responses | level curves | left of the mix "
        "| whole: wall / processor | end | blocks | memory |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        *(second for _, second in both),
    ]
    print("\n".join(lines))
    if options.output is not None:
        options.output.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
