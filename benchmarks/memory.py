"""Memory of a large session, and what the length of a song costs while it is fitted.

    python benchmarks/memory.py [--tracks 130] [--minutes 4] [--stereo 1.0] [--out FILE.md]

Writes that many tracks of 44.1 kHz and 16 bits, made from real ones (see `speed_workload`), to a
temporary folder, and fits them in a process of its own: the whole of `mixtrace fit`, from reading
to the report, but for the number of steps, which no memory depends on. Where the machine's memory
is free the kernel leaves mapped files in it, so two peaks are told: all that was resident, and what
could not have been given back (anonymous and shared memory). Then the descent on songs of 30 s,
2 min and 8 min with eight chains: median time of a step, and peak.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
from speed_workload import RATE_HZ, OursAtWork, make_session, seconds_of

import mixtrace
from mixtrace.progress import Progress
from mixtrace.recovery import Recovery, RecoveryConfig

OUT = Path(__file__).resolve().parents[1] / "docs" / "performance-memory.md"
_FILE_RATE_HZ = 44_100
_LENGTHS_S = (30, 120, 480)
_STEPS = 12
_LARGE_STEPS = 4


class Watch:
    """Peaks of this process by stage in GB: `resident`, and `held`, which is not to be given back.

    Attributes:
        stages: by name `seconds`, `resident` and `held`.
    """

    def __init__(self, stage: str) -> None:
        """Begin with a stage."""
        self.stages: dict[str, dict[str, float]] = {}
        self._done, self._began = threading.Event(), time.perf_counter()
        self._thread = threading.Thread(target=self._watch)
        self.enter(stage)
        self._thread.start()

    def enter(self, stage: str) -> None:
        """Count what follows to a stage; it may have been entered before."""
        now = time.perf_counter()
        if self.stages:
            self.stages[self._stage]["seconds"] += now - self._began
        self._stage, self._began = stage, now
        self.stages.setdefault(stage, {"seconds": 0.0, "resident": 0.0, "held": 0.0})

    def end(self) -> dict[str, dict[str, float]]:
        """Return the stages, the last one ended."""
        self.enter(self._stage)
        self._done.set()
        self._thread.join()
        return self.stages

    def _watch(self) -> None:
        while not self._done.wait(0.02):
            fields = dict(line.split(":") for line in Path("/proc/self/status").open())
            size = {name: int(fields[name].split()[0]) / 1e6 for name in fields if "Rss" in name}
            found = self.stages[self._stage]
            found["resident"] = max(found["resident"], sum(size.values()))
            found["held"] = max(found["held"], size["RssAnon"] + size["RssShmem"])


def write_song(folder: Path, tracks: int, seconds: float, stereo_share: float) -> None:
    """Write tracks and mix; every n-th track is stereo, as the share says."""
    session = make_session(tracks, 1, stereo=True)
    length = round(seconds * _FILE_RATE_HZ)
    (folder / "tracks").mkdir(parents=True)
    for number, track in enumerate(session.tracks):
        wide = int((number + 1) * stereo_share) > int(number * stereo_share)
        audio = track.audio if wide else track.audio[:1]
        long = np.stack([np.resize(channel, length) for channel in audio], 1)
        group = ("drums", "bass", "guitar", "vocal")[number % 4]
        path = folder / "tracks" / f"{group} {number:03d}.wav"
        soundfile.write(path, long, _FILE_RATE_HZ, "PCM_16")
    mix = np.stack([np.resize(channel, length) for channel in session.mix], 1)
    soundfile.write(folder / "mix.wav", mix, _FILE_RATE_HZ, "PCM_16")


def fit_large(folder: Path) -> dict[str, dict[str, float]]:
    """Fit a song on disk in few steps and return seconds and peaks of each stage."""
    watch = Watch("start")

    def enter(progress: Progress) -> None:
        stage = progress.stage.rstrip(" 0123456789")
        if stage not in watch.stages:
            print(stage, file=sys.stderr, flush=True)
        watch.enter(stage)

    method = Recovery(RecoveryConfig(steps=_LARGE_STEPS))
    mixtrace.fit(folder / "song", folder / "OUT", method=method, on_progress=enter)
    return watch.end()


def fit_long(seconds: float) -> dict[str, float]:
    """Return the median time of a step and the peaks for a song of some length, eight chains."""
    short = make_session(6, 2)
    length = round(seconds * RATE_HZ)
    tracks = [replace(t, kept=np.resize(t.audio, (1, length))) for t in short.tracks]
    mix = np.stack([np.resize(channel, length) for channel in short.mix])
    watch = Watch("descent")
    ours = OursAtWork(replace(short, tracks=tuple(tracks), mix=mix))
    times = sorted(seconds_of(ours.step) for _ in range(_STEPS))
    peaks = watch.end()["descent"]
    return {**peaks, "seconds": times[_STEPS // 2], "song": mix.nbytes * 4 / 1e9}


def in_a_process(*arguments: str) -> dict:
    """Run one part of this file in a process of its own and return what it found."""
    command = [sys.executable, __file__, *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def main() -> None:
    """Measure both and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracks", type=int, default=130)
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--stereo", type=float, default=1.0, help="share of stereo tracks")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--part", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part is not None:
        kind, value = given.part
        print(json.dumps(fit_large(Path(value)) if kind == "large" else fit_long(float(value))))
        return
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        write_song(Path(folder) / "song", given.tracks, 60.0 * given.minutes, given.stereo)
        stages = in_a_process("--part", "large", folder)
    lines = [
        "# Memory",
        "",
        f"Made by `python benchmarks/memory.py --tracks {given.tracks} --minutes {given.minutes:g} "
        f"--stereo {given.stereo:g}`.",
        "",
        f"{given.tracks} tracks of {given.minutes:g} minutes, {given.stereo:.0%} stereo:",
        "",
        "| stage | seconds | resident, GB | not to be given back, GB |",
        "| --- | ---: | ---: | ---: |",
        *(
            f"| {name} | {s['seconds']:.0f} | {s['resident']:.2f} | {s['held']:.2f} |"
            for name, s in stages.items()
        ),
        "",
        "The length of a song, eight chains:",
        "",
        "| song, s | step, s | song in memory, GB | resident, GB | without the song |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for seconds in _LENGTHS_S:
        found = in_a_process("--part", "long", str(seconds))
        rest = found["resident"] - found["song"]
        lines.append(
            f"| {seconds} | {found['seconds']:.4f} | {found['song']:.2f} "
            f"| {found['resident']:.2f} | {rest:.2f} |"
        )
        print(lines[-1], flush=True)
    given.out.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
