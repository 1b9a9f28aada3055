"""Damaged audio files of every container: is each read or refused, in little time and memory?

Usage: fuzz_audio.py [--cases 2000] [--seed 0] [--only NAME ...]

Every container is written once (half a second of noise) and its copies are damaged in the header:
bits, 32-bit lengths at their extremes, pieces left out, doubled or cut, chunks put in. Each copy is
read in a process that is given up after a minute. Prints Markdown; `given up` counts those on which
the decoder hung or crashed and was replaced.
"""

import argparse
import multiprocessing
import resource
import struct
import tempfile
import time
from collections import Counter
from fractions import Fraction
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import soundfile

from mixtrace.errors import AudioError
from mixtrace.session import decoding
from mixtrace.session.audio import read_recording

RATE = 48_000
LIMIT_S = 60.0
PATIENCE_S = 2.0  # instead of the library's own, for the sake of those that hang
SOUNDFILE = {
    "wav": ("WAV", "PCM_16"),
    "adpcm.wav": ("WAV", "IMA_ADPCM"),
    "rf64": ("RF64", "PCM_24"),
    "w64": ("W64", "PCM_24"),
    "aiff": ("AIFF", "PCM_24"),
    "caf": ("CAF", "PCM_24"),
    "alac.caf": ("CAF", "ALAC_16"),
    "au": ("AU", "PCM_16"),
    "voc": ("VOC", "PCM_16"),
    "sf": ("IRCAM", "PCM_16"),
    "nist": ("NIST", "PCM_16"),
    "avr": ("AVR", "PCM_16"),
    "paf": ("PAF", "PCM_24"),
    "pvf": ("PVF", "PCM_16"),
    "8svx": ("SVX", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}
AV = {
    "m4a": ("ipod", "aac"),
    "alac.m4a": ("ipod", "alac"),
    "aac": ("adts", "aac"),
    "webm": ("webm", "libopus"),
    "mka": ("matroska", "flac"),
    "wma": ("asf", "wmav2"),
    "wv": ("wv", "wavpack"),
    "tta": ("tta", "tta"),
    "ac3": ("ac3", "ac3"),
}
EXTREMES = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFF8, 0xFFFFFFFC, 0xFFFFFFFF)
CHUNK = b"LIST" + struct.pack("<I", 20) + b"INFOabcd" + struct.pack("<I", 0xFFFFFFF8) + bytes(8)


def write_container(path: Path, name: str) -> None:
    """Write half a second of noise in one of the containers."""
    noise = 0.1 * np.random.default_rng(0).standard_normal((RATE // 2, 1)).astype(np.float32)
    if name in SOUNDFILE:
        form, subtype = SOUNDFILE[name]
        soundfile.write(path, noise, RATE, format=form, subtype=subtype)
        return
    import av

    form, codec = AV[name]
    with av.open(str(path), "w", format=form) as container:
        stream = container.add_stream(codec, rate=RATE, layout="mono")
        stream.bit_rate = 128_000
        for start in range(0, len(noise), 4096):
            block = np.ascontiguousarray(noise[start : start + 4096].T)
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def damaged(whole: bytes, rng: np.random.Generator) -> bytes:
    """Return a copy with one to four faults, most of them where headers lie: at either end."""
    data = bytearray(whole)
    for _ in range(rng.integers(1, 5)):
        reach = min(len(data), int(rng.choice([64, 256, 1024])))
        at = int(rng.integers(0, max(1, reach - 4)))
        if rng.random() < 0.25:
            at = max(0, len(data) - 8 - at)
        match int(rng.integers(0, 7)):
            case 0:
                data[at] ^= 1 << int(rng.integers(0, 8))
            case 1:
                data[at] = int(rng.integers(0, 256))
            case 2 | 3:
                value = int(rng.choice(EXTREMES))
                data[at : at + 4] = struct.pack(str(rng.choice(["<I", ">I"])), value)
            case 4:
                del data[at : at + int(rng.integers(1, 64))]
            case 5:
                piece = data[at : at + int(rng.integers(4, 64))]
                data[at:at] = CHUNK if rng.random() < 0.3 else piece
            case 6 if rng.random() < 0.3:
                del data[int(rng.integers(8, max(9, len(data)))) :]
    return bytes(data)


def answer(requests: Connection) -> None:
    """Read each file that is asked for; send what came of it, and the largest process in MB."""
    decoding.PATIENCE_S = PATIENCE_S
    while True:
        path = requests.recv()
        try:
            read_recording(path)
            outcome = "read"
        except AudioError as error:
            given_up = "hangs or crashes" in str(error) or "has crashed" in str(error)
            outcome = "given up" if given_up else "refused"
        except Exception as error:
            outcome = f"ERROR {type(error).__name__}: {error}"
        ends = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        pids = [decoder.process_id for decoder in decoding.waiting_decoders()]
        live_kb = [_peak_kb(pid) for pid in pids]
        requests.send((outcome, max(*(e.ru_maxrss for e in ends), *live_kb, 0) / 1000))


def _peak_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


class Reader:
    """A process that reads files, started anew when one takes longer than it may."""

    def __init__(self) -> None:
        """Start it."""
        context = multiprocessing.get_context("fork")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=answer, args=(theirs,), daemon=True)
        self._process.start()

    def read(self, path: Path) -> tuple[str, float]:
        """Return what came of a file and the largest process in MB."""
        self._ours.send(path)
        try:
            return self._ours.recv() if self._ours.poll(LIMIT_S) else ("HANG", 0.0)
        except EOFError:
            return "CRASH", 0.0

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.join()


def fuzz(name: str, cases: int, seed: int, folder: Path) -> tuple[Counter[str], float, float]:
    """Return how often what came of a container, the longest time in s and the memory in MB."""
    rng = np.random.default_rng([seed, *name.encode()])
    path = folder / name if "." in name else folder / f"x.{name}"
    write_container(path, name)
    whole, reader = path.read_bytes(), Reader()
    outcomes, longest_s, most_mb = Counter[str](), 0.0, 0.0
    for case in range(cases + 1):
        path.write_bytes(damaged(whole, rng) if case else whole)
        start = time.perf_counter()
        outcome, peak_mb = reader.read(path)
        longest_s, most_mb = max(longest_s, time.perf_counter() - start), max(most_mb, peak_mb)
        if case == 0 and outcome != "read":
            raise SystemExit(f"Expected {path.name} to be read undamaged; it was {outcome}.")
        outcomes[outcome] += case > 0
        if outcome not in ("read", "refused"):
            kept = folder / f"{outcome.split()[0]}-{case}-{path.name}"
            kept.write_bytes(path.read_bytes())
        if outcome in ("HANG", "CRASH"):
            reader.close()
            reader = Reader()
    reader.close()
    return outcomes, longest_s, most_mb


def main() -> None:
    """Print one row a container."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=[*SOUNDFILE, *AV])
    parser.add_argument("--keep", type=Path, help="a folder for the files that were not refused")
    options = parser.parse_args()
    print("| container | cases | read | refused | given up | failed | longest s | peak MB |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as scratch:
        for name in options.only:
            folder = options.keep or Path(scratch)
            folder.mkdir(exist_ok=True)
            found, longest_s, most_mb = fuzz(name, options.cases, options.seed, folder)
            known = [found.pop(k, 0) for k in ("read", "refused", "given up")]
            counts = " | ".join(map(str, known))
            failed = sum(found.values())
            row = f"| {name} | {options.cases} | {counts} | {failed} | {longest_s:.2f} |"
            print(f"{row} {most_mb:.0f} |", flush=True)
            for outcome, count in found.items():
                if count:
                    print(f"<!-- {count} x {outcome} -->", flush=True)


if __name__ == "__main__":
    main()
