"""Damaged files of results and songs: is each read or refused, in little time and memory?

Usage: fuzz_files.py [--cases 1000] [--seed 0] [--only NAME ...] [--keep FOLDER]

A song of three seconds is fitted and captured once, and copies of what that wrote are damaged:
values, keys and lists of documents, types and shapes of arrays, bits and lengths of any file. Each
copy is shown and reported in a process that is given up after five seconds and has one gigabyte.
Prints Markdown: a file is `read` or `refused` in one sentence; all else counts as failed.
"""

import argparse
import copy
import json
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from fuzz_arrays import damaged_arrays, with_own_hash

from mixtrace.errors import MixtraceError

RATE = 22_050
LIMIT_S = 5.0
MEMORY_BYTES = 1_000_000_000
TREES = (
    *("graph.json", "fit.json", "metrics.json", "sureness.json", "runs.json"),
    *("listening.json", "capture.json"),
)
ARRAYS = ("params.safetensors", "report.safetensors")
LEAVES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 0.5, 255, 256, 1e-320, -1e-9, 1e30, -1e30, 1e308, -1e308, 10**18,
    10**29, 2**63, -(2**63), "", "0", "nan", "a" * 300, "\ud800", "\x1b[2J", "end:1e-9", "../x",
    [], {}, [[]], [{}], [0] * 1000, [None], {"a": 1}, ["a"], 3.2e7, 86_400.0, 1e12, -1000.0,
)  # fmt: skip
TEXTS = (
    b"NaN", b"-Infinity", b"1e999", b"1" + b"0" * 100_000, b"[" * 10_000, b'{"a":' * 5_000,
    b"\xff\xfe", b"\x00", b"&a [*a]", b"*a", b"!!timestamp x", b"!!python/name:os", b"<<: ", b"a" +
    b".a" * 20_000, b"? ", b"- - -", b"'''", b'"""', b"\n", b"\t", b"0x", b"1:1:1", b",", b": ",
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """A file that is damaged.

    Attributes:
        name: what it is called in the table.
        file: where it lies in its folder.
        run: reads the folder.
        damage: returns a damaged copy of its bytes.
    """

    name: str
    file: str
    run: Callable[[Path], object]
    damage: Callable[[bytes, np.random.Generator], bytes]


def build(folder: Path) -> None:
    """Write a song, `fit/` and `capture/` of it, and songs that are told by manifests."""
    song = folder / "song"
    (song / "tracks").mkdir(parents=True)
    noise = 0.1 * np.random.default_rng(0).standard_normal((2, 3 * RATE))
    for name, audio in zip(("kick", "vox"), noise, strict=True):
        soundfile.write(song / "tracks" / f"{name}.wav", audio, RATE)
    soundfile.write(song / "mix.wav", noise.sum(0), RATE)
    _run("fit", song, "-o", folder / "fit", "--steps", "2", "--no-prune", "--seed", "0")
    _write_sureness(folder / "fit")
    _write_runs(folder / "fit")
    _run("capture", song, "-o", folder / "capture")
    shutil.copytree(song, folder / "toml")
    tracks = '[[tracks]]\npath = "tracks/{0}.wav"\nname = "{0}"\n'
    manifest = 'name = "song"\nmix = "mix.wav"\n' + "".join(
        tracks.format(name) for name in ("kick", "vox")
    )
    (folder / "toml" / "session.toml").write_text(manifest)
    (folder / "yaml" / "S_RAW").mkdir(parents=True)
    shutil.copy(song / "mix.wav", folder / "yaml" / "S_MIX.wav")
    shutil.copy(song / "tracks" / "vox.wav", folder / "yaml" / "S_RAW" / "a.wav")
    (folder / "yaml" / "S_METADATA.yaml").write_text(
        "mix_filename: S_MIX.wav\nraw_dir: S_RAW\nhas_bleed: 'no'\nstems:\n  S01:\n"
        "    instrument: drums\n    raw:\n      R01: {filename: a.wav, instrument: kick}\n"
    )
    for leftover in ("mix.wav", "checkpoint.safetensors", "estimate.wav", "residual.wav"):
        for kind in ("fit", "capture"):
            (folder / kind / leftover).unlink(missing_ok=True)


def _write_sureness(folder: Path) -> None:
    """Write what the default recipe would say of a result: every compressor's threshold."""
    from mixtrace.store import (
        GRAPH,
        SURENESS,
        SURENESS_SCHEMA,
        Interval,
        Setting,
        Sureness,
        read_graph,
        write_document,
    )

    nodes = read_graph(folder / GRAPH).graph.of_kind("one_pole_compressor")
    settings = tuple(Setting(node, "threshold_db") for node in nodes)
    sureness = Sureness(dict.fromkeys(settings, Interval(-20.0, -10.0)), (settings,))
    write_document(folder / SURENESS, SURENESS_SCHEMA, sureness.document())


def _write_runs(folder: Path) -> None:
    """Write what two runs would agree on: every compressor's threshold, and a gate of one alone."""
    from mixtrace.store import (
        GRAPH,
        RUNS,
        RUNS_SCHEMA,
        Agreement,
        Elsewhere,
        EndedRun,
        Range,
        Setting,
        read_graph,
        write_document,
    )

    graph = read_graph(folder / GRAPH).graph
    nodes = graph.of_kind("one_pole_compressor")
    ranges = {Setting(node, "threshold_db"): Range(2, -20.0, -10.0) for node in nodes}
    runs = tuple(EndedRun(seed, 0.25, 0.5, len(graph.processors)) for seed in range(2))
    stood = dict.fromkeys(graph.processors, 2)
    agreement = Agreement(runs, 0, stood, ranges, (Elsewhere("kick", "track", "gate", 1),))
    write_document(folder / RUNS, RUNS_SCHEMA, agreement.document())


def _run(*arguments: object) -> None:
    program = "from mixtrace.cli import main; main()"
    command = [sys.executable, "-c", program, *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)


def _result(folder: Path) -> None:
    """Show, report and compare a result; the first that refuses it ends it."""
    from mixtrace import verbs

    str(verbs.show(folder))
    if (folder / "fit.json").is_file():
        verbs.compare([folder, folder])
    verbs.report(folder)


def _song(folder: Path) -> None:
    from mixtrace.session import find_song

    find_song(folder)


def _audio(folder: Path) -> None:
    from mixtrace.session.audio import read_recording

    read_recording(folder / "mix.wav")


def damaged_tree(whole: bytes, rng: np.random.Generator) -> bytes:
    """Return a JSON document with one or two values, keys or lists changed."""
    document = json.loads(whole)
    for _ in range(rng.integers(1, 3)):
        _damage_one(document, rng)
    return json.dumps(document).encode()


def _damage_one(document: Any, rng: np.random.Generator) -> None:
    """Change one place of a tree; shallow ones as often as deep ones."""
    holder = document
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not keys:
            return
        key = keys[int(rng.integers(len(keys)))]
        inside = holder[key]
        if not isinstance(inside, dict | list) or rng.random() < 0.15:
            break
        if not inside:
            break
        holder = inside
    match int(rng.integers(0, 8)):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, list):
            holder.insert(key, copy.deepcopy(inside))
        case 1:
            holder["hello"] = inside
        case 2 if type(inside) in (int, float):
            holder[key] = inside * float(rng.choice([-1.0, 1e-9, 10.0, 1e3, 1e9]))
        case 3 if isinstance(inside, list):
            holder[key] = inside * int(rng.choice([0, 2, 200]))
        case 4:
            other = keys[int(rng.integers(len(keys)))]
            holder[key] = copy.deepcopy(holder[other])
        case _:
            holder[key] = copy.deepcopy(LEAVES[int(rng.integers(len(LEAVES)))])


def damaged_bytes(whole: bytes, rng: np.random.Generator) -> bytes:
    """Return bytes with one to four faults, half of them near the start."""
    data = bytearray(whole)
    for _ in range(rng.integers(1, 5)):
        reach = len(data) if rng.random() < 0.5 else min(len(data), 256)
        at = int(rng.integers(0, max(1, reach)))
        match int(rng.integers(0, 6)):
            case 0 if data:
                data[min(at, len(data) - 1)] ^= 1 << int(rng.integers(0, 8))
            case 1:
                del data[at : at + int(rng.integers(1, 64))]
            case 2:
                data[at:at] = data[at : at + int(rng.integers(1, 64))]
            case 3 if rng.random() < 0.3:
                del data[at:]
            case 4:
                data[at : at + 8] = int(rng.choice([0, 1, 255, 2**31, 2**40])).to_bytes(8, "little")
            case _:
                data[at:at] = TEXTS[int(rng.integers(len(TEXTS)))]
    return bytes(data)


def _either(structured: Callable[[bytes, np.random.Generator], bytes]) -> Callable[..., bytes]:
    """Return a damage that four times in five keeps the file's form."""

    def damage(whole: bytes, rng: np.random.Generator) -> bytes:
        return (structured if rng.random() < 0.8 else damaged_bytes)(whole, rng)

    return damage


def targets() -> list[Target]:
    """Return every kind of file that may be a stranger's."""
    tree, arrays = _either(damaged_tree), _either(damaged_arrays)
    fit, capture = "fit/{}", "capture/{}"
    return [
        *(Target(name, fit.format(name), _result, tree) for name in TREES[:5]),
        Target(TREES[5], fit.format("listen/listening.json"), _result, tree),
        Target(TREES[6], capture.format(TREES[6]), _result, tree),
        Target("gains.csv", capture.format("gains.csv"), _result, damaged_bytes),
        *(Target(name, fit.format(name), _result, arrays) for name in ARRAYS),
        Target("session.toml", "toml/session.toml", _song, damaged_bytes),
        Target("METADATA.yaml", "yaml/S_METADATA.yaml", _song, damaged_bytes),
        Target("mix.wav", "toml/mix.wav", _audio, damaged_bytes),
    ]


def answer(requests: Connection, run: Callable[[Path], object], cwd: Path) -> None:
    """Read each folder that is asked for, and send what came of it."""
    os.chdir(cwd)
    resource.setrlimit(resource.RLIMIT_DATA, (_data_bytes() + MEMORY_BYTES,) * 2)
    while True:
        folder = requests.recv()
        try:
            run(folder)
            outcome = "read"
        except MixtraceError as error:
            text = str(error)
            sentence = "\n" not in text and len(text) < 1000
            outcome = "refused" if sentence else f"ERROR no sentence: {text[:80]!r}"
        except BaseException as error:
            at = error.__traceback__
            while at is not None and at.tb_next is not None:
                at = at.tb_next
            where = f"{Path(at.tb_frame.f_code.co_filename).name}:{at.tb_lineno}" if at else ""
            outcome = f"ERROR {type(error).__name__} at {where}: {str(error)[:80]}"
        requests.send(outcome)


def _data_bytes() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmData"))


class Reader:
    """A process that reads folders, started anew when one takes longer than it may."""

    def __init__(self, run: Callable[[Path], object], cwd: Path) -> None:
        """Start it."""
        context = multiprocessing.get_context("fork")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=answer, args=(theirs, run, cwd), daemon=True)
        self._process.start()
        theirs.close()

    def read(self, folder: Path, limit_s: float = LIMIT_S) -> str:
        """Return what came of a folder."""
        self._ours.send(folder)
        try:
            return self._ours.recv() if self._ours.poll(limit_s) else "HANG"
        except (EOFError, ConnectionResetError):
            return "CRASH"

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.join()
        self._ours.close()


def fuzz(
    target: Target, built: Path, scratch: Path, cases: int, seed: int, keep: Path | None = None
) -> tuple[Counter[str], float]:
    """Return how often what came of a file, and the longest time in s.

    Args:
        target: the file.
        built: what `build` wrote.
        scratch: a folder to work in.
        cases: how many copies are damaged.
        seed: the same seed gives the same copies.
        keep: a folder for the copies that failed.
    """
    rng = np.random.default_rng([seed, *target.name.encode()])
    kind, inside = target.file.split("/", 1)
    folder, cwd = scratch / kind, scratch / "cwd"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(built / kind, folder)
    cwd.mkdir(exist_ok=True)
    whole = (folder / inside).read_bytes()
    reader = Reader(target.run, cwd)
    first = reader.read(folder, 20.0 * LIMIT_S)  # kernels are loaded, and pages made, for once
    if first != "read":
        raise SystemExit(f"Expected {target.name} to be read undamaged; it was {first}.")
    known = _files(scratch)
    outcomes, longest_s = Counter[str](), 0.0
    for case in range(cases):
        (folder / inside).write_bytes(target.damage(whole, rng))
        if target.name == "params.safetensors":
            with_own_hash(folder)
        page = folder / "report.html"
        page.unlink(missing_ok=True)
        started = time.perf_counter()
        outcome = reader.read(folder)
        longest_s = max(longest_s, time.perf_counter() - started)
        if _files(scratch) - known or (outcome == "refused" and page.exists()):
            outcome = "ERROR it wrote where it should not"
            known = _files(scratch)
        outcomes[outcome] += 1
        if outcome not in ("read", "refused") and keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / inside, keep / f"{case}-{target.name}")
        if outcome in ("HANG", "CRASH"):
            reader.close()
            reader = Reader(target.run, cwd)
            reader.read(built / kind, 20.0 * LIMIT_S)
    reader.close()
    return outcomes, longest_s


def _files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def main() -> None:
    """Print one row a file."""
    names = [target.name for target in targets()]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=names)
    parser.add_argument("--keep", type=Path, help="a folder for the copies that failed")
    options = parser.parse_args()
    print(f"Seed {options.seed}.\n\n| file | cases | read | refused | failed | longest s |")
    print("| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as scratch:
        built, work = Path(scratch) / "built", Path(scratch) / "work"
        work.mkdir()
        build(built)
        for target in (target for target in targets() if target.name in options.only):
            found, longest_s = fuzz(target, built, work, options.cases, options.seed, options.keep)
            counts = " | ".join(str(found.pop(outcome, 0)) for outcome in ("read", "refused"))
            row = f"| {target.name} | {options.cases} | {counts} | {sum(found.values())} |"
            print(f"{row} {longest_s:.2f} |", flush=True)
            for outcome, count in found.most_common():
                print(f"<!-- {count} x {outcome} -->", flush=True)


if __name__ == "__main__":
    main()
