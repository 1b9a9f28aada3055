"""The command that refines a result for plug-ins; it joins the others by being imported."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.text import Text

from mixtrace.cli.commands import app
from mixtrace.cli.fit_options import FreshOption, NoAudioOption, NoPageOption
from mixtrace.cli.options import MixOption
from mixtrace.cli.panels import A_RESULT
from mixtrace.cli.printing import print_place
from mixtrace.cli.progress import shown_progress
from mixtrace.cli.tables import plain_table, standard_output
from mixtrace.cli.terminal import say_wrong

if TYPE_CHECKING:
    from mixtrace.verbs import Turned

__all__ = ["refine"]


@app.command(rich_help_panel=A_RESULT)
def refine(
    result: Annotated[
        str,
        typer.Argument(
            metavar="OUT",
            help="The output folder of a fit; it stays as it is.",
            show_default=False,
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT2",
            help="The folder for the refined result: the files of a fit, and refined.json.",
            show_default=False,
        ),
    ],
    engine: Annotated[
        Literal["pedalboard", "lv2"],
        typer.Option(help="Whose plug-ins the settings are refined for: lv2 are those of LSP."),
    ] = "pedalboard",
    search: Annotated[
        Literal["spsa", "cma"],
        typer.Option(help="How to search without gradients: SPSA, or CMA-ES of the package cma."),
    ] = "spsa",
    evaluations: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="How often the plug-ins are asked; each takes about a second, with lv2 several.",
        ),
    ] = 300,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same settings.")] = 0,
    song: Annotated[
        str | None,
        typer.Option(metavar="SONG", help="The song.", show_default="where it was at the fit"),
    ] = None,
    mix: MixOption = None,
    fresh: FreshOption = False,
    no_audio: NoAudioOption = False,
    no_page: NoPageOption = False,
) -> None:
    """Move the settings of OUT until real plug-ins match the mix: for OUT2 to be exported to them.

    What plug-ins make of a result differs from what mixtrace makes of it. The plug-ins are played,
    compared with the mix, and played again with other settings.
    """
    from mixtrace import verbs

    with shown_progress() as show_step:
        turned = verbs.refine(
            result,
            output,
            engine=engine,
            search=search,
            evaluations=evaluations,
            seed=seed,
            song=song,
            mix=mix,
            fresh=fresh,
            audio=not no_audio,
            page=not no_page,
            on_progress=show_step,
        )
    _print_refined(turned)


def _print_refined(turned: "Turned") -> None:
    """Print L_a of the plug-ins before and after, and where the files are."""
    from mixtrace.reporting import refined_rows, refined_sentence

    console = standard_output()
    table = plain_table("L_a", "windows searched", "whole song")
    for row in refined_rows(turned.refinement):
        table.add_row(*map(Text, row))
    console.print(table)
    console.print(Text(refined_sentence(turned.refinement)))
    for warning in turned.warnings:
        console.print(Text(f"Warning: {warning}", style="yellow"))
    if turned.ended == "stopped":
        console.print("Stopped early: this is the best so far. Run the same command to go on.")
    if turned.lacking:
        say_wrong(turned.lacking)
    audio = ", mix.wav" if (turned.folder / "mix.wav").is_file() else ""
    print_place(turned.folder, f"graph.json{audio}", turned.lacking, console)
