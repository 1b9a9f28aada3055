"""What only a machine with a GPU can tell: speed against GRAFX, our recipe and the published one.

    python benchmarks/on_gpu.py SONG [SONG ...] [--device cuda] [--skip-published] [--out FILE.md]

First a training step and an evaluated window, ours and GRAFX's in turns, and our step in TF32;
then every song with our default recipe; then every song with the published recipe and GRAFX, which
takes longest. The report is written anew after each part. Finished parts, and where the published
run stands, are kept in the folder --work: the same command goes on where a killed one ended. The
numbers of steps, rounds, turns and chains are for trying the script out, --device cpu likewise.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import torch
from grafx_published import TOLERANCE, PublishedRun
from speed_tables import Row, measure, table
from speed_workload import (
    RATE_HZ,
    OursAtWork,
    PeerAtWork,
    audio_name,
    buses_of,
    make_session,
    seconds_of,
)

import mixtrace
from mixtrace.descent import song_loss, song_parts
from mixtrace.methods import Work
from mixtrace.progress import Progress
from mixtrace.prune import SearchConfig
from mixtrace.recovery import Recovery, RecoveryConfig
from mixtrace.session import Session, read_session

OUT = Path(__file__).resolve().parents[1] / "docs" / "performance-gpu.md"
_OURS_A_TURN = 5
_EQUAL = 1e-3
_SHOW_EVERY_S = 10.0


class Shown:
    """Shows lines of progress on the terminal, a few a minute."""

    def __init__(self, name: str) -> None:
        """Begin under a name that stands before every line."""
        self._name, self._last = name, -_SHOW_EVERY_S

    def __call__(self, line: str) -> None:
        """Show a line, unless another was shown just now."""
        if time.monotonic() - self._last >= _SHOW_EVERY_S:
            print(f"{self._name}: {line}", file=sys.stderr, flush=True)
            self._last = time.monotonic()

    def search(self, progress: Progress) -> None:
        """Show where a search of mixtrace stands."""
        left = "" if progress.seconds_left is None else f", {progress.seconds_left:.0f} s left"
        self(f"{progress.stage}, {progress.done}{left}")


@contextmanager
def tf32(allowed: bool) -> Iterator[None]:
    """Allow TF32 in matrix products and convolutions, or forbid it, for a while."""
    backends = torch.backends.cuda.matmul, torch.backends.cudnn
    before = [backend.allow_tf32 for backend in backends]
    for backend in backends:
        backend.allow_tf32 = allowed
    try:
        yield
    finally:
        for backend, value in zip(backends, before, strict=True):
            backend.allow_tf32 = value


def speed_lines(chains: int, turns: int, device: str) -> list[str]:
    """Return step and window of both programs on a device, and our step in TF32."""
    buses = buses_of(chains)
    session = make_session(chains - buses, buses)
    peer, ours = PeerAtWork(session, device), OursAtWork(session, device)
    step = measure("training step", peer.step, ours.step, rounds=turns, ours_a_round=_OURS_A_TURN)
    song = partial(song_parts, ours.graph, ours.descent.settings, ours.windows)
    song()
    whole = measure("evaluated window", peer.evaluate, song, rounds=turns, ours_a_round=1)
    n = ours.windows.count
    ratios = (n * ratio for ratio in (whole.ratio, whole.least, whole.largest))
    window = Row(whole.case, whole.peer_s, whole.ours_s / n, *ratios)
    del peer, song
    return [
        "## Speed",
        "",
        f"{chains} chains, full console, {audio_name()}. The peer is GRAFX 0.6.0; ratio = its time "
        f"/ ours, in turns in one process, median of {turns} turns (of each, one step of the peer "
        f"and {_OURS_A_TURN} of ours). Our window is a song of 30 s divided by its windows.",
        "",
        *table([step, window]),
        "",
        *tf32_lines(session, ours, turns * _OURS_A_TURN, device),
        "",
    ]


def tf32_lines(session: Session, ours: OursAtWork, steps: int, device: str) -> list[str]:
    """Return time and loss of our step without and with TF32, and whether the losses are equal."""
    lines = [
        f"| TF32 | step of ours, s | L_a after {steps} steps | L_a of the same settings |",
        "| --- | ---: | ---: | ---: |",
    ]
    after, same = [], []
    for allowed in (False, True):
        with tf32(allowed):
            stepped = OursAtWork(session, device)
            median_s = statistics.median(seconds_of(stepped.step) for _ in range(steps))
            same.append(song_loss(ours.graph, ours.descent.settings, ours.windows)["published"])
        with tf32(False):
            settings = stepped.descent.settings
            after.append(song_loss(stepped.graph, settings, stepped.windows)["published"])
        name = "allowed" if allowed else "forbidden"
        lines.append(f"| {name} | {median_s:.4f} | {after[-1]:.5f} | {same[-1]:.5f} |")
    apart = max(abs(after[1] - after[0]), abs(same[1] - same[0]))
    verdict = "stays equal" if apart <= _EQUAL else "does not stay equal"
    return [*lines, "", f"The loss {verdict}: at most {apart:.1e} apart ({_EQUAL:g} is allowed)."]


def ours_line(song: Path, config: RecoveryConfig, device: str) -> list[str]:
    """Return the table's line of our recipe on a song."""
    session = read_session(song, sample_rate_hz=RATE_HZ)
    on_gpu = torch.device(device).type == "cuda"
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    show = Shown(f"{song.name}, ours").search
    found = Recovery(config).invert(session, work=Work(device=device, on_progress=show))
    if found.ended == "stopped":
        raise KeyboardInterrupt
    peak = f"{torch.cuda.max_memory_allocated() / 1e9:.2f} GB" if on_gpu else "-"
    kept, total = len(found.graph.processors), len(found.console.processors)
    console, final = (found.losses[name]["published"] for name in ("console", "final"))
    return [
        f"| {song.name} | {console:.4f} | {final:.4f} | {total - kept} of {total}, "
        f"{1.0 - kept / total:.2f} | {found.seconds:.0f} | {peak} |"
    ]


def published_line(song: Path, config: SearchConfig, device: str, checkpoint: Path) -> list[str]:
    """Return the table's line of the published recipe on a song."""
    session = read_session(song, sample_rate_hz=RATE_HZ)
    show = Shown(f"{song.name}, published")
    run = PublishedRun(session, config.resolve(), checkpoint, device=device, on_progress=show)
    stand, total = run.run(), len(run.console.processors)
    return [
        f"| {song.name} | {stand.console:.4f} | {stand.final:.4f} | {total - stand.kept} of "
        f"{total}, {1.0 - stand.kept / total:.2f} | {stand.trials} | {stand.seconds:.0f} |"
    ]


def once(path: Path, part: Callable[[], list[str]]) -> list[str]:
    """Return the lines of a part of the report, measured unless they lie in a file already."""
    if not path.exists():
        path.write_text("\n".join(part()), "utf-8")
    lines = path.read_text("utf-8").split("\n")
    print("\n".join(lines), flush=True)
    return lines


def claim(work: Path, settings: dict[str, object]) -> None:
    """Take a folder for runs under some settings.

    Raises:
        SystemExit: it holds parts of runs under others.
    """
    work.mkdir(parents=True, exist_ok=True)
    noted, text = work / "settings.json", json.dumps(settings, indent=2)
    if noted.exists() and noted.read_text("utf-8") != text:
        raise SystemExit(
            f"Expected {noted} to hold the settings of this run; its parts were made under others. "
            "Remove the folder or name another with --work."
        )
    noted.write_text(text, "utf-8")


def head_lines(given: argparse.Namespace, settings: dict[str, object]) -> list[str]:
    """Return the report's title and how it was made."""
    songs = " ".join(song.name for song in given.songs)
    numbers = ", ".join(f"{name} {value}" for name, value in settings.items() if value is not None)
    return [
        "# On a GPU",
        "",
        f"Made by `python benchmarks/on_gpu.py {songs} --device {given.device}`, "
        f"mixtrace {mixtrace.__version__} ({numbers}). L_a is the whole song's, published "
        f"convention; published results lie within {TOLERANCE:g} of their console's.",
        "",
    ]


def settings_of(given: argparse.Namespace) -> dict[str, object]:
    """Return everything that numbers of the report depend on but the song."""
    on_gpu = torch.device(given.device).type == "cuda"
    return {
        "device": torch.cuda.get_device_name(given.device) if on_gpu else given.device,
        "torch": torch.__version__,
        "turns": given.turns,
        "chains": given.chains,
        "steps": given.steps,
        "console steps": given.console_steps,
        "rounds": given.rounds,
        "round steps": given.round_steps,
    }


def read_arguments() -> argparse.Namespace:
    """Return what the user gave."""
    parser = argparse.ArgumentParser(description="What only a machine with a GPU can tell.")
    parser.add_argument("songs", nargs="+", type=Path)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--skip-published", action="store_true")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--work", type=Path, help="folder of finished parts and checkpoints")
    parser.add_argument("--steps", type=int, help="of our recipe; its own by default")
    parser.add_argument("--console-steps", type=int, help="of the published one; its own")
    parser.add_argument("--rounds", type=int, help="of the published one; its own by default")
    parser.add_argument("--round-steps", type=int, help="of the published one; its own by default")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--chains", type=int, default=20)
    given = parser.parse_args()
    if torch.device(given.device).type == "cuda" and not torch.cuda.is_available():
        parser.error("Expected a GPU that torch can use; there is none. Try --device cpu.")
    return given


def main() -> None:
    """Go through the parts, writing the report after each."""
    given = read_arguments()
    work = given.work or given.out.parent / "gpu-work"
    settings = settings_of(given)
    claim(work, settings)
    ours = RecoveryConfig(steps=given.steps)
    theirs = SearchConfig(
        console_steps=given.console_steps, rounds=given.rounds, round_steps=given.round_steps
    )
    lines = head_lines(given, settings)

    def add(name: str, part: Callable[[], list[str]]) -> None:
        lines.extend(once(work / name, part))
        given.out.write_text("\n".join(lines).rstrip() + "\n", "utf-8")

    add("speed.md", partial(speed_lines, given.chains, given.turns, given.device))
    lines += [
        "## Our default recipe",
        "",
        "| song | L_a before removal | L_a | removed | seconds | peak GPU memory |",
        "| --- | ---: | ---: | --- | ---: | ---: |",
    ]
    for song in given.songs:
        add(f"{song.name}-ours.md", partial(ours_line, song, ours, given.device))
    if given.skip_published:
        return
    lines += [
        "",
        "## The published recipe with GRAFX 0.6.0",
        "",
        "| song | L_a of the console | L_a | removed | trials | seconds |",
        "| --- | ---: | ---: | --- | ---: | ---: |",
    ]
    for song in given.songs:
        checkpoint = work / f"{song.name}-published.safetensors"
        part = partial(published_line, song, theirs, given.device, checkpoint)
        add(f"{song.name}-published.md", part)


if __name__ == "__main__":
    main()
