"""mixtrace against GRAFX 0.6.0 with the published settings: one song, one run, both machines' time.

    python benchmarks/against_grafx.py SONG [--steps 200] [--minutes 5] [--output FILE.md]

Both fit the full console of preset `paper` to the same windows (uniformly drawn starts from one
seed) and are measured on the same evaluation windows with the same loss (L_a, published
convention). They take turns, so that a drift of the machine's speed meets both. GRAFX takes its
published step (random start, Adam at 0.01). mixtrace takes its default recipe twice: once scheduled
to end after the same number of steps, once to end after the same time.
"""

import argparse
import math
import time
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import torch
from grafx_peer import GrafxPeer

import mixtrace
from mixtrace.descent import (
    RECIPES,
    Descent,
    SongWindows,
    Variables,
    least_squares_start,
    song_loss,
)
from mixtrace.graph import CONSOLES, build_console
from mixtrace.losses import combine
from mixtrace.session import Session, read_session

_TURN_STEPS = 10
_SEED = 42


class Ours:
    """The default recipe on windows given from outside."""

    def __init__(self, session: Session, windows: SongWindows, steps: int) -> None:
        """Warm-start; the time this takes counts."""
        self.recipe = RECIPES["console"]
        self.steps, self.taken, self.seconds = steps, 0, 0.0
        began = time.perf_counter()
        names = [(track.name, track.group) for track in session.tracks]
        self.graph = build_console(names, CONSOLES["paper"])
        start = Variables.from_settings(least_squares_start(self.graph, session))
        self.windows = windows
        self.descent = Descent(self.graph, start, windows, self.recipe)
        self.seconds += time.perf_counter() - began

    def step(self, start: int) -> None:
        """Take one step of the cosine schedule on the window at a start sample."""
        began = time.perf_counter()
        end = self.recipe.console_end
        phase = min(1.0, self.taken / self.steps)
        rate = end + (1.0 - end) * 0.5 * (1.0 + math.cos(math.pi * phase))
        rate *= min(1.0, (self.taken + 1) / 20)
        self.descent.step([self.windows.at([start])], self.recipe.objective, rate=rate)
        self.taken += 1
        self.seconds += time.perf_counter() - began

    def loss(self) -> float:
        """Return L_a of the song."""
        return song_loss(self.graph, self.descent.settings, self.windows)["published"]


class Peer:
    """GRAFX on the same windows and the same device."""

    def __init__(self, session: Session, windows: SongWindows) -> None:
        """Build its console with one bus a group."""
        groups: dict[str, list[int]] = {}
        for number, track in enumerate(session.tracks):
            groups.setdefault(track.group, []).append(number)
        began = time.perf_counter()
        tracks = [torch.from_numpy(track.audio) for track in session.tracks]
        mix = torch.from_numpy(session.mix)
        buses = list(groups.values())
        self.model = GrafxPeer(tracks, buses, mix, seed=_SEED, device=windows.device)
        self.windows, self.taken, self.seconds = windows, 0, time.perf_counter() - began

    def step(self, start: int) -> None:
        """Take one published step."""
        began = time.perf_counter()
        self.model.step(start)
        self.taken += 1
        self.seconds += time.perf_counter() - began

    def loss(self, removed: Mapping[str, Collection[int]] | None = None) -> float:
        """Return L_a of the song, on mixtrace's windows with mixtrace's loss.

        Args:
            removed: for each kind of GRAFX, the rows whose dry/wet weight is taken for zero.
        """
        losses = []
        for number, start in enumerate(self.windows.starts):
            estimate = self.model.render(start, removed=removed)[None]
            _, target = self.windows.window(number)
            losses.append(float(combine(self.windows.compare(estimate, target), "published")))
        return float(np.mean(losses))


def main() -> None:
    """Run both and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("song", type=Path)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(2)
    session = read_session(options.song, sample_rate_hz=30_000)
    windows = SongWindows(session)
    rng = np.random.default_rng(_SEED)
    starts = rng.integers(0, windows.length - windows.time, size=100_000)
    peer = Peer(session, windows)
    same_steps = Ours(session, windows, options.steps)
    limit_s = 60.0 * options.minutes
    rows = []
    at_time: float | None = None
    while peer.taken < options.steps or peer.seconds < limit_s:
        for number in range(peer.taken, peer.taken + _TURN_STEPS):
            peer.step(int(starts[number]))
            if same_steps.taken < options.steps:
                same_steps.step(int(starts[same_steps.taken]))
        if at_time is None and peer.seconds >= limit_s:
            at_time = peer.loss()
            rows.append(
                (f"{options.minutes:g} minutes", "GRAFX 0.6.0", peer.taken, peer.seconds, at_time)
            )
        if peer.taken == options.steps:
            rows.append(
                (f"{options.steps} steps", "GRAFX 0.6.0", peer.taken, peer.seconds, peer.loss())
            )
        print(
            f"GRAFX {peer.taken} steps {peer.seconds:.0f} s, mixtrace {same_steps.taken} steps "
            f"{same_steps.seconds:.0f} s",
            flush=True,
        )
    rows.append(
        (
            f"{options.steps} steps",
            "mixtrace",
            same_steps.taken,
            same_steps.seconds,
            same_steps.loss(),
        )
    )
    planned = int(limit_s / (same_steps.seconds / same_steps.taken))
    same_time = Ours(session, windows, planned)
    while same_time.seconds < limit_s:
        same_time.step(int(starts[same_time.taken]))
    rows.append(
        (
            f"{options.minutes:g} minutes",
            "mixtrace",
            same_time.taken,
            same_time.seconds,
            same_time.loss(),
        )
    )
    lines = [
        f"mixtrace {mixtrace.__version__}, `python benchmarks/against_grafx.py {options.song.name} "
        f"--steps {options.steps} --minutes {options.minutes:g}`",
        "",
        "| budget | program | steps | seconds | L_a |",
        "| --- | --- | --- | --- | --- |",
        *(f"| {b} | {p} | {n} | {s:.0f} | {loss:.3f} |" for b, p, n, s, loss in sorted(rows)),
    ]
    print("\n".join(lines))
    if options.output is not None:
        options.output.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
