"""Commands that work on results: render, export, simplify, show, report, compare."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mixtrace.cli.commands import app
from mixtrace.cli.evaluating import evaluate
from mixtrace.cli.fit_options import FreshOption, NoAudioOption, NoPageOption
from mixtrace.cli.options import (
    JsonOption,
    MixOption,
    NoAlignOption,
    output_option,
)
from mixtrace.cli.panels import A_RESULT, HOW_NEAR
from mixtrace.cli.printing import (
    print_comparison,
    print_exported,
    print_notes,
    print_outline,
    print_simplified,
    print_written,
)
from mixtrace.cli.progress import shown_progress
from mixtrace.cli.reuse import apply, diff, transfer
from mixtrace.cli.several import Several
from mixtrace.cli.terminal import json_text

__all__ = ["compare", "export", "render", "report", "show", "simplify"]


@app.command(rich_help_panel=A_RESULT)
def render(
    graph: Annotated[
        str,
        typer.Argument(
            metavar="GRAPH",
            help="A graph.json, or the output folder of a fit.",
            show_default=False,
        ),
    ],
    song: Annotated[
        str,
        typer.Argument(
            metavar="SONG",
            help="The song, or a folder with its tracks alone, named as they were at the fit.",
            show_default=False,
        ),
    ],
    output: Annotated[
        str,
        output_option("FILE", "The WAV file to write."),
    ],
    mix: MixOption = None,
    rate: Annotated[
        int | None,
        typer.Option(
            "--rate",
            metavar="HZ",
            help="The sample rate to render at.",
            show_default="that of the song's mix",
        ),
    ] = None,
    stems: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Also write one file for every track and bus into this folder.",
            show_default=False,
        ),
    ] = None,
    residual: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Also write what the graph does not explain: the song's mix minus the estimate.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Mix dry tracks with a graph that was found, at any sample rate."""
    from mixtrace import verbs

    with shown_progress() as show_step:
        rendering = verbs.render(
            graph,
            song,
            output,
            mix=mix,
            sample_rate_hz=rate,
            stems=stems,
            residual=residual,
            on_progress=show_step,
        )
    print_notes(rendering.notes)
    print_written(rendering.files)


@app.command(rich_help_panel=A_RESULT)
def export(
    result: Annotated[
        str,
        typer.Argument(
            metavar="OUT",
            help="The output folder of a fit, or a graph.json.",
            show_default=False,
        ),
    ],
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="TARGET",
            help="What to write: ardour, reaper, dawproject, pedalboard, stems or files.",
            show_default=False,
        ),
    ],
    output: Annotated[
        str,
        output_option("DIR", "The folder to write, new or empty."),
    ],
    song: Annotated[
        str | None,
        typer.Option(
            metavar="SONG",
            help="The song, or a folder with its tracks alone, named as they were at the fit.",
            show_default="where it was at the fit",
        ),
    ] = None,
    mix: MixOption = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace an earlier export, and what was done to it since."),
    ] = False,
) -> None:
    """Write what was found as a session of another program, to listen to and to go on mixing."""
    from mixtrace import verbs

    with shown_progress() as show_step:
        exported = verbs.export(
            result, to, output, song=song, mix=mix, force=force, on_progress=show_step
        )
    print_exported(exported)


@app.command(rich_help_panel=A_RESULT)
def simplify(
    result: Annotated[
        str,
        typer.Argument(
            metavar="OUT",
            help="The output folder of a fit, or a graph.json; it stays as it is.",
            show_default=False,
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT2",
            help="The folder for the simplified result: the files of a fit, and simplified.json.",
            show_default=False,
        ),
    ],
    song: Annotated[
        str | None,
        typer.Option(metavar="SONG", help="The song.", show_default="where it was at the fit"),
    ] = None,
    mix: MixOption = None,
    most_loss: Annotated[
        float,
        typer.Option(
            metavar="PERCENT",
            help="By how much L_a may rise: where it rises by more, the processor that costs most "
            "stays as it was, then the next.",
        ),
    ] = 5.0,
    fresh: FreshOption = False,
    no_audio: NoAudioOption = False,
    no_page: NoPageOption = False,
) -> None:
    """Turn free curves, one-pole dynamics, 20-tap delays and noise reverbs into ones with dials.

    Each becomes the processor nearest to it that people turn, or stays where none is near; what one
    does as well as two is joined. For results of the published recipe, before they are exported.
    """
    from mixtrace import verbs

    with shown_progress() as show_step:
        simple = verbs.simplify(
            result,
            output,
            song=song,
            mix=mix,
            most_loss=most_loss / 100.0,
            fresh=fresh,
            audio=not no_audio,
            page=not no_page,
            on_progress=show_step,
        )
    print_simplified(simple)


@app.command(rich_help_panel=A_RESULT)
def show(
    path: Annotated[
        str,
        typer.Argument(
            metavar="OUT|SONG",
            help="The output folder of a fit or a capture, a graph.json, or a song.",
            show_default=False,
        ),
    ],
    mix: MixOption = None,
    no_align: NoAlignOption = False,
    as_json: JsonOption = False,
) -> None:
    """Tell in words and small curves what a result says; for a song, what was found and assumed."""
    from mixtrace import verbs

    with shown_progress() as show_step:
        outline = verbs.show(path, mix=mix, align=not no_align, on_progress=show_step)
    if as_json:
        typer.echo(json_text(asdict(outline)))
    else:
        print_outline(outline)


@app.command(rich_help_panel=A_RESULT)
def report(
    folder: Annotated[
        str,
        typer.Argument(
            metavar="OUT", help="The output folder of a fit or a capture.", show_default=False
        ),
    ],
) -> None:
    """Make the page of a result anew, OUT/report.html, from what is stored in OUT alone."""
    from mixtrace import verbs

    print_written([verbs.report(folder)])


@app.command(rich_help_panel=HOW_NEAR)
def compare(
    folders: Annotated[
        list[str],
        typer.Argument(
            metavar="OUT1 OUT2...",
            help="The output folders of fits of one song.",
            show_default=False,
        ),
    ],
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="The page to write.")
    ] = "compare.html",
    as_json: JsonOption = False,
) -> None:
    """Compare several results of one song: a table here, and a page to look at."""
    from mixtrace import verbs

    comparison = verbs.compare(folders, output)
    if as_json:
        typer.echo(json_text(asdict(comparison)))
    else:
        print_comparison(comparison)
        print_written([Path(output)])


app.command(rich_help_panel=HOW_NEAR)(evaluate)
app.command(rich_help_panel=A_RESULT)(diff)
app.command(cls=Several, rich_help_panel=A_RESULT)(apply)
app.command(rich_help_panel=A_RESULT)(transfer)
