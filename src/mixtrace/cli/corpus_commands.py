"""Commands for many songs; they join the others by being imported."""

import os
from dataclasses import asdict
from typing import Annotated

import typer

from mixtrace.cli.commands import app
from mixtrace.cli.corpus_printing import (
    print_collected,
    print_generated,
    print_index,
    print_stats,
)
from mixtrace.cli.fit_options import (
    NoPruneOption,
    PolicyOption,
    PresetOption,
    RecipeOption,
    SeedOption,
    StepsOption,
    ToleranceOption,
)
from mixtrace.cli.methods import Of, check_no_search, method_of
from mixtrace.cli.options import JsonOption, output_option
from mixtrace.cli.panels import MANY_SONGS
from mixtrace.cli.progress import shown_progress
from mixtrace.cli.terminal import json_text

__all__ = ["collect", "generate", "index", "stats"]

CorpusArgument = Annotated[
    str,
    typer.Argument(
        metavar="CORPUS",
        help="The folder that a data set was unpacked to, or any folder of songs.",
        show_default=False,
    ),
]
DatasetOption = Annotated[
    str | None,
    typer.Option(
        "--dataset",
        metavar="NAME",
        help="Which data set it is: medleydb, mixing-secrets, enst-drums, musdb18-hq, "
        "moisesdb, slakh2100, or tree for folders of songs.",
        show_default="what it looks like",
    ),
]

_SOME_FAILED = 1
"""What the command ends with where all was done and some songs could not be."""


@app.command(rich_help_panel=MANY_SONGS)
def collect(
    corpus: CorpusArgument,
    output: Annotated[
        str,
        output_option(
            "DATASET", "The folder for the data set: tables/*.parquet, songs/ and a card."
        ),
    ],
    dataset: DatasetOption = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Songs at once, a process and a core each, as far as memory allows.",
            show_default="the cores of this machine",
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            min=0.01, help="Minutes that one song may take.", show_default="as long as it takes"
        ),
    ] = None,
    memory: Annotated[
        float | None,
        typer.Option(
            "--memory",
            metavar="GB",
            min=0.1,
            help="Gigabytes that one song may hold.",
            show_default="what there is",
        ),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Have the machines of a Ray cluster work instead of this one; local begins one "
            "here. All must see CORPUS and DATASET at the same paths.",
            show_default=False,
        ),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="I/N",
            help="Do only every N-th song, from the I-th: one of N such commands, on machines that "
            "share DATASET. The last to end writes the tables.",
            show_default=False,
        ),
    ] = None,
    audio: Annotated[
        bool, typer.Option("--audio", help="Keep the estimate of each song as audio.")
    ] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Do the songs once more that failed.")
    ] = False,
    mix_versions: Annotated[
        bool,
        typer.Option(
            "--mix-versions", help="Let songs stay that another version of mixtrace found."
        ),
    ] = False,
    truth: Annotated[
        bool,
        typer.Option(
            "--truth",
            help="Take the graphs that are stored beside the songs, as mixtrace generate does it, "
            "instead of finding any; no audio is read.",
        ),
    ] = False,
    recipe: RecipeOption = None,
    preset: PresetOption = None,
    policy: PolicyOption = None,
    tolerance: ToleranceOption = None,
    steps: StepsOption = None,
    seed: SeedOption = 0,
    no_prune: NoPruneOption = False,
) -> None:
    """Find the graph of every song of a corpus, and write them as a data set.

    Killed or stopped at any moment and run again, it goes on: finished songs are not repeated. A
    song whose process dies is tried again; one with an error in its files is listed at the end.
    """
    from mixtrace import verbs

    part = None if shard is None else verbs.Shard.parse(shard)
    limits = verbs.Limits(workers or os.cpu_count() or 1, minutes and 60.0 * minutes, memory, ray)
    published = Of(preset, "none" if no_prune else policy, tolerance)
    if truth:
        searched = published.given or (recipe, steps, seed) != (None, None, 0)
        limited = (workers, minutes, memory, ray) != (None, None, None, None)
        check_no_search(searched=searched or limited or audio)
    with shown_progress() as show_step:
        common = {"dataset": dataset, "shard": part, "retry": retry, "mix_versions": mix_versions}
        common["on_progress"] = show_step
        if truth:
            collected = verbs.collect_truths(corpus, output, **common)
        else:
            method = method_of(recipe, published, steps, seed)
            collected = verbs.collect(
                corpus, output, method=method, crew=limits.crew, audio=audio, **common
            )
    print_collected(collected)
    if collected.failed:
        raise typer.Exit(_SOME_FAILED)


@app.command(rich_help_panel=MANY_SONGS)
def generate(
    output: Annotated[
        str,
        output_option("CORPUS", "The folder for the songs: 0001/, 0002/ and so on."),
    ],
    songs: Annotated[
        int, typer.Option("-n", "--songs", metavar="N", help="How many.", show_default=False)
    ],
    seed: Annotated[int, typer.Option(help="The same seed gives the same songs.")] = 0,
    seconds: Annotated[float, typer.Option(help="How long each song is.")] = 30.0,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Songs at once, a process and a core each.",
            show_default="the cores of this machine",
        ),
    ] = None,
) -> None:
    """Make songs by code, each mixed by a graph that is stored beside it in truth/.

    The same seed gives the same songs, to the bit, however many are asked for. Killed or stopped at
    any moment and run again, it goes on; a larger N adds songs.
    """
    from mixtrace import verbs

    with shown_progress() as show_step:
        generated = verbs.generate(
            output,
            songs,
            seed=seed,
            seconds=seconds,
            workers=(os.cpu_count() or 1) if workers is None else workers,
            on_progress=show_step,
        )
    print_generated(generated)


@app.command(rich_help_panel=MANY_SONGS)
def index(
    corpus: CorpusArgument,
    dataset: DatasetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what a corpus of songs and mixes holds: songs, tracks, minutes, and what is wrong."""
    from mixtrace import verbs

    with shown_progress() as show_step:
        found = verbs.index(corpus, dataset, on_progress=show_step)
    if as_json:
        typer.echo(json_text(asdict(found)))
    else:
        print_index(found)


@app.command(rich_help_panel=MANY_SONGS)
def stats(
    dataset: Annotated[
        str,
        typer.Argument(
            metavar="DATASET",
            help="The folder of a data set that mixtrace collect wrote.",
            show_default=False,
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FOLDER",
            help="The folder for stats.html and the tables as CSV; earlier statistics there are "
            "replaced.",
            show_default="stats in DATASET",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Describe a data set: sizes, what is kept, settings by instrument, match, correlations."""
    from mixtrace import verbs

    with shown_progress() as show_step:
        found = verbs.stats(dataset, output, on_progress=show_step)
    if as_json:
        typer.echo(json_text(found.document()))
    else:
        print_stats(found)
