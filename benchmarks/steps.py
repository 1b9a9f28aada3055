"""One training step against GRAFX 0.6.0: 8, 20 and 64 chains of all seven processors.

    python benchmarks/steps.py [--chains 8 20 64] [--rounds 5] [--out FILE.md]

A chain is a track's or a bus's, one in five is a bus's. Both programs step through windows of 3.8 s
at 30 kHz on all cores; GRAFX takes its published step, mixtrace that of its default recipe. The
page has another section, which `ballistics.py` writes.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from speed_tables import Row, measure, table, write_section
from speed_workload import OursAtWork, PeerAtWork, audio_name, buses_of, make_session

OUT = Path(__file__).resolve().parents[1] / "docs" / "performance-steps.md"
_OURS_A_ROUND = 5


def run(chains: Sequence[int], rounds: int, *, stereo: bool = False) -> list[Row]:
    """Return a row for each number of chains."""
    rows = []
    for count in chains:
        buses = buses_of(count)
        session = make_session(count - buses, buses, stereo=stereo)
        peer, ours = PeerAtWork(session), OursAtWork(session)
        case = f"{count} chains, {'stereo' if stereo else 'mono'} tracks"
        rows.append(measure(case, peer.step, ours.step, rounds=rounds, ours_a_round=_OURS_A_ROUND))
        print(*table(rows)[-1:], flush=True)
    return rows


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chains", type=int, nargs="+", default=[8, 20, 64])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    rows = run(given.chains, given.rounds)
    rows += run([20], given.rounds, stereo=True)
    per_chain = [
        f"{row.case}: {1000.0 * row.ours_s / int(row.case.split()[0]):.1f} ms" for row in rows
    ]
    lines = [
        "# The training step",
        "",
        f"Made by `python benchmarks/steps.py`, {torch.get_num_threads()} threads, "
        f"{audio_name()} (and once all stereo). The peer is GRAFX 0.6.0 as published; "
        "ratio = its time / ours, both in turns in one process, median of "
        f"{given.rounds} rounds of one step of the peer and {_OURS_A_ROUND} of ours.",
        "",
        *table(rows),
        "",
        "Time of ours a chain: " + "; ".join(per_chain) + ".",
    ]
    write_section(given.out, lines)


if __name__ == "__main__":
    main()
