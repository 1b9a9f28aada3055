"""Memory of a large session, and what the length of a song costs while it is fitted.

    python benchmarks/memory.py [--tracks 130] [--minutes 4] [--stereo 1.0] [--out FILE.md]

Writes that many tracks of 44.1 kHz and 16 bits, made from real ones (see `speed_workload`), to a
temporary folder, and in a process of its own reads and aligns them at 30 kHz, warm-starts the
console `paper`, takes three steps, judges two windows, reads the song again at its own rate and
renders all of it through a console of which 70 % was removed at random. Where the machine's memory
is free the kernel leaves mapped files in it, so two peaks are told: all that was resident, and what
could not have been given back (anonymous and shared memory). Then the same descent on songs of
30 s, 2 min and 8 min with eight chains: median time of a step, and peak.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
import torch
from speed_workload import RATE_HZ, OursAtWork, make_session, seconds_of
from windows import prune_at_random

from mixtrace.fit import song_parts
from mixtrace.render import render_song
from mixtrace.session import read_session

OUT = Path(__file__).resolve().parents[1] / "docs" / "performance-memory.md"
_FILE_RATE_HZ = 44_100
_LENGTHS_S = (30, 120, 480)
_STEPS = 12


@contextmanager
def peaks() -> Iterator[dict[str, float]]:
    """Yield a mapping that holds, afterwards, the peaks in GB: `resident` and `held`."""
    found = {"resident": 0.0, "held": 0.0}
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            fields = dict(line.split(":") for line in Path("/proc/self/status").open())
            size = {name: int(fields[name].split()[0]) / 1e6 for name in fields if "Rss" in name}
            found["resident"] = max(found["resident"], sum(size.values()))
            found["held"] = max(found["held"], size["RssAnon"] + size["RssShmem"])

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        done.set()
        thread.join()


def write_song(folder: Path, tracks: int, seconds: float, stereo_share: float) -> None:
    """Write tracks and mix; every n-th track is stereo, as the share says."""
    session = make_session(tracks, 1, stereo=True)
    length = round(seconds * _FILE_RATE_HZ)
    (folder / "tracks").mkdir()
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
    """Go through a fit's stages on a song on disk and return seconds and peaks of each."""
    found: dict[str, dict[str, float]] = {}

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        began = time.perf_counter()
        with peaks() as peak:
            yield
        found[name] = {"seconds": time.perf_counter() - began, **peak}
        print(name, found[name], file=sys.stderr, flush=True)

    with stage("read and align at 30 kHz"):
        session = read_session(folder, sample_rate_hz=RATE_HZ)
    with stage("warm start and first three steps"):
        ours = OursAtWork(session)
    with stage("two evaluated windows"):
        song_parts(ours.graph, ours.descent.settings, ours.windows, [0, 1])
    pruned = prune_at_random(ours.graph, ours.descent.settings, 0.7, 0)
    del session, ours
    with stage("read again at 44.1 kHz"):
        full = read_session(folder, align=False)
    with stage("render all of it"):
        render_song(*pruned, [torch.from_numpy(t.audio) for t in full.tracks], _FILE_RATE_HZ)
    return found


def fit_long(seconds: float) -> dict[str, float]:
    """Return the median time of a step and the peaks for a song of some length, eight chains."""
    short = make_session(6, 2)
    length = round(seconds * RATE_HZ)
    tracks = [replace(t, kept=np.resize(t.audio, (1, length))) for t in short.tracks]
    mix = np.stack([np.resize(channel, length) for channel in short.mix])
    with peaks() as peak:
        ours = OursAtWork(replace(short, tracks=tuple(tracks), mix=mix))
        times = sorted(seconds_of(ours.step) for _ in range(_STEPS))
    return {"seconds": times[_STEPS // 2], "song": mix.nbytes * 4 / 1e9, **peak}


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
        write_song(Path(folder), given.tracks, 60.0 * given.minutes, given.stereo)
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
