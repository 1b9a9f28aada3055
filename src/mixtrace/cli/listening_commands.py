"""Commands for listening tests; they join the others by being imported."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from mixtrace.cli.commands import app
from mixtrace.cli.options import JsonOption, output_option
from mixtrace.cli.panels import HOW_NEAR
from mixtrace.cli.printing import print_written
from mixtrace.cli.progress import shown_progress
from mixtrace.cli.tables import plain_table, standard_output
from mixtrace.cli.terminal import json_text

if TYPE_CHECKING:
    from mixtrace.listening import ListeningResults, SystemRating
    from mixtrace.verbs import ListeningTest

__all__ = ["listening_results", "listening_test"]


@app.command(rich_help_panel=HOW_NEAR)
def listening_test(
    versions: Annotated[
        list[str],
        typer.Argument(
            metavar="OUT1 OUT2...",
            help="The output folders of fits, of one song or of several; or audio files with "
            "--reference. NAME=PATH gives one another name than that of its folder or file.",
            show_default=False,
        ),
    ],
    output: Annotated[
        str,
        output_option(
            "DIR", "The folder for listening-test.html; an earlier test there is replaced."
        ),
    ],
    reference: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="The original mix that audio files are compared with.",
            show_default="the mix of each result's song",
        ),
    ] = None,
    start: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="Where excerpts begin.",
            show_default="the loudest stretch of each song",
        ),
    ] = None,
    length: Annotated[
        float, typer.Option(metavar="SECONDS", help="How long excerpts are, 2 to 12 s.")
    ] = 10.0,
    seed: Annotated[int, typer.Option(min=0, help="Another one gives other orders.")] = 0,
) -> None:
    """Write a page on which people rate mixes against the original, blind: a MUSHRA test.

    The page plays from a file, without a server. A hidden reference and anchors of 3.5 and 7 kHz
    are among the versions, all equally loud. Listeners download their ratings and send them to you.
    """
    from mixtrace import verbs

    with shown_progress() as show_step:
        test = verbs.listening_test(
            versions,
            output,
            reference=reference,
            start_s=start,
            length_s=length,
            seed=seed,
            on_progress=show_step,
        )
    _print_test(test)


@app.command(rich_help_panel=HOW_NEAR)
def listening_results(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="CSV...", help="The files that listeners downloaded.", show_default=False
        ),
    ],
    plot: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="The picture to write, an SVG.")
    ] = "listening-results.svg",
    no_screening: Annotated[
        bool,
        typer.Option(
            "--no-screening", help="Leave nobody out, whatever they say of the hidden reference."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Tell how people rated the mixes of a listening test: means with intervals, and a picture.

    Listeners are left out as ITU-R BS.1534-3 has it: who rates the hidden reference below 90, or
    the 7 kHz anchor above 90, for more than 15 % of the songs.
    """
    from mixtrace import verbs

    results = verbs.listening_results(files, plot, screen=not no_screening)
    if as_json:
        typer.echo(json_text(asdict(results)))
    else:
        _print_results(results)
        print_written([Path(plot)])


def _print_test(test: "ListeningTest") -> None:
    table = plain_table("song", "from s", "seconds", "version", "gain dB")
    table.columns[3].justify = "left"
    for item in test.items:
        length_s = item.stimuli[0].audio.shape[-1] / item.sample_rate_hz
        facts = (item.song, f"{item.start_s:.1f}", f"{length_s:.1f}")
        for stimulus in item.stimuli:
            gain_db = round(stimulus.gain_db, 1) + 0.0
            table.add_row(*map(Text, (*facts, stimulus.system, f"{gain_db:.1f}")))
            facts = ("", "", "")
    standard_output().print(table)
    print_written([test.page])


def _print_results(results: "ListeningResults") -> None:
    console = standard_output()
    for one in results.screened:
        console.print(Text(f"Left out: {one.listener} {one.why}."))
    for song in results.indifferent_songs:
        console.print(
            Text(
                f"Of {song} more than a quarter rated the mid anchor above 90: it was hardly "
                "changed by it, so nobody is left out for that."
            )
        )
    kept = results.listeners - len(results.screened)
    console.print(f"{kept} of {results.listeners} listeners count.")
    _print_systems("all songs", results.overall)
    every = list(results.overall)
    if len(results.by_song) > 1:
        for song, systems in results.by_song.items():
            _print_systems(song, systems)
            every += systems
    if any(map(_cut, every)):
        console.print("(cut): the interval reaches beyond the scale, and is cut at its end.")


def _cut(rating: "SystemRating") -> str:
    """Return a word for an interval that was cut at an end of the scale."""
    return " (cut)" if any(rating.cut) else ""


def _print_systems(title: str, systems: "tuple[SystemRating, ...]") -> None:
    table = plain_table(title, "mean", "95 % interval", "median", "quartiles", "ratings")
    for rating in systems:
        ends = rating.interval
        table.add_row(
            Text(rating.system),
            f"{rating.mean:.1f}",
            "none" if ends is None else f"{ends[0]:.1f} to {ends[1]:.1f}{_cut(rating)}",
            f"{rating.median:.0f}",
            f"{rating.quartiles[0]:.0f} to {rating.quartiles[1]:.0f}",
            str(rating.ratings),
        )
    standard_output().print(table)
