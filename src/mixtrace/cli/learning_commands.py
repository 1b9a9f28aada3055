"""Commands that train networks; they join the others by being imported."""

from typing import Annotated

import typer

from mixtrace.cli.commands import app
from mixtrace.cli.corpus_commands import CorpusArgument, DatasetOption
from mixtrace.cli.fit_options import DeviceOption, SeedOption
from mixtrace.cli.options import output_option
from mixtrace.cli.panels import METHODS
from mixtrace.cli.progress import shown_progress
from mixtrace.cli.terminal import shown

__all__ = ["train_inference"]


@app.command(rich_help_panel=METHODS)
def train_inference(
    corpus: CorpusArgument,
    output: Annotated[
        str,
        output_option(
            "WEIGHTS",
            "The folder for the network: network.json, network.safetensors and a checkpoint.",
        ),
    ],
    dataset: DatasetOption = None,
    turns: Annotated[
        int,
        typer.Option(help="How often new mixes are made and trained on; a turn takes a minute."),
    ] = 500,
    pairs: Annotated[int, typer.Option(help="How many mixes are made in a turn.")] = 32,
    engine: Annotated[
        str,
        typer.Option(
            help="What mixes them: mixtrace, or pedalboard or dawdreamer where it is installed."
        ),
    ] = "mixtrace",
    seed: SeedOption = 0,
    device: DeviceOption = "cpu",
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start anew, and replace the network in the folder.")
    ] = False,
) -> None:
    """Train a network to say how a mix was made, on mixes of a corpus's tracks made at random.

    Killed or stopped at any moment and run again, it goes on, and ends with the same weights.
    """
    from mixtrace import verbs
    from mixtrace.learned import PretrainingConfig, Training

    with shown_progress() as show_step:
        learnt = verbs.train_inference(
            corpus,
            output,
            dataset=dataset,
            config=PretrainingConfig(turns, Training(pairs=pairs), engine, seed=seed),
            device=device,
            fresh=fresh,
            on_progress=show_step,
        )
    for sentence in learnt.skipped:
        typer.echo(shown(f"Left out: {sentence}"))
    before, after = learnt.errors
    minutes, seconds = divmod(round(learnt.seconds), 60)
    end = "Stopped; the same command goes on" if learnt.stopped else "Trained"
    typer.echo(
        f"{end}: {learnt.songs - len(learnt.skipped)} of {learnt.songs} songs, the error of the "
        f"numbers went from {before:.3f} to {after:.3f}, {minutes} min {seconds:02d} s."
    )
    typer.echo(shown(str(learnt.folder)))
