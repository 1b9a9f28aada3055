"""The paper's ablation and its table of pruning, on songs of ours, beside the published means.

    python benchmarks/ablations.py --results FOLDER [--steps 12000] [--rounds 12]
                                   [--round-steps 500] [--only console|pruning]
                                   [--output FILE.md] SONG [SONG ...]

First the console grows type by type, each time descended anew; then the full console is pruned by
each policy with each tolerance. `--steps` are those of a console that is not pruned; one that is
takes half of them. The published numbers take days a song on a CPU; fewer steps show the same
order. What lies in FOLDER is not done again, and what was killed goes on.

Source of the published means: Lee et al. 2025, arXiv 2509.15948 (pruning), and L_a of its authors'
own five examples as we measure it (consoles). They are of other songs.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import mixtrace
from mixtrace.graph import CONSOLES, ConsolePreset
from mixtrace.prune import PublishedSearch, SearchConfig

GROWN = (
    ("base", None),
    ("+g", "gain_panning"),
    ("+s", "stereo_imager"),
    ("+e", "equalizer"),
    ("+r", "noise_reverb"),
    ("+c", "one_pole_compressor"),
    ("+n", "one_pole_gate"),
    ("+d", "twenty_tap_delay"),
)
"""What each row adds to the one before; the chain keeps the order of preset `paper`."""

PUBLISHED = {
    "+g": 0.675,
    "+s": 0.642,
    "+e": 0.458,
    "+r": 0.391,
    "+c": 0.343,
    "+n": 0.330,
    "+d": 0.318,
}
"""Means of the authors' five examples, published convention."""

POLICIES, TOLERANCES = ("brute-force", "dry-wet", "hybrid"), (0.001, 0.01, 0.1)
PRUNED = {0.001: (0.331, 0.38), 0.01: (0.326, 0.57), 0.1: (0.459, 0.81)}
"""Of the same examples by policy `hybrid`: mean L_a, mean share removed."""


def consoles() -> dict[str, ConsolePreset]:
    """Return the consoles of the ablation by the names of its rows."""
    every = CONSOLES["paper"].track_chain
    found, has = {}, set[str]()
    for name, added in GROWN:
        has |= set() if added is None else {added}
        chain = tuple(kind for kind in every if kind in has)
        found[name] = ConsolePreset(chain, chain)
    return found


def fitted(song: Path, folder: Path, config: SearchConfig) -> dict:
    """Return what `fit.json` tells of a search, which is made where it is not there."""
    if not (folder / "fit.json").is_file():
        mixtrace.fit(song, folder, method=PublishedSearch(config), page=False, audio=False)
    return json.loads((folder / "fit.json").read_text())


def console_table(songs: Sequence[Path], results: Path, steps: int) -> list[str]:
    """Return the rows of the ablation."""
    lines = [
        f"| console | {' | '.join(song.name for song in songs)} | published mean |",
        "| --- |" + " ---: |" * (len(songs) + 1),
    ]
    for name, preset in consoles().items():
        CONSOLES[name] = preset
        config = SearchConfig(preset=name, policy="none", console_steps=steps)
        cells = []
        for song in songs:
            facts = fitted(song, results / song.name / f"console{name}", config)
            cells.append(f"{facts['losses']['final']['published']:.3f}")
        known = f"{PUBLISHED[name]:.3f}" if name in PUBLISHED else ""
        lines.append(f"| {name} | {' | '.join(cells)} | {known} |")
        print(lines[-1], flush=True)
    return lines


def pruning_table(
    songs: Sequence[Path], results: Path, steps: int, rounds: int, round_steps: int
) -> list[str]:
    """Return the rows of pruning: L_a, share removed, and that by type."""
    kinds = CONSOLES["paper"].track_chain
    lines = [
        "| policy | tolerance | song | L_a | removed | "
        + " | ".join(kind.replace("_", " ") for kind in kinds)
        + " | published L_a, removed |",
        "| --- | ---: | --- |" + " ---: |" * (len(kinds) + 3),
    ]
    for policy in POLICIES:
        for tolerance in TOLERANCES:
            config = SearchConfig(
                policy=policy,
                tolerance=tolerance,
                console_steps=steps // 2,
                rounds=rounds,
                round_steps=round_steps,
            )
            for song in songs:
                folder = results / song.name / f"{policy}-{tolerance:g}"
                lines.append(pruned_row(song, folder, config, kinds))
                print(lines[-1], flush=True)
    return lines


def pruned_row(song: Path, folder: Path, config: SearchConfig, kinds: Sequence[str]) -> str:
    """Return the line of one pruned song."""
    facts = fitted(song, folder, config)
    every, kept = facts["processors"]["console"], facts["processors"]["kept"]
    gone = [entry["kind"] for entry in facts["removed"]]
    each = every // len(kinds)
    shares = [f"{gone.count(kind) / each:.2f}" for kind in kinds]
    known = PRUNED[config.tolerance]
    published = f"{known[0]:.3f}, {known[1]:.2f}" if config.policy == "hybrid" else ""
    return (
        f"| {config.policy} | {config.tolerance:g} | {song.name} | "
        f"{facts['losses']['final']['published']:.3f} | {1.0 - kept / every:.2f} | "
        f"{' | '.join(shares)} | {published} |"
    )


def main() -> None:
    """Fit what is missing and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("songs", nargs="+", type=Path)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=12_000)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--round-steps", type=int, default=500)
    parser.add_argument("--only", choices=("console", "pruning"))
    parser.add_argument("--output", type=Path)
    chosen = parser.parse_args()
    parts = []
    if chosen.only != "pruning":
        parts.append(console_table(chosen.songs, chosen.results, chosen.steps))
    if chosen.only != "console":
        rounds, round_steps = chosen.rounds, chosen.round_steps
        parts.append(pruning_table(chosen.songs, chosen.results, chosen.steps, rounds, round_steps))
    text = "\n\n".join("\n".join(lines) for lines in parts) + "\n"
    print(text)
    if chosen.output:
        chosen.output.write_text(text)


if __name__ == "__main__":
    main()
