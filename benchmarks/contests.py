"""Two runs at once into one folder: does exactly one of them write, and is its result a good one?

Usage: contests.py [--times 20] [--seed 0]

Two short fits of a song made by code are started into one folder, together or one while the other
has it (which is halted until the second has ended: a fit of a second would be over). Every other
time the folder holds the lock of a run that was killed. One has to be refused with exit code 2 and
a sentence that names the other, whose result has to be that of a fit that had no rival, to the bit.
Prints Markdown. Needs Linux.
"""

import argparse
import json
import random
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from stopped_runs import Loaded, Run, ends_of, hidden_files, table, whole_run, write_song

LOCK, HOLDER = ".mixtrace.lock", ".mixtrace.holder.json"
HELD_FROM = "refining"  # the stage of a fit from which on it has its folder
REFUSAL = re.compile(
    r"Error: Expected an output folder that no other run writes to; process (\d+) on \S+, since "
    r"[0-9: -]+, writes to .+\. Wait for its end, or choose another output folder\."
)


def main() -> None:
    """Have runs contest a folder and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng, found = random.Random(given.seed), Counter[str]()
    with tempfile.TemporaryDirectory() as scratch:
        song, whole = write_song(Path(scratch) / "song"), Path(scratch) / "whole"
        loaded = Loaded(song, Path(scratch) / "first")
        whole_run(loaded, "fit", song, whole)
        for number in range(given.times):
            contest(loaded, song, whole, number, rng, found)
        loaded.close()
    print(table({"contests": given.times, **found}))


def contest(
    loaded: Loaded, song: Path, whole: Path, number: int, rng: random.Random, found: Counter[str]
) -> None:
    """Have two runs contest a folder, and count what came of it."""
    out = whole.with_name(f"contest-{number}")
    if number % 2:
        leave_lock(loaded, song, out, rng)
        found["with the lock of a killed run"] += (out / LOCK).exists()
    first = Run(loaded, "fit", song, out)
    together = number % 4 < 2
    if together:
        first.work(rng.uniform(0.0, 0.1))
    else:
        hold(first, out)
    found["started together" if together else "started while the other had it"] += 1
    second = Run(loaded, "fit", song, out)
    code = None if together else second.end()
    first.signal(signal.SIGCONT)
    codes = first.end(), second.end() if together else code
    found["one wrote and one was refused"] += sorted(map(str, codes)) == ["0", "2"]
    refused, winner = (first, second) if codes[0] == 2 else (second, first)
    said = [line for line in refused.lines if not re.fullmatch(r"[a-z ]+(, .*)?", line)]
    named = REFUSAL.fullmatch(said[0]) if len(said) == 1 else None
    found["refused in one sentence"] += len(said) == 1
    found["named the one that had it"] += named is not None and int(named[1]) == winner.number
    found["tracebacks"] += any("Traceback" in line for run in (first, second) for line in run.lines)
    found["identical"] += ends_of(out) == ends_of(whole)
    found["left hidden files"] += bool(hidden_files(out))
    print(f"{number}: {codes}, {said}", file=sys.stderr)


def hold(run: Run, out: Path) -> None:
    """Halt a run once it has its folder."""
    holder = out / HOLDER
    while not run.is_over():
        with suppress(FileNotFoundError, ValueError):
            if json.loads(holder.read_text())["process"] == run.number:
                break
        time.sleep(0.002)
    run.signal(signal.SIGSTOP)


def leave_lock(loaded: Loaded, song: Path, out: Path, rng: random.Random) -> None:
    """Kill a run that has its folder."""
    run = Run(loaded, "fit", song, out)
    run.wait_for(HELD_FROM)
    run.work(rng.uniform(0.0, 1.0))
    run.signal(signal.SIGKILL)
    run.end()


if __name__ == "__main__":
    main()
