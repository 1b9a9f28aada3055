"""How many planted processors a search keeps, and how many redundant ones it removes.

    python benchmarks/planted.py [--songs demo Beatles_known ...] [--seeds 3]

Prints a report in Markdown and writes it to docs/results-planted.md after every search. Songs whose
tracks are absent are left out; benchmarks/README.md says where they are looked for.
"""

import argparse
import shlex
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from planted_songs import LINEAR, RATE_HZ, SONGS, plant_song

from mixtrace.examples import chains
from mixtrace.graph import INPUT, Graph
from mixtrace.methods import Inversion
from mixtrace.prune import ConsoleSearch, SearchConfig

__all__ = ["Count", "Slot", "count_merged", "count_strictly", "slots"]

ROOT = Path(__file__).resolve().parents[1]

Slot = tuple[str, str, str]
"""A processor by where it stands: (`input` or `mix`, name of the chain, kind)."""

HOW = """\
## How it is counted

- A graph is planted by keeping one to three processors a track, and one on about half of the buses,
  of the published console, with random settings in which a person could hear them: without any one
  of them, L_a of the mix rises by more than three times the tolerance (checked when planting, drawn
  again otherwise). Gains are always panned, imagers stand on stereo tracks only, and no bus has a
  linear kind (EQ, imager, gain/pan, delay, reverb) that one of its tracks has too. `demo-mix` is
  the demo song's own mix, whose settings were chosen by hand.
- A processor is known by its kind and its chain (track, bus or master). *Kept* are planted ones
  that stand in the same chain of the result, *removed* are those of the console (`redundant`) that
  were not planted and do not stand in the result. What a kept one is set to does not count.
- *Merged* counts what cannot be told apart as the same, in two cases only: (1) where a bus has a
  single track, both chains are one, and a kind may stand in either; (2) a linear kind planted on a
  bus that was found on every track of the bus counts as kept, and those that make it up count
  neither as redundant nor as removed.
"""


@dataclass(frozen=True)
class Count:
    """Processors planted and kept, redundant and removed."""

    planted: int = 0
    kept: int = 0
    redundant: int = 0
    removed: int = 0

    def __add__(self, other: "Count") -> "Count":
        """Return the sum of both."""
        return Count(
            self.planted + other.planted,
            self.kept + other.kept,
            self.redundant + other.redundant,
            self.removed + other.removed,
        )


@dataclass(frozen=True)
class Run:
    """One search for a planted graph."""

    song: str
    seed: int
    strict: Count
    merged: Count
    missing: tuple[Slot, ...]
    extra: tuple[Slot, ...]
    result: Inversion


def slots(graph: Graph) -> frozenset[Slot]:
    """Return the processors of a console, whole or pruned, by where they stand."""
    return frozenset(
        (*place, graph.nodes[i].kind)
        for place, chain in chains(graph).items()
        for i in chain.processors
    )


def count_strictly(planted: Graph, found: Graph, console: Graph) -> Count:
    """Count processors that stand in the same chain."""
    wanted, have, every = slots(planted), slots(found), slots(console)
    redundant = every - wanted
    return Count(len(wanted), len(wanted & have), len(redundant), len(redundant - have))


def count_merged(planted: Graph, found: Graph, console: Graph) -> Count:
    """Count with the chains of single-track buses merged, and linear kinds moved to all tracks."""
    tracks = _tracks_of_buses(console)
    wanted, have, every = slots(planted), set(slots(found)), set(slots(console))
    for place, bus, kind in wanted:
        members = [(INPUT, track, kind) for track in tracks.get(bus, ())] if place != INPUT else []
        moved = (place, bus, kind) not in have and kind in LINEAR and len(members) > 1
        if moved and all(member in have for member in members):
            stand_ins = set(members) - wanted
            have = (have - stand_ins) | {(place, bus, kind)}
            every -= stand_ins
    names = {bus: members[0] for bus, members in tracks.items() if len(members) == 1}
    wanted, have, every = (_merged(some, names) for some in (wanted, have, every))
    redundant = every - wanted
    return Count(
        wanted.total(),
        (wanted & have).total(),
        redundant.total(),
        (redundant - (have - wanted)).total(),
    )


def _tracks_of_buses(console: Graph) -> dict[str, list[str]]:
    tracks: dict[str, list[str]] = {}
    for (place, name), chain in chains(console).items():
        if place == INPUT:
            tracks.setdefault(console.name(chain.following), []).append(name)
    return tracks


def _merged(some: Iterable[Slot], names: dict[str, str]) -> Counter[Slot]:
    """Return how often each kind stands in each chain; a single track has its bus's as well."""
    return Counter(
        (INPUT, names[name], kind) if place != INPUT and name in names else (place, name, kind)
        for place, name, kind in some
    )


def run_search(song: str, seed: int, config: SearchConfig, data: Path) -> Run:
    """Plant a graph, search for it, and count."""
    planted = plant_song(song, seed, config.tolerance, data)
    result = ConsoleSearch(config).invert(planted.session)
    graphs = (planted.mixed[0], result.graph, result.console)
    wanted, have = slots(graphs[0]), slots(graphs[1])
    return Run(
        song,
        seed,
        count_strictly(*graphs),
        count_merged(*graphs),
        tuple(sorted(wanted - have)),
        tuple(sorted(have - wanted)),
        result,
    )


def report(runs: list[Run], command: str) -> str:
    """Return the runs as Markdown."""
    lines = [
        "# Planted graphs",
        "",
        f"Made by `{command}`, at {RATE_HZ} Hz.",
        "",
        "| song | seed | planted | kept | merged | redundant | removed | merged | L_a console "
        "| L_a result | time, s |",
        "| --- |" + " ---: |" * 10,
    ]
    for run in runs:
        losses = [run.result.losses[name]["published"] for name in ("console", "final")]
        tail = f"{losses[0]:.3f} | {losses[1]:.3f} | {run.result.seconds:.0f}"
        lines.append(f"| {run.song} | {run.seed} | {_cells(run.strict, run.merged)} | {tail} |")
    strict = sum((run.strict for run in runs), Count())
    merged = sum((run.merged for run in runs), Count())
    lines += [f"| all | | {_cells(strict, merged)} | | | |", "", *_by_kind(runs), ""]
    lines += ["## What was missed and what was left over", ""]
    for run in runs:
        lines.append(f"- {run.song} {run.seed}: missed {_listed(run.missing)}; ")
        lines[-1] += f"left over {_listed(run.extra)}"
    return "\n".join([*lines, "", HOW])


def _cells(strict: Count, merged: Count) -> str:
    kept = f"{strict.planted} | {_share(strict.kept, strict.planted)}"
    removed = f"{strict.redundant} | {_share(strict.removed, strict.redundant)}"
    return (
        f"{kept} | {_share(merged.kept, merged.planted)} | "
        f"{removed} | {_share(merged.removed, merged.redundant)}"
    )


def _share(part: int, whole: int) -> str:
    return f"{part} ({100.0 * part / whole:.0f} %)" if whole else "-"


def _by_kind(runs: list[Run]) -> list[str]:
    missing = Counter(kind for run in runs for _, _, kind in run.missing)
    extra = Counter(kind for run in runs for _, _, kind in run.extra)
    lines = ["| kind | missed | left over |", "| --- | ---: | ---: |"]
    kinds = sorted(missing | extra, key=lambda kind: -missing[kind] - extra[kind])
    return lines + [f"| {kind} | {missing[kind]} | {extra[kind]} |" for kind in kinds]


def _listed(some: tuple[Slot, ...]) -> str:
    return ", ".join(f"{kind} of {name}" for _, name, kind in some) or "nothing"


def main() -> None:
    """Read the arguments, search song after song, and write the report as it grows."""
    parser = argparse.ArgumentParser(
        description="Search for planted graphs and count what was found."
    )
    parser.add_argument("--songs", nargs="+", choices=SONGS, default=list(SONGS))
    parser.add_argument("--seeds", type=int, default=2, help="graphs a song")
    parser.add_argument("--preset", default=SearchConfig.preset)
    parser.add_argument("--tolerance", type=float, default=SearchConfig.tolerance)
    parser.add_argument("--console-steps", type=int)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "results-planted.md")
    given = parser.parse_args()
    config = SearchConfig(
        preset=given.preset,
        tolerance=given.tolerance,
        console_steps=given.console_steps,
        rounds=given.rounds,
    )
    data = ROOT.parent / "shared" / "data"
    runs: list[Run] = []
    for song in given.songs:
        if not song.startswith("demo") and not (data / song).is_dir():
            print(f"{song} is not beside the project: left out", file=sys.stderr)
            continue
        for seed in range(1 if song == "demo-mix" else given.seeds):
            runs.append(run_search(song, seed, config, data))
            print(f"{song} {seed}: {runs[-1].strict}", file=sys.stderr)
            text = report(runs, shlex.join(["python", "benchmarks/planted.py", *sys.argv[1:]]))
            given.out.write_text(text, "utf-8")
    if runs:
        print(text)


if __name__ == "__main__":
    main()
