"""What `apply`, `diff` and `transfer` print. Names come from strangers: never read as markup."""

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from mixtrace.cli.printing import print_notes, print_place
from mixtrace.cli.tables import plain_table, standard_output
from mixtrace.cli.terminal import say_wrong

if TYPE_CHECKING:
    from mixtrace.reporting import Difference
    from mixtrace.verbs import Applied, Transfer

__all__ = ["print_applied", "print_difference", "print_transfer"]


def print_applied(applied: "Applied") -> None:
    """Print which track got the settings of which, what was done to these, and the files."""
    console = standard_output()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for header in ("track", "has the settings of", "matched by"):
        table.add_column(header)
    for new, old in applied.matching.pairs.items():
        table.add_row(Text(new), Text(old), applied.matching.how[new])
    console.print(table)
    print_notes(applied.notes)
    if applied.measures is not None:
        loss = applied.measures.published.l_a
        console.print(f"L_a against the song's own mix: {loss:.4f}")
    if applied.lacking:
        say_wrong(applied.lacking)
    if applied.folder is not None:
        audio = ", mix.wav" if (applied.folder / "mix.wav").is_file() else ""
        print_place(applied.folder, f"graph.json{audio}", applied.lacking, console)


def print_difference(difference: "Difference") -> None:
    """Print what changed between two results, strip by strip, and how well both match."""
    console = standard_output()
    for remark in difference.remarks:
        console.print(Text(remark))
    tree = Tree(Text(f"{difference.before} -> {difference.after}"), guide_style="dim")
    for strip in difference.strips:
        branch = tree.add(Text(strip.strip, style="bold").append(f"  {strip.role}", "not bold dim"))
        for change in strip.changes:
            branch.add(Text(change.words))
    if difference.strips:
        console.print(tree)
    if difference.match:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("match")
        for name in (difference.before, difference.after):
            table.add_column(Text(name), justify="right")
        for label, was, now in difference.match:
            table.add_row(Text(label), was, now)
        console.print(table)


def print_transfer(found: "Transfer") -> None:
    """Print how like its reference a mix is, what was assumed, and the files."""
    from mixtrace.reporting import feature_rows

    console = standard_output()
    table = plain_table("feature", "reference", "equally loud", "result")
    for row in feature_rows(found.likeness):
        table.add_row(*map(Text, row))
    console.print(table)
    print_notes(found.notes)
    if found.ended == "stopped":
        console.print("Stopped early: this is the best so far. Run the same command to go on.")
    if found.lacking:
        say_wrong(found.lacking)
    if found.folder is not None:
        audio = ", mix.wav" if (found.folder / "mix.wav").is_file() else ""
        print_place(found.folder, f"graph.json{audio}", found.lacking, console)
