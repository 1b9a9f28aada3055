"""The commands and their arguments. What is slow to import is imported by the command that runs."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from mixtrace import __version__
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
    MixOption,
    NoAlignOption,
    SongArgument,
    UnseenOption,
    output_option,
)
from mixtrace.cli.printing import (
    print_captured,
    print_comparisons,
    print_fit,
)
from mixtrace.cli.progress import shown_progress
from mixtrace.cli.terminal import say_wrong
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
_GO_ON = (
    "demo",
    "fit",
    "capture",
    "collect",
    "generate",
    "compare-methods",
    "benchmark",
    "transfer",
    "refine",
    "train-inference",
)
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
        output_option(
            "OUT",
            "The folder for the result: responses/, gains.csv, capture.json, estimate.wav, "
            "residual.wav, metrics.json and report.html.",
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
