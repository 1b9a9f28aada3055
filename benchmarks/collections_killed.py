"""Collections that are killed at random: whether they end complete, and as an uninterrupted one.

    python benchmarks/collections_killed.py CORPUS WORK [--kills 10] [--workers 2] [--steps N]
    python benchmarks/collections_killed.py CORPUS WORK --levels [--ray]

CORPUS is a folder of songs, such as `mixtrace generate` writes. It is collected twice, once in
peace; of the other run now the driver and now one of its workers is killed (SIGKILL), at moments
drawn at random, and a killed driver is started again. With --levels each track gets a level by
least squares alone, which takes a second a song: the collection is measured then, not the search.
With --ray the second run is that of a Ray cluster of this machine, and workers alone are killed.
"""

import argparse
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
from levels_alone import Levels

from mixtrace.recovery import Recovery, RecoveryConfig
from mixtrace.verbs import Limits, collect

_TOLD = "song.json"
_LOOK_EVERY_S = 0.2


def main() -> None:
    """Read the arguments; collect, kill, compare, print."""
    parser = argparse.ArgumentParser(description="Kill collections at random.")
    parser.add_argument("corpus", type=Path, help="folder of songs")
    parser.add_argument("work", type=Path, help="folder for both data sets")
    parser.add_argument("--kills", type=int, default=10, help="how many")
    parser.add_argument("--workers", type=int, default=2, help="songs at once")
    parser.add_argument("--steps", type=int, help="of the descent")
    parser.add_argument("--levels", action="store_true", help="find levels alone")
    parser.add_argument("--ray", action="store_true", help="kill workers of a Ray cluster")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.into is not None:
        run(given)
        return
    began = time.monotonic()
    whole = given.work / "whole"
    subprocess.run([*command(given, whole)], check=True)
    peace_s = time.monotonic() - began
    killed = Killed(given)
    killed.carry_on(0.8 * peace_s)
    songs = len(list(whole.glob(f"songs/*/{_TOLD}")))
    print(f"{songs} songs, {given.workers} workers, {peace_s:.0f} s in peace")
    print(f"killed: {killed.drivers} drivers, {killed.workers} workers; {killed.repeated} repeated")
    print(f"complete and the same: {'yes' if same(whole, killed.folder) else 'NO'}")


def run(given: argparse.Namespace) -> None:
    """Collect in this process, which is to be killed."""
    method = Levels() if given.levels else Recovery(RecoveryConfig(steps=given.steps))
    limits = Limits(
        given.workers, ray="local" if given.ray and given.into.name == "killed" else None
    )
    collect(given.corpus, given.into, method=method, crew=limits.crew)


def command(given: argparse.Namespace, into: Path) -> list[str]:
    """Return the command that collects into a folder."""
    return [sys.executable, *sys.argv, "--into", str(into)]


def same(first: Path, second: Path) -> bool:
    """Return whether two data sets hold the same tables, graphs and vectors, to the byte."""
    places = [p.relative_to(first) for p in sorted(first.glob("tables/*"))]
    for name in ("graph.json", "params.safetensors", _TOLD):
        places += [p.relative_to(first) for p in sorted(first.glob(f"songs/*/{name}"))]
    return all((first / p).read_bytes() == (second / p).read_bytes() for p in places)


class Killed:
    """A collection that is killed now and then."""

    def __init__(self, given: argparse.Namespace) -> None:
        """Take what was asked for."""
        self.folder = given.work / "killed"
        self.drivers = self.workers = self.repeated = 0
        self._given, self._random = given, random.Random(given.seed)
        self._seen: dict[Path, int] = {}

    def carry_on(self, span_s: float) -> None:
        """Collect to the end, with kills within a span of seconds."""
        moments = sorted(self._random.uniform(0.02, 1.0) * span_s for _ in range(self._given.kills))
        driver, began = self._begin(), time.monotonic()
        while driver.poll() is None or driver.returncode:
            if driver.poll() is not None:
                driver = self._begin()
            if moments and time.monotonic() - began > moments[0] and self._kill(driver):
                moments.pop(0)
            self._look()
            time.sleep(_LOOK_EVERY_S)
        self._look()

    def _begin(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(command(self._given, self.folder))

    def _kill(self, driver: "subprocess.Popen[bytes]") -> bool:
        """Kill the driver, or a process that works on a song; return whether there was one."""
        working = list(_working(None if self._given.ray else driver.pid))
        if working and (self._given.ray or self._random.random() < 0.5):
            with suppress(psutil.NoSuchProcess):
                self._random.choice(working).kill()
                self.workers += 1
                return True
        elif not self._given.ray:
            driver.send_signal(signal.SIGKILL)
            driver.wait()
            self.drivers += 1
            return True
        return False

    def _look(self) -> None:
        """Count songs that were finished and are written once more."""
        for path in self.folder.glob(f"songs/*/{_TOLD}"):
            with suppress(FileNotFoundError):
                now = path.stat().st_mtime_ns
                self.repeated += self._seen.get(path, now) != now
                self._seen[path] = now


def _working(driver: int | None) -> Iterator[psutil.Process]:
    """Yield the processes that work on songs: of a driver, or of the cluster of this machine."""
    every = psutil.process_iter() if driver is None else psutil.Process(driver).children(True)
    for process in every:
        with suppress(psutil.Error):
            parent = process.parent()
            begun = parent is not None and "".join(parent.cmdline()).startswith("ray::")
            if "spawn_main" in " ".join(process.cmdline()) and (driver is not None or begun):
                yield process


if __name__ == "__main__":
    main()
