"""Results on standard output. Names come from strangers: they are shown, never read as markup."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from mixtrace.cli.tables import plain_table, standard_output
from mixtrace.cli.terminal import say_wrong
from mixtrace.names import command_line

if TYPE_CHECKING:
    from mixtrace.examples import PlantedAndFound
    from mixtrace.metrics import Evaluation, HeldOut, Levels
    from mixtrace.reporting import Comparison, Outline, Row
    from mixtrace.verbs import Captured, Exported, Fit, Simple

__all__ = [
    "print_captured",
    "print_comparison",
    "print_comparisons",
    "print_exported",
    "print_fit",
    "print_measures",
    "print_notes",
    "print_outline",
    "print_place",
    "print_simplified",
    "print_written",
]


def print_outline(outline: "Outline", console: Console | None = None) -> None:
    """Print an outline as a tree, on standard output where no console is given.

    Curves are left out where the output's encoding has no characters for them.
    """
    console = console or standard_output()
    curves = console.encoding.lower().startswith("utf")
    root, *rest = outline.rows
    tree = _branch(None, root, curves)
    path = [tree]
    for row in rest:
        del path[row.depth :]
        path.append(_branch(path[-1], row, curves))
    console.print(tree)


def print_comparisons(comparisons: "Sequence[PlantedAndFound]") -> None:
    """Print what was planted in each chain beside what was found there, kinds by their letters."""
    from mixtrace.processors import processor

    table = plain_table("chain", "planted", "found", "level dB", "pan dB", "response off by")
    for row in comparisons:
        table.add_row(
            Text(row.name),
            _letters(row.planted),
            _letters(row.found),
            f"{row.level_db[0]:+.1f} / {row.level_db[1]:+.1f}",
            f"{row.pan_db[0]:+.1f} / {row.pan_db[1]:+.1f}",
            f"{row.response_difference_db:.1f} dB",
        )
    console = standard_output()
    console.print(table)
    kinds = dict.fromkeys(kind for row in comparisons for kind in (*row.planted, *row.found))
    letters = ", ".join(f"{processor(kind).letter} {processor(kind).label}" for kind in kinds)
    console.print(f"{letters}; levels and pans: planted / found, both on the way to the mix")


def _letters(kinds: tuple[str, ...]) -> str:
    from mixtrace.processors import processor

    return " ".join(processor(kind).letter for kind in kinds) or "-"


def print_measures(measures: "Evaluation") -> None:
    """Print how well two mixes match: the losses, then the levels of both."""
    losses = plain_table("loss", "published", "eq. (4)")
    names = (("L_a", "l_a"), ("  left, right", "l_lr"), ("  mid", "l_m"), ("  side", "l_s"))
    for name, key in names:
        values = (getattr(parts, key) for parts in (measures.published, measures.eq4))
        losses.add_row(name, *(f"{value:.4f}" for value in values))
    difference = measures.loudness_difference_lu
    distances = plain_table("distance", "")
    distances.add_row("MAE", f"{measures.mae:.4f}")
    distances.add_row("MRSD", f"{measures.mrsd:.3f}")
    distances.add_row("SI-SDR", _level(measures.si_sdr_db, "dB", signed=True))
    if measures.matched is not None:
        distances.add_row("MAE, as loud as the target", f"{measures.matched.mae:.4f}")
        distances.add_row("MRSD, as loud as the target", f"{measures.matched.mrsd:.3f}")
    distances.add_row("loudness difference", _level(difference, "LU", signed=True))
    console = standard_output()
    console.print(losses)
    if measures.held_out is not None:
        _print_parts(measures.held_out, console)
    console.print(distances)
    console.print(_levels_table(measures.target, measures.estimate))
    console.print(Text(measures.compared.words))


def print_fit(found: "Fit") -> None:
    """Print what a fit found: losses, sparsity, time and where the files are."""
    from mixtrace.session import doubtful

    inversion = found.inversion
    console = standard_output()
    losses = plain_table("L_a", "published", "eq. (4)")
    names = {
        "sum": "sum of the tracks",
        "start": "start",
        "console": "before removal",
        "final": "result",
    }
    for key, name in names.items():
        if key in inversion.losses:
            loss = inversion.losses[key]
            losses.add_row(name, f"{loss['published']:.4f}", f"{loss['eq4']:.4f}")
    console.print(losses)
    if found.measures.held_out is not None:
        console.print("These are losses of the seen part; of the result, rendered, they are:")
        _print_parts(found.measures.held_out, console)
    every, kept = len(inversion.console.processors), len(inversion.graph.processors)
    removed = 100.0 * (every - kept) / max(every, 1)
    minutes, seconds = divmod(round(inversion.seconds), 60)
    console.print(
        f"{kept} of {every} processors kept ({removed:.0f} % removed), "
        f"{minutes} min {seconds:02d} s"
    )
    if found.agreement is not None:
        from mixtrace.reporting import run_sentences

        for sentence in run_sentences(found.stored.graph, found.agreement):
            console.print(Text(sentence))
    if found.stored.unused:
        names = ", ".join(track.name for track in found.stored.unused)
        console.print(Text(f"Not heard in the mix and left out (--force takes all): {names}"))
    print_notes(doubtful(found.notes))
    _print_warnings(found.warnings, console)
    if inversion.ended == "stopped":
        console.print("Stopped early: this is the best so far. Run the same command to go on.")
    if found.lacking:
        say_wrong(found.lacking)
    if found.folder is not None:
        audio = ", mix.wav" if (found.folder / "mix.wav").is_file() else ""
        print_place(found.folder, f"graph.json{audio}", found.lacking, console)


def print_captured(captured: "Captured") -> None:
    """Print what a capture read: how well it explains the mix, each track, and the files."""
    from mixtrace.reporting import outline_capture

    measures = captured.measures
    console = standard_output()
    losses = plain_table("L_a", "published", "eq. (4)")
    losses.add_row("estimate", f"{measures.published.l_a:.4f}", f"{measures.eq4.l_a:.4f}")
    console.print(losses)
    if measures.held_out is not None:
        _print_parts(measures.held_out, console)
    print_outline(outline_capture(captured.stored, captured.gains_db), console)
    console.print(f"Read in {captured.stored.seconds:.0f} s.")
    _print_warnings(captured.warnings, console)
    if captured.lacking:
        say_wrong(captured.lacking)
    if captured.folder is not None:
        files = "responses/, gains.csv, estimate.wav"
        print_place(captured.folder, files, captured.lacking, console)


def print_simplified(simple: "Simple") -> None:
    """Print what became of each processor, L_a before and after, and where the files are."""
    from mixtrace.reporting import simplified_rows, simplified_sentence

    console = standard_output()
    rows = simplified_rows(simple.simplification)
    if rows:
        table = plain_table("strip", "what was there", "nearest", "off by", "L_a", "so it")
        for column in table.columns[1:3]:
            column.justify = "left"
        for row in rows:
            table.add_row(*map(Text, row))
        console.print(table)
    kept = len(simple.stored.graph.processors)
    console.print(f"{simplified_sentence(simple.simplification)}")
    console.print(f"{kept} processors; there were {simple.processors}.")
    print_notes(simple.notes)
    if simple.lacking:
        say_wrong(simple.lacking)
    audio = ", mix.wav" if (simple.folder / "mix.wav").is_file() else ""
    print_place(simple.folder, f"graph.json{audio}", simple.lacking, console)


def print_place(folder: Path, files: str, lacking: str, console: Console) -> None:
    """Print where a result lies, and its page, where it has one."""
    from mixtrace.verbs.reporting import REPORT_PAGE

    shown = not lacking and (folder / REPORT_PAGE).is_file()
    page, how = (f", {REPORT_PAGE}", f", or open its {REPORT_PAGE}") if shown else ("", "")
    console.print(Text(f"Written to {folder}: {files}{page}"))
    console.print(Text(f"Read it with: {command_line('show', folder)}{how}"))


def _print_warnings(warnings: Sequence[str], console: Console) -> None:
    """Print what went wrong and was mended."""
    for warning in warnings:
        console.print(Text(f"Warning: {warning}", style="yellow"))


def _print_parts(held_out: "HeldOut", console: Console) -> None:
    """Print L_a of both parts of a song, and which is which."""
    from mixtrace.unseen import Unseen

    table = plain_table("L_a", "published", "eq. (4)", "windows")
    for name, part in (("seen part", held_out.seen), ("unseen part", held_out.unseen)):
        losses = (f"{loss.l_a:.4f}" for loss in (part.published, part.eq4))
        table.add_row(name, *losses, str(part.windows))
    console.print(table)
    console.print(f"The unseen part: {Unseen.parse(held_out.choice).words}.")


def print_comparison(comparison: "Comparison") -> None:
    """Print what differs between results, a column each."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for name in comparison.names:
        table.add_column(Text(name), justify="right")
    for row in comparison.rows:
        table.add_row(row.label, *map(Text, row.values))
    console = standard_output()
    console.print(table)


def print_written(files: Iterable[Path]) -> None:
    """Print the files that were written."""
    for file in files:
        standard_output().print(Text(os.fsencode(file).decode("utf-8", "replace")))


def print_notes(notes: Sequence[str]) -> None:
    """Print what a command assumed or could not do, a line each."""
    for note in notes:
        standard_output().print(Text(f"- {note}"))


def print_exported(exported: "Exported") -> None:
    """Print where an export lies and what it cannot carry."""
    print_notes(exported.notes)
    print_written([exported.folder])


def _branch(parent: Tree | None, row: "Row", curves: bool) -> Tree:
    label = Text(row.title, style="bold")
    if row.note:
        label.append(f"  {row.note}", style="not bold dim")
    branch = Tree(label, guide_style="dim") if parent is None else parent.add(label)
    for said in row.said:
        branch.add(Text(said, style="italic"))
    for line in row.lines:
        text = Text(line.label, style="cyan" if line.words else "")
        if line.curve and curves:
            text.append(f"  {line.curve}", style="blue")
        branch.add(text.append(f"  {line.words}", style="default") if line.words else text)
    return branch


def _levels_table(target: "Levels", estimate: "Levels") -> Table:
    table = plain_table("level", "target", "estimate")
    for name, key, unit in (
        ("loudness", "loudness_lufs", "LUFS"),
        ("true peak", "true_peak_dbtp", "dBTP"),
        ("crest factor", "crest_factor_db", "dB"),
        ("side over mid", "stereo_width_db", "dB"),
    ):
        table.add_row(name, *(_level(getattr(of, key), unit) for of in (target, estimate)))
    return table


def _level(value: float | None, unit: str, *, signed: bool = False) -> str:
    if value is None:
        return "none"
    rounded = round(value, 1) + 0.0
    return f"{rounded:{'+' if signed and rounded else ''}.1f} {unit}"
