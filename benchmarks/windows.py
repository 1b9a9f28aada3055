"""One evaluated window against GRAFX 0.6.0: 20 chains, the full console and 70 % of it pruned.

    python benchmarks/windows.py [--rounds 5] [--out FILE.md]

Rendered without gradients and compared with the mix. The peer renders its full console in both
cases: that is how the published search judges a removal, with a dry/wet weight of zero.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import torch
from speed_tables import Row, measure, table
from speed_workload import OursAtWork, PeerAtWork, audio_name, buses_of, make_session

from mixtrace.descent import song_parts
from mixtrace.graph import Graph, remove_nodes
from mixtrace.processors import Settings

OUT = Path(__file__).resolve().parents[1] / "docs" / "performance-windows.md"
_CHAINS = 20
_PRUNED = 0.7
_GRAPHS = 3


def prune_at_random(
    graph: Graph, settings: Settings, share: float, seed: int
) -> tuple[Graph, Settings]:
    """Return a graph without a share of its processors, and its settings."""
    processors = np.array(graph.processors)
    count = round(share * len(processors))
    removed = set(np.random.default_rng(seed).choice(processors, count, replace=False).tolist())
    smaller = remove_nodes(graph, removed)
    return smaller, settings.only(smaller.processors)


def run(rounds: int) -> list[Row]:
    """Return a row for the full console and one for each randomly pruned graph."""
    buses = buses_of(_CHAINS)
    session = make_session(_CHAINS - buses, buses)
    peer, ours = PeerAtWork(session), OursAtWork(session)
    graphs = [("full console", ours.graph, ours.descent.settings)]
    for seed in range(_GRAPHS):
        smaller = prune_at_random(ours.graph, ours.descent.settings, _PRUNED, seed)
        graphs.append((f"{_PRUNED:.0%} pruned, draw {seed}", *smaller))
    rows = []
    for case, graph, settings in graphs:
        all_windows = partial(song_parts, graph, settings, ours.windows)
        all_windows()
        row = measure(case, peer.evaluate, all_windows, rounds=rounds, ours_a_round=1)
        n = ours.windows.count
        rows.append(
            Row(case, row.peer_s, row.ours_s / n, row.ratio * n, row.least * n, row.largest * n)
        )
        print(*table(rows)[-1:], flush=True)
    return rows


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    lines = [
        "# The evaluated window",
        "",
        f"Made by `python benchmarks/windows.py`, {torch.get_num_threads()} threads, "
        f"{_CHAINS} chains, {audio_name()}. The peer is GRAFX 0.6.0 on its full console; ratio = "
        "its time / ours. Ours is that of a whole song of 30 s, responses computed once and dry "
        f"spectra kept, divided by its windows; in turns, median of {given.rounds} rounds.",
        "",
        *table(run(given.rounds)),
    ]
    given.out.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
