"""Interrupted fits and damaged checkpoints: does anything get lost, let in or stuck?

Usage: interrupts.py [--fits 40] [--bits 400] [--seed 0]

A short fit of a song made by code (3 s, two tracks) is stopped at a random moment, by SIGINT and
SIGTERM in turn, a third of the times while the result is rendered and written, and run again until
it ends. Its graph.json and params.safetensors should be those of a fit that was not stopped, to the
bit. Before that single bits are flipped at random places of a checkpoint, in the last state or in
both that are kept, and it is loaded. Prints Markdown. Needs Linux, which tells what a stop took.
"""

import argparse
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import soundfile
import torch

from mixtrace.errors import MixtraceError
from mixtrace.store import GRAPH, PARAMS, Checkpoint

RATE_HZ, SECONDS = 22_050, 3
PATIENCE_S = 90.0  # a busy machine is slow; the time of its own that a stop takes is counted
LONG_S = 10.0
MOST_RUNS = 5
MOST_OF = 0.8  # of a fit's time: later it has often ended
WRITING = ("weighing", "rendering", "measuring", "listening", "coding audio")
PROGRAM = """
import signal, sys
from dataclasses import replace
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background ignores it
import torch
from mixtrace import verbs
from mixtrace.cli import main
from mixtrace.fit import RECIPES
RECIPES["default"] = replace(RECIPES["default"], rounds=2, round_steps=3)
print("ready", file=sys.stderr, flush=True)
main()
"""


def main() -> None:
    """Run both parts and print what came of them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fits", type=int, default=40, help="fits to stop")
    parser.add_argument("--bits", type=int, default=400, help="bits to flip")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.bits:
            print(bits_table(Path(folder), given.bits, random.Random(given.seed)))
        if given.fits:
            print(fits_table(Path(folder), given.fits, random.Random(given.seed)))


def write_song(folder: Path) -> Path:
    """Write noise that swells on three tracks, and their sum at other levels."""
    rng, time_ = np.random.default_rng(0), SECONDS * RATE_HZ
    (folder / "tracks").mkdir(parents=True)
    mix = np.zeros((time_, 2))
    for number, (name, gain) in enumerate((("01_Kick", 0.5), ("02_Bass", 1.0))):
        swell = np.abs(np.sin(np.linspace(number, 9.0 + number, time_)))[:, None]
        audio = 0.1 * swell * rng.standard_normal((time_, 1))
        soundfile.write(folder / "tracks" / f"{name}.wav", audio, RATE_HZ, subtype="FLOAT")
        mix += gain * audio
    soundfile.write(folder / "mix.wav", mix, RATE_HZ, subtype="FLOAT")
    return folder


class Run:
    """A fit in a process of its own, whose stages are followed."""

    def __init__(self, song: Path, out: Path) -> None:
        """Start it; return when all is imported."""
        command = [sys.executable, "-c", PROGRAM, "fit", str(song), "-o", str(out)]
        command += ["--steps", "6", "--no-align", "--preset", "paper"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)
        self.lines: list[str] = []
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._follow)
        self._reader.start()
        self._ready.wait()

    def _follow(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            self._ready.set()
        self._ready.set()

    def wait_for(self, stage: str) -> None:
        """Return when a stage begins or the process has ended."""
        while not self.is_over() and not any(x.startswith(stage) for x in self.lines):
            time.sleep(0.005)

    def is_over(self) -> bool:
        """Return whether it has ended; it is still known to the system until `end`."""
        return self._stat()[0] == "Z"

    def spent_s(self) -> float:
        """Return the processor time that it has spent; all of it once it has ended."""
        if self.process.returncode is not None:
            return self._spent_s
        ticks = self._stat()
        return (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")

    def _stat(self) -> list[str]:
        """Return what the system knows of it, from its state on; see proc_pid_stat(5)."""
        return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()

    def end(self, patience_s: float | None = None) -> int | None:
        """Return the exit code, or None where it took too long and was killed."""
        deadline, code = time.monotonic() + (patience_s or math.inf), None
        while time.monotonic() < deadline and not self.is_over():
            time.sleep(0.01)
        self._spent_s = self.spent_s()
        if self.is_over():
            code = self.process.wait()
        else:
            self.process.kill()
            self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


def ends_of(out: Path) -> tuple[bytes, bytes]:
    """Return what has to be equal."""
    return (out / GRAPH).read_bytes(), (out / PARAMS).read_bytes()


def fits_table(folder: Path, count: int, rng: random.Random) -> str:
    """Stop fits and run them again; return how they ended."""
    song, reference = write_song(folder / "song"), folder / "whole"
    for _ in range(2):  # the first may compile loops: the second tells how long one takes
        shutil.rmtree(reference, ignore_errors=True)
        run = Run(song, reference)
        began = time.monotonic()
        if run.end() != 0:
            raise SystemExit("".join(run.lines))
        whole_s = time.monotonic() - began
    wanted, found = ends_of(reference), Counter[str]()
    slowest_s = 0.0
    for number in range(count):
        out = folder / f"fit-{number}"
        run = Run(song, out)
        if number % 3 == 2:
            run.wait_for(rng.choice(WRITING))
            time.sleep(rng.uniform(0.0, 0.4))
        else:
            time.sleep(rng.uniform(0.0, MOST_OF * whole_s))
        sent = (signal.SIGINT, signal.SIGTERM)[number % 2]
        stage, spent_s = run.lines[-1].split(",")[0].strip(), run.spent_s()
        late = run.is_over()
        os.kill(run.process.pid, sent)  # `send_signal` would look whether it lives, and forget it
        code = run.end(PATIENCE_S)
        took_s = run.spent_s() - spent_s
        slowest_s = max(slowest_s, took_s)
        stopped = f"ended with {128 + sent}, as they should" if code == 128 + sent else ""
        found["had ended before" if late else stopped or f"ended with {code}"] += 1
        found["did not stop within 10 s"] += code is None or took_s > LONG_S
        print(f"{number}: {sent.name} at {stage}: {code} after {took_s:.1f} s", file=sys.stderr)
        found["tracebacks"] += any("Traceback" in line for line in run.lines)
        found["files half-written"] += len(list(out.rglob(".*.part")))
        runs, code = 0, None
        while code != 0 and runs < MOST_RUNS:
            again = Run(song, out)
            code, runs = again.end(), runs + 1
        found["needed a second resume"] += runs > 1
        found["identical" if ends_of(out) == wanted else "another result"] += 1
        found["left hidden files"] += any(path.name.startswith(".") for path in out.iterdir())
    rows = {"interrupted": count, **found, "seconds of a whole fit": f"{whole_s:.1f}"}
    return table(rows | {"processor seconds of the slowest stop": f"{slowest_s:.1f}"})


def bits_table(folder: Path, count: int, rng: random.Random) -> str:
    """Flip bits of a checkpoint and load it; return what came of each."""
    noise = torch.Generator().manual_seed(0)
    checkpoint = Checkpoint(folder / "checkpoint.safetensors", "bench")
    for step in (1, 2):
        tensors = {
            f"now/equalizer/{name}": torch.randn((4, 64), generator=noise)
            for name in ("value", "exp_avg", "exp_avg_sq")
        }
        losses = torch.rand(40, generator=noise).tolist()
        checkpoint.save(tensors, {"step": step, "losses": losses, "graph": {"nodes": []}})
    files = checkpoint.path, checkpoint.previous
    whole, found = [file.read_bytes() for file in files], Counter[str]()
    states = [shown(Checkpoint(file, "bench").load()) for file in files]
    for number in range(count):
        both = number % 4 == 3
        for file, content in zip(files, whole, strict=True):
            damaged = bytearray(content)
            if both or file == files[0]:
                place = rng.randrange(8 * len(damaged))
                damaged[place // 8] ^= 1 << place % 8
            file.write_bytes(damaged)
        found[outcome(Checkpoint(files[0], "bench"), states)] += 1
    return table({"flipped": count, **found})


def outcome(checkpoint: Checkpoint, states: list[str]) -> str:
    """Return what loading came to."""
    try:
        state = shown(checkpoint.load())
    except MixtraceError:
        return "refused in a sentence"
    except Exception:
        return "traceback"
    if state == states[0]:
        return "same result"
    told = state == states[1] and checkpoint.warning is not None
    return "earlier one used, with a warning" if told else "silent difference"


def shown(state: object) -> str:
    """Return all of a state as text; single precision is printed exactly."""
    torch.set_printoptions(precision=10, threshold=10**6)
    return repr(state)


def table(rows: Mapping[str, object]) -> str:
    """Return a table of two columns."""
    lines = ["| what | count |", "| --- | ---: |"]
    return "\n".join([*lines, *(f"| {what} | {count} |" for what, count in rows.items()), ""])


if __name__ == "__main__":
    main()
