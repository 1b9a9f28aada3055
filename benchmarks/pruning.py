"""What pruning costs: window evaluations and time, against trials on the whole song.

    python benchmarks/pruning.py [--song DaisyDaisy_known] [--console-steps 130]

One console is fitted; from it the song is pruned by our policy (`ordered`) and by the published one
(`hybrid`, in its twelve rounds). Both are judged incrementally on some windows; where first-order
changes foresee the outcome of a published trial, on none. What the published policy would cost if
every one of its trials rendered the smaller graph anew on every window of the song is the number of
its trials times the windows of the song, and times the measured time of such an evaluation; it is
not run, it would take hours. Like ours it has to know the loss of the graph it begins each round
with, and that of the result; a second row counts these as well. Prints tables in Markdown and
writes them to docs/performance-pruning.md.
"""

import argparse
import copy
import shlex
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from mixtrace.fit import RECIPES, SongWindows, song_loss
from mixtrace.graph import remove_nodes
from mixtrace.prune import SearchConfig, SearchResult, search
from mixtrace.prune.trials import surviving_rows
from mixtrace.session import read_session

ROOT = Path(__file__).resolve().parents[1]
RATE_HZ = 30_000
SHARES = (0.0, 0.3, 0.6)
PUBLISHED_ROUNDS = RECIPES["published"].rounds


class Console:
    """A keeper that holds on to the first state whose console is done, and resumes from it."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self.stored: tuple[dict[str, Tensor], dict[str, Any]] | None = None

    def load(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """Return the console, once there is one; a search goes on with the lists it is given."""
        return copy.deepcopy(self.stored)

    def save(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Keep the first state that has a console's loss."""
        if self.stored is None and "console" in facts["losses"]:
            kept = {**facts, "losses": dict(facts["losses"]), "accepted": list(facts["accepted"])}
            kept |= {"removed": [], "history": {k: list(v) for k, v in facts["history"].items()}}
            self.stored = (tensors, kept)


def seconds_a_window(result: SearchResult, windows: SongWindows) -> float:
    """Return the median time of a window in evaluations of the whole song, from nothing."""
    graph, settings = result.graph, result.settings
    rng = np.random.default_rng(0)
    taken = []
    for share in SHARES:
        count = round(share * len(graph.processors))
        gone = rng.permutation(graph.processors)[:count].tolist()
        smaller, _ = remove_nodes(graph, gone)
        kept = settings.keep(surviving_rows(graph, gone))
        began = time.perf_counter()
        song_loss(smaller, kept, windows)
        taken.append((time.perf_counter() - began) / windows.count)
    return float(np.median(taken))


def row(name: str, result: SearchResult, trials: int, evaluated: float, seconds: float) -> str:
    """Return the line of a run."""
    kept, total = len(result.graph.processors), len(result.console.processors)
    return (
        f"| {name} | {trials} | {evaluated:.0f} | {seconds:.0f} "
        f"| {result.losses['final']['published']:.4f} | {1 - kept / total:.2f} |"
    )


def against(evaluated: float, a_window: float, result: SearchResult) -> str:
    """Return how many times less a run took than so many windows from nothing."""
    fewer = evaluated / max(1, result.trial_windows)
    less = evaluated * a_window / result.trial_seconds
    return f"{fewer:.0f} x fewer windows, {less:.0f} x less time"


def main() -> None:
    """Fit the console, prune it twice and write the report."""
    parser = argparse.ArgumentParser(description="What pruning costs.")
    parser.add_argument("--song", default="DaisyDaisy_known")
    parser.add_argument("--console-steps", type=int)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "performance-pruning.md")
    given = parser.parse_args()
    session = read_session(ROOT.parent / "shared" / "data" / given.song, sample_rate_hz=RATE_HZ)
    keeper, steps = Console(), given.console_steps
    fitted = search(session, SearchConfig(policy="none", console_steps=steps), keeper=keeper)
    windows = SongWindows(session)
    a_window = seconds_a_window(fitted, windows)
    ours = search(session, SearchConfig(console_steps=steps), keeper=keeper)
    published = SearchConfig(policy="hybrid", console_steps=steps, rounds=PUBLISHED_ROUNDS)
    theirs = search(session, published, keeper=keeper)
    everything = theirs.trials * windows.count
    known = everything + (PUBLISHED_ROUNDS + 1) * windows.count
    lines = [
        "# What pruning costs",
        "",
        f"Made by `{shlex.join(['python', 'benchmarks/pruning.py', *sys.argv[1:]])}`: "
        f"{given.song}, {windows.count} windows, console of {len(ours.console.processors)} "
        f"processors at L_a {ours.losses['console']['published']:.4f}. Steps of descent are not "
        "counted; settling rounds and confirming the result on the whole song are.",
        "",
        "| policy, how its trials are judged | trials | windows | seconds | L_a | removed |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        row(
            "hybrid, whole song, from nothing (computed)",
            theirs,
            theirs.trials,
            everything,
            everything * a_window,
        ),
        row(
            "the same, and the graph before each round and at the end",
            theirs,
            theirs.trials,
            known,
            known * a_window,
        ),
        row("hybrid, as here", theirs, theirs.trials, theirs.trial_windows, theirs.trial_seconds),
        row("ordered, as here", ours, ours.trials, ours.trial_windows, ours.trial_seconds),
        "",
        "| | against the first row | against the second |",
        "| --- | --- | --- |",
        *(
            f"| {name}, as here | {against(everything, a_window, result)} "
            f"| {against(known, a_window, result)} |"
            for name, result in (("hybrid", theirs), ("ordered", ours))
        ),
        "",
        f"A window of a whole song evaluated from nothing takes {a_window:.3f} s here.",
        "",
    ]
    given.out.write_text("\n".join(lines), "utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
