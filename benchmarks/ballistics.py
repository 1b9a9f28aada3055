"""A training step with exact ballistics against one without, on one console.

    python benchmarks/ballistics.py [--chains 20] [--rounds 15] [--out FILE.md]

Without is the console `paper`, whose compressor and gate smooth by one pole; with has our
compressor, gate or limiter, which follow attack, hold, release and a look-ahead sample by sample,
in their place. The last row adds two of them to a console that has no dynamics at all, whose chains
never leave the frequency domain.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from speed_tables import Row, measure, write_section
from speed_workload import OursAtWork, audio_name, buses_of, make_session

from mixtrace.graph import CONSOLES, ConsolePreset
from mixtrace.session import Session

OUT = Path(__file__).resolve().parents[1] / "docs" / "performance-steps.md"
ALLOWED = 1.3
"""How many times as long as with one-pole ballistics a step may take."""
_ONE_POLE = ("one_pole_compressor", "one_pole_gate")


@dataclass(frozen=True)
class Case:
    """A row: its name, the console without and that with exact ballistics."""

    name: str
    without: ConsolePreset
    exact: ConsolePreset


def cases() -> list[Case]:
    """Return what is compared."""
    one_pole = CONSOLES["paper"]
    compressor, gate = (
        {old: (new,)} for old, new in zip(_ONE_POLE, ("compressor", "gate"), strict=True)
    )
    both = compressor | gate
    last = "noise_reverb"
    three = _with({**both, last: (last, "limiter")})
    return [
        Case("compressor for the one-pole one", one_pole, _with(compressor)),
        Case("gate for the one-pole one", one_pole, _with(gate)),
        Case("limiter for the one-pole compressor", one_pole, _with({_ONE_POLE[0]: ("limiter",)})),
        Case("compressor and gate for the one-pole pair", one_pole, _with(both)),
        Case(
            "the same, and a limiter last for a one-pole compressor",
            _with({last: (last, _ONE_POLE[0])}),
            three,
        ),
        Case(
            "compressor and gate for no dynamics", _with(dict.fromkeys(_ONE_POLE, ())), _with(both)
        ),
    ]


def _with(instead: Mapping[str, tuple[str, ...]]) -> ConsolePreset:
    """Return the console `paper` with other kinds instead of some."""
    paper = CONSOLES["paper"]
    track, bus = (
        tuple(new for kind in chain for new in instead.get(kind, (kind,)))
        for chain in (paper.track_chain, paper.bus_chain)
    )
    return ConsolePreset(track, bus)


def run(session: Session, rounds: int) -> list[Row]:
    """Return a row for each case: the step with exact ballistics stands where the peer's does."""
    rows = []
    for case in cases():
        exact, without = (OursAtWork(session, preset=p) for p in (case.exact, case.without))
        row = measure(case.name, exact.step, without.step, rounds=rounds, ours_a_round=1)
        print(*table([row])[-1:], flush=True)
        rows.append(row)
    return rows


def table(rows: list[Row]) -> list[str]:
    """Return the lines of a Markdown table."""
    head = "| exact ballistics | without, s | with, s | with / without | least | largest |"
    lines = [head, "| --- |" + " ---: |" * 5]
    for r in rows:
        ratios = f"{r.ratio:.2f} | {r.least:.2f} | {r.largest:.2f}"
        lines.append(f"| {r.case} | {r.ours_s:.4f} | {r.peer_s:.4f} | {ratios} |")
    return lines


def main() -> None:
    """Measure and write the section of the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chains", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    buses = buses_of(given.chains)
    rows = run(make_session(given.chains - buses, buses), given.rounds)
    lines = [
        "## With exact ballistics",
        "",
        f"Made by `python benchmarks/ballistics.py`, {given.chains} chains, "
        f"threads: {torch.get_num_threads()}, {audio_name()}. Steps with and without take turns in "
        f"one process; the ratio is the median of {given.rounds} rounds. In place of one-pole "
        f"ballistics it may be {ALLOWED}; the last row tells what dynamics themselves cost.",
        "",
        *table(rows),
    ]
    write_section(given.out, lines)


if __name__ == "__main__":
    main()
