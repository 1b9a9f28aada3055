"""Short fits and captures of a song made by code, each in a process that is followed and stopped.

Loading everything takes longer than such a run. One process does that, by a run of each, and forks
for all others; it has a single thread. Needs Linux, which tells what a process has spent.
"""

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import soundfile

from mixtrace.store import CAPTURE, GRAPH, METRICS, PARAMS

__all__ = ["Loaded", "Run", "ends_of", "hidden_files", "table", "whole_run", "write_song"]

RATE_HZ, SECONDS = 22_050, 3
_ARGUMENTS = {
    "fit": ["--steps", "4", "--no-align"],
    "capture": [],
}
_PROGRAM = """
import json, os, signal, sys, threading
from mixtrace import verbs
from mixtrace.cli import main
from mixtrace.recovery import Recovery, RecoveryConfig
from mixtrace.session.decoding import release_decoders

song, out = sys.argv[1:]
verbs.fit(song, out + "/fit", method=Recovery(RecoveryConfig(steps=4)), align=False)
verbs.capture(song, out + "/capture")
release_decoders()
assert threading.active_count() == 1

def begin(arguments, told):
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background ignores it
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    lines = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(lines, stream)
    print("ready", flush=True)
    sys.argv = ["mixtrace", *arguments]
    main()
    sys.exit()

for line in sys.stdin:
    asked = json.loads(line)
    if isinstance(asked, int):
        answer = os.waitstatus_to_exitcode(os.waitpid(asked, 0)[1])
    elif not (answer := os.fork()):
        begin(*asked)
    print(answer, flush=True)
"""


class Loaded:
    """A process in which all is imported; it forks one for each run."""

    def __init__(self, song: Path, out: Path) -> None:
        """Start it; it makes a fit and a capture of the song in folders of `out`."""
        pipe, one_thread = subprocess.PIPE, os.environ | {"OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-c", _PROGRAM, str(song), str(out)]
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, text=True, env=one_thread
        )

    def ask(self, question: object) -> int:
        """Return the process that was begun, or the exit code of one that has ended."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        self._process.communicate()


class Run:
    """A fit or a capture, whose stages are followed."""

    def __init__(self, loaded: Loaded, verb: str, song: Path, out: Path, *more: str) -> None:
        """Start it; return when it is about to read its arguments."""
        self._loaded, self._code = loaded, None
        self._told = out.with_name(f"{out.name}-{time.monotonic_ns()}.txt")
        arguments = [verb, str(song), "-o", str(out), *_ARGUMENTS[verb], *more]
        self.number = loaded.ask([arguments, str(self._told)])
        while not self.lines:
            time.sleep(0.002)

    @property
    def lines(self) -> list[str]:
        """What it has printed."""
        return self._told.read_text().splitlines() if self._told.exists() else []

    @property
    def stage(self) -> str:
        """What it does now."""
        return self.lines[-1].split(",")[0].strip()

    def wait_for(self, stage: str) -> None:
        """Return when a stage begins or the process has ended."""
        while not self.is_over() and not any(line.startswith(stage) for line in self.lines):
            time.sleep(0.005)

    def work(self, for_s: float) -> None:
        """Return when it has spent so much more processor time or has ended."""
        until_s = self.spent_s() + for_s
        while not self.is_over() and self.spent_s() < until_s:
            time.sleep(0.002)

    def is_over(self) -> bool:
        """Return whether it has ended; it is still known to the system until `end`."""
        return self._stat()[0] == "Z"

    def spent_s(self) -> float:
        """Return the processor time that it has spent; all of it once it has ended."""
        if self._code is not None:
            return self._spent_s
        ticks = self._stat()
        return (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")

    def _stat(self) -> list[str]:
        """Return what the system knows of it, from its state on; see proc_pid_stat(5)."""
        return Path(f"/proc/{self.number}/stat").read_text().rpartition(")")[2].split()

    def signal(self, number: int) -> None:
        """Send a signal."""
        os.kill(self.number, number)

    def end(self, patience_s: float | None = None) -> int | None:
        """Return the exit code, or None where it took too long and was killed."""
        deadline = time.monotonic() + (patience_s or math.inf)
        while time.monotonic() < deadline and not self.is_over():
            time.sleep(0.01)
        in_time = self.is_over()
        if not in_time:
            self.signal(9)
        self._spent_s = self.spent_s()
        self._code = self._loaded.ask(self.number)
        return self._code if in_time else None


def write_song(folder: Path, level: float = 1.0) -> Path:
    """Write noise that swells on two tracks, and their sum at other levels."""
    rng, time_ = np.random.default_rng(0), SECONDS * RATE_HZ
    (folder / "tracks").mkdir(parents=True)
    mix = np.zeros((time_, 2))
    for number, (name, gain) in enumerate((("01_Kick", 0.5 * level), ("02_Bass", 1.0))):
        swell = np.abs(np.sin(np.linspace(number, 9.0 + number, time_)))[:, None]
        audio = 0.1 * swell * rng.standard_normal((time_, 1))
        soundfile.write(folder / "tracks" / f"{name}.wav", audio, RATE_HZ, subtype="FLOAT")
        mix += gain * audio
    soundfile.write(folder / "mix.wav", mix, RATE_HZ, subtype="FLOAT")
    return folder


def ends_of(out: Path) -> dict[str, object]:
    """Return what has to be equal: neither pages nor Ogg, which hold times and random numbers."""
    if (out / CAPTURE).exists():
        stored = json.loads((out / CAPTURE).read_text())
        patterns = ("*.wav", "*.csv", METRICS, "responses/*")
        files = [file for pattern in patterns for file in out.glob(pattern)]
        files_of = {str(file.relative_to(out)): file.read_bytes() for file in files}
        return files_of | {CAPTURE: stored | {"seconds": 0.0}}
    files = [out / name for name in (GRAPH, PARAMS) if (out / name).exists()]
    return {file.name: file.read_bytes() for file in files}


def hidden_files(out: Path) -> list[Path]:
    """Return locks and temporary files that lie in a result's folder."""
    return [path for path in out.rglob(".*")]


def whole_run(loaded: Loaded, verb: str, song: Path, out: Path) -> float:
    """Make a result without a stop, and return how much processor time that took, in s."""
    run = Run(loaded, verb, song, out)
    if run.end() != 0:
        raise SystemExit("\n".join(run.lines))
    return run.spent_s()


def table(rows: Mapping[str, object]) -> str:
    """Return a table of two columns."""
    lines = ["| what | count |", "| --- | ---: |"]
    return "\n".join([*lines, *(f"| {what} | {count} |" for what, count in rows.items()), ""])
