"""What is told of a corpus on standard output."""

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from mixtrace.cli.printing import print_written
from mixtrace.cli.tables import plain_table, standard_output

if TYPE_CHECKING:
    from mixtrace.verbs import Collected, Generated, Index, Stats

__all__ = ["print_collected", "print_generated", "print_index", "print_stats"]

_MOST_SONGS = 40  # listed one by one
_MOST_INSTRUMENTS = 12


def print_collected(collected: "Collected") -> None:
    """Print which songs failed and why, how many are done, and where the data set lies."""
    console = standard_output()
    for song, why in collected.failed.items():
        console.print(Text(f"- {song}: {why}"))
    done, songs = len(collected.done), len(collected.standings)
    left = songs - done - len(collected.failed)
    words = f"{done} of {songs} songs, {len(collected.failed)} failed"
    if left:
        words += f", {left} left for other shards: the last one writes the tables"
    console.print(Text(f"{words}."))
    print_written([collected.folder])


def print_generated(generated: "Generated") -> None:
    """Print how many songs were made, and where they lie."""
    rest = "; the others were there already" if generated.made < generated.songs else ""
    console = standard_output()
    console.print(f"{generated.made} of {generated.songs} songs made{rest}.")
    print_written([generated.folder])


def print_index(index: "Index") -> None:
    """Print what a corpus holds: its parts, its songs where they are few, and what is wrong."""
    console = standard_output()
    console.print(Text(f"{index.title}: {_counted(len(index.songs), 'song')} in {index.folder}"))
    splits = plain_table("part", "songs", "tracks", "minutes")
    for part in index.splits:
        counts = (str(part.songs), str(part.tracks), f"{part.minutes:.1f}")
        splits.add_row(Text(part.name or "all"), *counts)
    if index.songs:
        console.print(splits)
    if 0 < len(index.songs) <= _MOST_SONGS:
        console.print(_songs_table(index))
        for song in index.songs:
            for note in song.notes:
                console.print(Text(f"{song.identity}: {note}"))
    elif index.songs:
        console.print("The songs one by one: with --json.")
    instruments = [f"{name} {count}" for name, count in index.instruments.items()]
    if instruments:
        more = len(instruments) - _MOST_INSTRUMENTS
        told = ", ".join(instruments[:_MOST_INSTRUMENTS]) + (f" and {more} more" * (more > 0))
        console.print(Text(f"Tracks by instrument: {told}"))
    for flaw in index.flaws:
        console.print(Text(": ".join(part for part in (flaw.song, flaw.what) if part), "yellow"))
    console.print(Text(f"Licence: {index.licence}"))
    for label, text in (("Cite", index.citation), ("From", index.url)):
        if text:
            console.print(Text(f"{label}: {text}"))


def print_stats(stats: "Stats") -> None:
    """Print how the numbers of songs are spread, and where the page lies."""
    from mixtrace.surveying import ALL, FACTS

    console, told = standard_output(), stats.document()
    console.print(Text(f"{_counted(told['songs'], 'song')}"))
    table = plain_table("number", "mean", "least", "median", "most")
    for row in told["facts"]:
        if row["corpus"] == ALL:
            cells = (f"{row[name]:.4g}" for name in ("mean", "least", "median", "most"))
            table.add_row(FACTS[row["fact"]], *cells)
    if told["facts"]:
        console.print(table)
    print_written([stats.folder, stats.page])


def _songs_table(index: "Index") -> Table:
    table = plain_table("song", "tracks", "length", "rate")
    for song in index.songs:
        minutes, seconds = divmod(round(song.size.seconds), 60)
        length = f"{minutes}:{seconds:02d}"
        rate = f"{song.size.sample_rate_hz} Hz"
        table.add_row(Text(song.identity), str(song.size.tracks), length, rate)
    return table


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
