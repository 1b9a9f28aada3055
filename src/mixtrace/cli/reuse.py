"""The commands that use results again: `diff` and `apply`."""

from pathlib import Path
from typing import Annotated

import typer

from mixtrace.cli.fit_options import FreshOption, NoAudioOption, NoPageOption, OutputOption
from mixtrace.cli.options import JsonOption, MixOption, NoAlignOption
from mixtrace.cli.printing import print_applied, print_difference, print_written
from mixtrace.cli.progress import shown_progress
from mixtrace.cli.terminal import json_text

__all__ = ["apply", "diff"]


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
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Also write a page of it, such as diff.html.",
            show_default=False,
        ),
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
