"""The commands and their arguments. What is slow to import is imported by the command that runs."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from mixtrace import __version__
from mixtrace.cli.evaluating import evaluate
from mixtrace.cli.fit_options import (
    DeviceOption,
    FreshOption,
    MemoryOption,
    NoAudioOption,
    NoPageOption,
    NoPruneOption,
    OutputOption,
    PolicyOption,
    PresetOption,
    RecipeOption,
    RunsOption,
    SeedOption,
    StepsOption,
    ToleranceOption,
)
from mixtrace.cli.methods import Of, method_of
from mixtrace.cli.options import (
    ForceOption,
    JsonOption,
    MixOption,
    NoAlignOption,
    SongArgument,
    UnseenOption,
)
from mixtrace.cli.printing import (
    print_captured,
    print_comparison,
    print_comparisons,
    print_exported,
    print_fit,
    print_outline,
    print_simplified,
    print_written,
)
from mixtrace.cli.progress import shown_progress
from mixtrace.cli.reuse import apply, diff, transfer
from mixtrace.cli.several import Several
from mixtrace.cli.terminal import json_text, say_wrong
from mixtrace.stopping import exit_code, signals_heard

__all__ = ["app"]


class _Stoppable(TyperGroup):
    """The commands, which a signal ends with one sentence."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was chosen; before it begins nothing is at stake."""
        with signals_heard():
            try:
                return super().invoke(ctx)
            except KeyboardInterrupt:
                goes_on = ctx.invoked_subcommand in _GO_ON
                say_wrong(f"{_STOPPED} {_ON_OR_ANEW}" if goes_on else _STOPPED)
                raise typer.Exit(exit_code()) from None


_STOPPED = "Stopped; nothing is half-written."
_GO_ON = ("demo", "fit", "capture", "collect", "generate", "compare-methods", "benchmark")
_ON_OR_ANEW = (
    "Run the same command to go on from its checkpoint, or to begin anew where it has none yet."
)

app = typer.Typer(
    cls=_Stoppable,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Find out how a mix was made: dry tracks and a mix in, the processors and their settings "
    "out.",
    epilog="Start with: mixtrace fit SONG -o OUT, then: mixtrace show OUT",
)


@app.callback(invoke_without_command=True)
def options(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Handle what stands before a command."""
    if version:
        typer.echo(f"mixtrace {__version__}")
        raise typer.Exit


@app.command()
def demo(
    output: Annotated[
        str,
        typer.Option("-o", "--output", metavar="OUT", help="The folder for song/ and fit/."),
    ] = "demo-out",
    fresh: Annotated[bool, typer.Option("--fresh", help="Start anew.")] = False,
) -> None:
    """Fit a song made by code, and print what was planted beside what was found.

    Takes a few minutes on two cores and needs no files. What is told of both is measured where a
    track plays alone, or the tracks of a bus: other settings may do the same.
    """
    from mixtrace import verbs

    with shown_progress() as show_step:
        shown = verbs.demo(output, fresh=fresh, on_progress=show_step)
    print_comparisons(shown.comparisons)
    print_fit(shown.found)
    if shown.found.inversion.ended == "stopped":
        raise typer.Exit(exit_code())


@app.command()
def fit(
    song: SongArgument,
    output: OutputOption,
    mix: MixOption = None,
    recipe: RecipeOption = None,
    preset: PresetOption = None,
    policy: PolicyOption = None,
    tolerance: ToleranceOption = None,
    steps: StepsOption = None,
    seed: SeedOption = 0,
    runs: RunsOption = 1,
    no_align: NoAlignOption = False,
    unseen: UnseenOption = None,
    no_prune: NoPruneOption = False,
    device: DeviceOption = "cpu",
    fresh: FreshOption = False,
    force: ForceOption = False,
    no_audio: NoAudioOption = False,
    no_page: NoPageOption = False,
    memory: MemoryOption = None,
) -> None:
    """Find the graph that made a mix: which processors sit on which track, bus and master.

    Ctrl-C stops early and keeps the best so far: with --runs the best run that ended, or the one
    under way where none has. A fit that was stopped or killed goes on where it was when the same
    command is run again.
    """
    from mixtrace import verbs

    published = Of(preset, "none" if no_prune else policy, tolerance)
    method = method_of(recipe, published, steps, seed)
    with shown_progress() as show_step:
        found = verbs.fit(
            song,
            output,
            mix=mix,
            method=method,
            runs=runs,
            align=not no_align,
            unseen=unseen,
            device=device,
            fresh=fresh,
            force=force,
            audio=not no_audio,
            page=not no_page,
            memory_gb=memory,
            on_progress=show_step,
        )
    print_fit(found)
    if found.inversion.ended == "stopped":
        raise typer.Exit(exit_code())


@app.command()
def capture(
    song: SongArgument,
    output: Annotated[
        str,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="The folder for the result: responses/, gains.csv, capture.json, estimate.wav, "
            "residual.wav, metrics.json and report.html.",
            show_default=False,
        ),
    ],
    mix: MixOption = None,
    no_align: NoAlignOption = False,
    unseen: UnseenOption = None,
    fresh: Annotated[
        bool,
        typer.Option(
            "--fresh", help="Start anew, and replace what another capture has left in the folder."
        ),
    ] = False,
    force: ForceOption = False,
) -> None:
    """Read by least squares what was done to each track: its impulse response and its gain.

    Takes seconds, not minutes. The responses are WAV files that a convolution reverb loads. A
    capture that was stopped or killed goes on where it was when the same command is run again.
    """
    from mixtrace import verbs

    with shown_progress() as show_step:
        captured = verbs.capture(
            song,
            output,
            mix=mix,
            align=not no_align,
            unseen=unseen,
            fresh=fresh,
            force=force,
            on_progress=show_step,
        )
    print_captured(captured)


@app.command()
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
        typer.Option(
            "-o", "--output", metavar="FILE", help="The WAV file to write.", show_default=False
        ),
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
    print_written(rendering.files)


@app.command()
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
        typer.Option(
            "-o",
            "--output",
            metavar="DIR",
            help="The folder to write, new or empty.",
            show_default=False,
        ),
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


app.command()(evaluate)
app.command()(diff)
app.command(cls=Several)(apply)
app.command()(transfer)
