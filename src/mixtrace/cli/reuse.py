"""The commands that use what was found, or what others mixed: `diff`, `apply`, `transfer`."""

from pathlib import Path
from typing import Annotated

import typer

from mixtrace.cli.fit_options import (
    FreshOption,
    NoAudioOption,
    NoPageOption,
    OutputOption,
    SeedOption,
)
from mixtrace.cli.options import JsonOption, MixOption, NoAlignOption, output_option
from mixtrace.cli.printing import print_written
from mixtrace.cli.progress import shown_progress
from mixtrace.cli.reuse_printing import print_applied, print_difference, print_transfer
from mixtrace.cli.terminal import json_text

__all__ = ["apply", "diff", "transfer"]


def diff(
    before: Annotated[
        str,
        typer.Argument(
            metavar="A", help="The output folder of a fit, or a graph.json.", show_default=False
        ),
    ],
    after: Annotated[
        str,
        typer.Argument(metavar="B", help="Another one, to compare with A.", show_default=False),
    ],
    output: Annotated[
        str | None,
        output_option("FILE", "Also write a page of it, such as diff.html."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what changed from result A to result B, processor by processor, in words and numbers.

    Settings that differ by less than is known are counted, not told.
    """
    from mixtrace import verbs

    difference = verbs.diff(before, after, output)
    if as_json:
        typer.echo(json_text(difference.document()))
    else:
        print_difference(difference)
        print_written([] if output is None else [Path(output)])


def apply(
    result: Annotated[
        str,
        typer.Argument(
            metavar="RESULT",
            help="The output folder of a fit, or a graph.json.",
            show_default=False,
        ),
    ],
    song: Annotated[
        str,
        typer.Argument(
            metavar="SONG",
            help="Another song or take: as for fit, or a folder with its tracks alone.",
            show_default=False,
        ),
    ],
    output: OutputOption,
    mix: MixOption = None,
    amount: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[STRIP/]WORD=PERCENT...",
            help="How much of what: eq=50% dynamics=0 reverb=120% lead/eq=50%. A word is a family "
            "(tone, dynamics, colour, place, space, ride), a processor's kind, a word of its name "
            "(eq, compressor, gate, reverb, delay, send, fader) or all; 0 takes it out.",
            show_default=False,
        ),
    ] = None,
    map_: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="NEW=OLD...",
            help="Which track of SONG gets the settings of which track of RESULT, where names do "
            "not tell it.",
            show_default=False,
        ),
    ] = None,
    keep_rides: Annotated[
        bool,
        typer.Option(
            "--keep-rides", help="Keep automation: SONG is a take of the same length as RESULT's."
        ),
    ] = False,
    no_align: NoAlignOption = False,
    fresh: FreshOption = False,
    no_audio: NoAudioOption = False,
    no_page: NoPageOption = False,
) -> None:
    """Put the settings of RESULT on the tracks of another song, and write that as a result.

    Tracks are matched by name, then by what they are. Thresholds move with the levels.
    """
    from mixtrace import verbs
    from mixtrace.reusing import parse_amounts, parse_map

    with shown_progress() as show_step:
        applied = verbs.apply(
            result,
            song,
            output,
            mix=mix,
            amounts=parse_amounts(amount or ()),
            tracks=parse_map(map_ or ()),
            keep_rides=keep_rides,
            align=not no_align,
            fresh=fresh,
            audio=not no_audio,
            page=not no_page,
            on_progress=show_step,
        )
    print_applied(applied)


def transfer(
    song: Annotated[
        str,
        typer.Argument(
            metavar="SONG",
            help="As for fit, or a folder with its tracks alone; its own mix tells where tracks "
            "start, no more.",
            show_default=False,
        ),
    ],
    reference: Annotated[
        str,
        typer.Option(metavar="FILE", help="The mix of another song.", show_default=False),
    ],
    output: OutputOption,
    mix: MixOption = None,
    steps: Annotated[
        int, typer.Option(min=1, help="Steps of the search; fewer are faster and rougher.")
    ] = 100,
    loudness: Annotated[
        float, typer.Option(metavar="LUFS", help="How loud the result and the reference are made.")
    ] = -16.0,
    seed: SeedOption = 0,
    no_align: NoAlignOption = False,
    fresh: FreshOption = False,
    no_audio: NoAudioOption = False,
    no_page: NoPageOption = False,
) -> None:
    """Mix the tracks of SONG so that they sound like another song: levels, width, place, tone.

    EQ, compressor, fader and pan pot of each track and of the master are turned until the features
    of both are alike; what no feature misses leaves again.
    """
    from mixtrace import verbs
    from mixtrace.transferring import TransferConfig

    with shown_progress() as show_step:
        found = verbs.transfer(
            song,
            reference,
            output,
            mix=mix,
            config=TransferConfig(steps=steps, loudness_lufs=loudness, seed=seed),
            align=not no_align,
            fresh=fresh,
            audio=not no_audio,
            page=not no_page,
            on_progress=show_step,
        )
    print_transfer(found)
