"""The command that measures how well mixes match."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mixtrace.cli.feature_printing import print_evaluated, print_features, print_perceptual
from mixtrace.cli.options import UNSEEN, JsonOption
from mixtrace.cli.printing import print_measures, print_written
from mixtrace.cli.progress import shown_progress
from mixtrace.cli.terminal import json_text

__all__ = ["evaluate"]


def evaluate(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET", help="The mix to match, or a folder of mixes.", show_default=False
        ),
    ],
    estimate: Annotated[
        str,
        typer.Argument(
            metavar="ESTIMATE",
            help="The attempt, or a folder of attempts named as their targets.",
            show_default=False,
        ),
    ],
    unseen: Annotated[
        str | None,
        typer.Option(
            "--unseen",
            metavar=UNSEEN,
            help="Also measure this part of the song and the rest apart, as fit --unseen does.",
            show_default=False,
        ),
    ] = None,
    features: Annotated[
        bool, typer.Option("--features", help="Print every feature of both mixes.")
    ] = False,
    perceptual: Annotated[
        bool,
        typer.Option(
            "--perceptual",
            help="Also ask models of hearing: PESQ, STOI and ViSQOL, as far as they are installed.",
        ),
    ] = False,
    table: Annotated[
        str | None,
        typer.Option(
            "--csv",
            metavar="FILE",
            help="With two folders: also write all numbers of each pair into this file.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how well one mix matches another, or all mixes of a folder those of another.

    The loss L_a and its parts, MAE, MRSD, SI-SDR, levels, and how far the features of loudness,
    spectrum, panning and dynamics are off.
    """
    from mixtrace import verbs

    folders = [path for path in (target, estimate) if path and Path(path).is_dir()]
    if len(folders) == 1:
        raise typer.BadParameter(
            f"Expected two files or two folders; only {folders[0]} is a folder. Give two of a kind."
        )
    if folders:
        if features:
            raise typer.BadParameter("It takes two files.", param_hint="--features")
        with shown_progress() as show_step:
            found = verbs.evaluate_folders(
                target,
                estimate,
                unseen=unseen,
                perceptual=perceptual,
                table=table,
                on_progress=show_step,
            )
        if as_json:
            typer.echo(json_text({**asdict(found), "means": found.means()}))
        else:
            print_evaluated(found)
            print_written([] if table is None else [Path(table)])
        return
    if table is not None:
        raise typer.BadParameter("It takes two folders.", param_hint="--csv")
    measures = verbs.evaluate(target, estimate, unseen=unseen, perceptual=perceptual)
    if as_json:
        typer.echo(json_text(asdict(measures)))
        return
    print_measures(measures)
    if measures.perceptual is not None:
        print_perceptual(measures.perceptual)
    print_features(measures.features, each=features)
