"""mixtrace against GRAFX 0.6.0 with the published settings: one song, one machine, as much time.

    python benchmarks/against_grafx.py SONG [--minutes 5] [--output FILE.md]

mixtrace recovers the song as `mixtrace fit` does. GRAFX takes its published step (random start,
Adam at 0.01) on the full console of preset `paper`, on windows drawn anywhere in the song, for as
long, and for some minutes in all. Both are measured on the same evaluation windows with the same
loss (L_a, published convention).
"""

import argparse
import time
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import torch
from grafx_peer import GrafxPeer

import mixtrace
from mixtrace.descent import SongWindows
from mixtrace.losses import combine
from mixtrace.recovery import Recovery
from mixtrace.session import Session, read_session

_SEED = 42


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
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(2)
    session = read_session(options.song, sample_rate_hz=30_000)
    found = Recovery().invert(session)
    steps = len(found.evidence["history"]["loss"])
    rows = [("mixtrace", steps, found.seconds, found.losses["final"]["published"])]
    windows = SongWindows(session)
    rng = np.random.default_rng(_SEED)
    peer = Peer(session, windows)
    for limit_s in sorted((found.seconds, 60.0 * options.minutes)):
        while peer.seconds < limit_s:
            peer.step(int(rng.integers(0, windows.length - windows.time)))
        rows.append(("GRAFX 0.6.0", peer.taken, peer.seconds, peer.loss()))
        print(rows[-1], flush=True)
    lines = [
        f"mixtrace {mixtrace.__version__}, `python benchmarks/against_grafx.py {options.song.name} "
        f"--minutes {options.minutes:g}`",
        "",
        "| program | steps | seconds | L_a |",
        "| --- | --- | --- | --- |",
        *(f"| {program} | {n} | {s:.0f} | {loss:.3f} |" for program, n, s, loss in rows),
    ]
    print("\n".join(lines))
    if options.output is not None:
        options.output.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
