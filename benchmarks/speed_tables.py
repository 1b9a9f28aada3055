"""Tables of ratios: how they are measured in turns, written as Markdown, read again and compared.

A ratio is the peer's time over ours. Both take turns within one process, so that what slows the
machine slows both; the median of the rounds' ratios counts, least and largest show the spread.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from speed_workload import seconds_of

__all__ = ["Row", "measure", "read_ratios", "slower", "table", "write_section"]

_HEAD = "| case | peer, s | mixtrace, s | ratio | least | largest |"


@dataclass(frozen=True)
class Row:
    """One case: medians in seconds, and the ratio peer / mixtrace with its spread."""

    case: str
    peer_s: float
    ours_s: float
    ratio: float
    least: float
    largest: float


def measure(
    case: str,
    peer: Callable[[], object],
    ours: Callable[[], object],
    *,
    rounds: int,
    ours_a_round: int,
) -> Row:
    """Let both work in turns: in each round the peer once, ours several times.

    Args:
        case: the row's name.
        peer: does the peer's work once.
        ours: does ours once.
        rounds: how often.
        ours_a_round: calls of `ours` a round; their median stands for the round.
    """
    pairs = []
    for _ in range(rounds):
        peer_s = seconds_of(peer)
        pairs.append((peer_s, statistics.median(seconds_of(ours) for _ in range(ours_a_round))))
    ratios = [peer_s / ours_s for peer_s, ours_s in pairs]
    peers, our_times = zip(*pairs, strict=True)
    return Row(
        case,
        statistics.median(peers),
        statistics.median(our_times),
        statistics.median(ratios),
        min(ratios),
        max(ratios),
    )


def table(rows: Sequence[Row]) -> list[str]:
    """Return the lines of a Markdown table."""
    lines = [_HEAD, "| --- |" + " ---: |" * 5]
    for r in rows:
        numbers = f"{r.ratio:.1f} | {r.least:.1f} | {r.largest:.1f}"
        lines.append(f"| {r.case} | {r.peer_s:.3f} | {r.ours_s:.4f} | {numbers} |")
    return lines


def read_ratios(text: str) -> dict[str, float]:
    """Return the ratio of every case in a Markdown text that `table` made."""
    lines = text.splitlines()
    if _HEAD not in lines:
        return {}
    found = {}
    for line in lines[lines.index(_HEAD) + 2 :]:
        if not line.startswith("| "):
            break
        case, *numbers = (cell.strip() for cell in line.strip("|").split("|"))
        found[case] = float(numbers[2])
    return found


def write_section(path: Path, lines: Sequence[str]) -> None:
    """Write lines that begin with a heading in place of the section of this name, or at the end.

    A section goes up to the next heading; the others stay as they are.
    """
    sections: list[list[str]] = []
    for line in path.read_text("utf-8").splitlines() if path.exists() else []:
        if line.startswith("#") or not sections:
            sections.append([])
        sections[-1].append(line)
    headings = [section[0] for section in sections]
    place = headings.index(lines[0]) if lines[0] in headings else len(sections)
    sections[place : place + 1] = [list(lines)]
    text = "\n\n".join("\n".join(section).strip("\n") for section in sections)
    path.write_text(text + "\n", "utf-8")


def slower(rows: Sequence[Row], committed: Path, share: float) -> list[str]:
    """Return a sentence for every case whose ratio fell by more than a share of the committed one.

    Args:
        rows: what was measured now.
        committed: the Markdown file with the table to compare with.
        share: 0.25 lets a ratio of 20 fall to 15.
    """
    before = read_ratios(committed.read_text("utf-8")) if committed.exists() else {}
    return [
        f"{row.case}: {row.ratio:.1f} x, {1.0 - row.ratio / before[row.case]:.0%} less than the "
        f"{before[row.case]:.1f} x of {committed.name}"
        for row in rows
        if row.case in before and row.ratio < (1.0 - share) * before[row.case]
    ]
