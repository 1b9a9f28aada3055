"""What pruning costs: window evaluations and time, against trials on the whole song.

    python benchmarks/pruning.py [--song DaisyDaisy_known] [--console-steps 130] [--seeds 3]

One console is fitted; from it the song is pruned by the published policy (`hybrid`, in its twelve
rounds), once a seed, and by ours (`ordered`). Both are judged incrementally on some windows; where
first-order changes foresee the outcome of a published trial, on none. What the published policy
would cost if every one of its trials rendered the smaller graph anew on every window of the song is
the number of its trials times the windows of the song, and times the measured time of such an
evaluation; it is not run, it would take hours. Like ours it has to know the loss of the graph it
begins each round with, and that of the result; two more columns count these as well. Prints a table
in Markdown and writes it to docs/performance-pruning.md.
"""

import argparse
import copy
import shlex
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from mixtrace.descent import RECIPES, SongWindows, song_loss
from mixtrace.graph import remove_nodes
from mixtrace.methods import Inversion, Work
from mixtrace.prune import ConsoleSearch, SearchConfig
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


def seconds_a_window(result: Inversion, windows: SongWindows) -> float:
    """Return the median time of a window in evaluations of the whole song, from nothing."""
    graph, settings = result.graph, result.settings
    rng = np.random.default_rng(0)
    taken = []
    for share in SHARES:
        count = round(share * len(graph.processors))
        gone = rng.permutation(graph.processors)[:count].tolist()
        smaller = remove_nodes(graph, gone)
        kept = settings.only(smaller.processors)
        began = time.perf_counter()
        song_loss(smaller, kept, windows)
        taken.append((time.perf_counter() - began) / windows.count)
    return float(np.median(taken))


@dataclass(frozen=True)
class Price:
    """What one run took, and what the published policy would have taken on the whole song.

    Attributes:
        result: of the run.
        trials: of the published policy.
        song: windows of the song.
        a_window: seconds a window of the whole song takes, from nothing.
    """

    result: Inversion
    trials: int
    song: int
    a_window: float

    @property
    def ratios(self) -> list[float]:
        """How many times fewer windows, and less time; then with the graphs between the trials."""
        counts = (self.trials * self.song, (self.trials + PUBLISHED_ROUNDS + 1) * self.song)
        windows, seconds = (
            self.result.evidence["trial_windows"],
            self.result.evidence["trial_seconds"],
        )
        return [r for n in counts for r in (n / windows, n * self.a_window / seconds)]

    def row(self, name: str) -> str:
        """Return the line of the run."""
        result, everything = self.result, self.trials * self.song
        kept, total = len(result.graph.processors), len(result.console.processors)
        cells = [
            name,
            f"{self.trials}",
            f"{everything}",
            f"{everything * self.a_window:.0f} s",
            f"{result.evidence['trial_windows']}",
            f"{result.evidence['trial_seconds']:.0f} s",
            *(f"{ratio:.0f} x" for ratio in self.ratios),
            f"{result.losses['final']['published']:.4f}",
            f"{1 - kept / total:.2f}",
        ]
        return f"| {' | '.join(cells)} |"


def main() -> None:
    """Fit the console, prune it several times and write the report."""
    parser = argparse.ArgumentParser(description="What pruning costs.")
    parser.add_argument("--song", default="DaisyDaisy_known")
    parser.add_argument("--console-steps", type=int)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "performance-pruning.md")
    given = parser.parse_args()
    session = read_session(ROOT.parent / "shared" / "data" / given.song, sample_rate_hz=RATE_HZ)
    keeper, common = Console(), SearchConfig(console_steps=given.console_steps)
    fitted = ConsoleSearch(replace(common, policy="none")).invert(session, work=Work(keeper=keeper))
    windows = SongWindows(session)
    a_window = seconds_a_window(fitted, windows)
    published = replace(common, policy="hybrid", rounds=PUBLISHED_ROUNDS)
    theirs = [
        ConsoleSearch(replace(published, seed=seed)).invert(session, work=Work(keeper=keeper))
        for seed in range(given.seeds)
    ]
    prices = [
        Price(result, result.evidence["trials"], windows.count, a_window) for result in theirs
    ]
    typical = sorted(result.evidence["trials"] for result in theirs)[len(theirs) // 2]
    ours = Price(
        ConsoleSearch(common).invert(session, work=Work(keeper=keeper)),
        typical,
        windows.count,
        a_window,
    )
    medians = np.median([price.ratios for price in prices], axis=0)
    lines = [
        "# What pruning costs",
        "",
        f"Made by `{shlex.join(['python', 'benchmarks/pruning.py', *sys.argv[1:]])}`: "
        f"{given.song}, {windows.count} windows, console of {len(fitted.console.processors)} "
        f"processors at L_a {fitted.losses['console']['published']:.4f}. Every trial on the whole "
        f"song is computed: a window of it, evaluated from nothing, takes {a_window:.3f} s here. "
        "Ours was measured, with the settling of rounds and the confirmation of the result on the "
        "whole song, without steps of descent. The last two ratios count, for the published "
        "policy too, the graph before each round and at the end.",
        "",
        "| policy | trials | windows of all | time of all | windows | time | fewer | less | "
        "fewer, with graphs | less, with graphs | L_a | removed |",
        f"| --- |{' ---: |' * 11}",
        *(price.row(f"hybrid, seed {seed}") for seed, price in enumerate(prices)),
        f"| median | | | | | | {' | '.join(f'{ratio:.0f} x' for ratio in medians)} | | |",
        ours.row("ordered, against hybrid's trials"),
        "",
    ]
    given.out.write_text("\n".join(lines), "utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
