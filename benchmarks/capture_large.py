"""Seconds and memory of reading a large song whose mix is known, and how near it is read.

    python benchmarks/capture_large.py [--tracks 130] [--minutes 4] [--stereo 0.15] [--on-disk]

Each track is a row of notes at random times: decaying sines and noise. The mix is their sum, each
at its own gain and pan through a short filter. What is told of the gains is the energy of a track's
response re that of the filter that made the mix, in dB.

With `--on-disk` the song is written to a temporary folder, 16 bits, and `mixtrace capture` reads it
in a process of its own, as a user runs it, from the files to the page. What is told then are its
seconds, its processor seconds (with those of its decoders, which it ends) and
the most memory that was resident, mapped files included.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import scipy.signal
import soundfile

import mixtrace  # noqa: F401  it sets threads and memory before torch is loaded
from mixtrace.captured import Capture, capture_session
from mixtrace.session import Alignment, Session, Track
from mixtrace.session.scratch import Scratch

_RATE_HZ = 44_100
_FILTER_TAPS = 600


def notes(seed: int, time_samples: int, channels: int) -> np.ndarray:
    """Return a track, [channel, time].

    It plays in the first phrase of 8 s and in two thirds of the others.
    """
    rng = np.random.default_rng(seed)
    audio = np.zeros((channels, time_samples), np.float32)
    place = 0
    while place < time_samples:
        length = int(rng.uniform(0.1, 0.8) * _RATE_HZ)
        seconds = np.arange(length) / _RATE_HZ
        hertz = 60.0 * 2 ** rng.uniform(0, 5)
        note = sum(np.sin(2 * np.pi * hertz * n * seconds) / n for n in range(1, 5))
        note = note + 0.7 * rng.standard_normal((channels, length))
        note *= np.exp(-seconds / rng.uniform(0.05, 0.3)) * rng.uniform(0.05, 0.2)
        phrase = np.random.default_rng((seed, place // (8 * _RATE_HZ)))
        if place < 8 * _RATE_HZ or phrase.uniform() < 2 / 3:
            audio[:, place : place + length] += note[:, : time_samples - place]
        place += int(rng.uniform(0.05, 0.5) * _RATE_HZ)
    return audio


def make_song(tracks: int, seconds: float, stereo: float) -> tuple[Session, list[np.ndarray]]:
    """Return a song and the filters that made its mix, [2, tap] a track."""
    rng, scratch, made, truth = np.random.default_rng(0), Scratch(), [], []
    mix = np.zeros((2, round(seconds * _RATE_HZ)), np.float32)
    for number in range(tracks):
        wide = int((number + 1) * stereo) > int(number * stereo)
        audio = notes(number, mix.shape[1], 1 + wide)
        angle = rng.uniform(0, np.pi / 2)
        gains = 10 ** (rng.uniform(-12, 0) / 20) * np.array([np.cos(angle), np.sin(angle)])
        fall = np.exp(-np.arange(_FILTER_TAPS) / rng.uniform(5, 60))
        taps = 0.2 * rng.standard_normal(_FILTER_TAPS) * fall
        taps[0] = 1.0
        sides = audio if wide else np.repeat(audio, 2, 0)
        wet = scipy.signal.oaconvolve(sides, taps[None].astype(np.float32), axes=1)
        mix += gains[:, None].astype(np.float32) * wet[:, : mix.shape[1]]
        truth.append(np.outer(gains, taps))
        made.append(
            Track(f"track {number}", "other", scratch.keep(audio), Alignment(), False, None, 0)
        )
    return Session("large", _RATE_HZ, mix, tuple(made), ()), truth


def off_db(capture: Capture, truth: list[np.ndarray]) -> np.ndarray:
    """Return how far the level of each track's responses is from that of its filters."""
    found = [
        float(track.responses.square().sum()) / (np.sum(truth[int(track.name.split()[1])] ** 2))
        for track in capture.tracks
    ]
    return 10 * np.log10(found)


def write_song(folder: Path, session: Session) -> None:
    """Write tracks and mix, the mix as loud as 16 bits allow."""
    (folder / "tracks").mkdir(parents=True)
    for track in session.tracks:
        audio = track.audio / max(1.0, float(np.abs(track.audio).max()))
        soundfile.write(folder / "tracks" / f"{track.name}.wav", audio.T, _RATE_HZ, "PCM_16")
    mix = session.mix * (0.9 / np.abs(session.mix).max())
    soundfile.write(folder / "mix.wav", mix.T, _RATE_HZ, "PCM_16")


def capture_on_disk(arguments: Sequence[str]) -> dict[str, float]:
    """Write a song, capture it and return seconds and memory, each in a process of its own.

    A process counts the memory of the one that starts it as its own, so that one makes no song.
    """
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        song = f"{folder}/song"
        subprocess.run([sys.executable, __file__, *arguments, "--write", song], check=True)
        program = Path(sys.executable).with_name("mixtrace")
        began = time.perf_counter()
        command = [program, "capture", song, "--output", f"{folder}/captured"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(process.returncode)
    return {
        "seconds": round(seconds, 1),
        "processor_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_gb": usage.ru_maxrss / 1e6,
    }


def main() -> None:
    """Make a song, read it and print a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracks", type=int, default=130)
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--stereo", type=float, default=0.15, help="share of stereo tracks")
    parser.add_argument("--on-disk", action="store_true", help="run `mixtrace capture` on files")
    parser.add_argument("--write", type=Path, help="a folder to write the song to, and end")
    given = parser.parse_args()
    if given.on_disk:
        shape = (f"--{name}={getattr(given, name)}" for name in ("tracks", "minutes", "stereo"))
        print(json.dumps(capture_on_disk(tuple(shape))))
        return
    session, truth = make_song(given.tracks, 60 * given.minutes, given.stereo)
    if given.write is not None:
        write_song(given.write, session)
        return
    print("made; peak RSS", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, flush=True)
    began, busy = time.perf_counter(), time.process_time()

    def tell(what: str, done: int, total: int) -> None:
        seconds = time.perf_counter() - began, time.process_time() - busy
        print(what, done, total, *(f"{s:.0f}" for s in seconds), flush=True)

    capture = capture_session(session, progress=tell)
    off = np.abs(off_db(capture, truth))
    print(
        json.dumps(
            {
                "seconds": round(time.perf_counter() - began, 1),
                "processor_seconds": round(time.process_time() - busy, 1),
                "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
                "error": capture.error_seen,
                "taps": capture.tracks[0].responses.shape[-1],
                "read": len(capture.tracks),
                "gain_off_db": {"median": float(np.median(off)), "most": float(off.max())},
                "curves": sum(track.curve is not None for track in capture.tracks),
            }
        )
    )


if __name__ == "__main__":
    main()
