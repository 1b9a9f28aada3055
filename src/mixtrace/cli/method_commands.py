"""Commands that compare ways to invert a mix; they join the others by being imported."""

from typing import Annotated

import typer

from mixtrace.cli.commands import app
from mixtrace.cli.corpus_commands import CorpusArgument, DatasetOption
from mixtrace.cli.method_printing import print_benchmark, print_compared
from mixtrace.cli.options import (
    ForceOption,
    MixOption,
    NoAlignOption,
    SongArgument,
    UnseenOption,
    output_option,
)
from mixtrace.cli.panels import METHODS
from mixtrace.cli.progress import shown_progress

__all__ = ["benchmark", "compare_methods"]

MethodsOption = Annotated[
    str | None,
    typer.Option(
        "--methods",
        metavar="A,B,...",
        help="Which methods, such as sum,random,mixtrace; a name that is none tells all there are.",
        show_default="all but ablations, and published, which takes days on a CPU",
    ),
]
NoPagesOption = Annotated[
    bool,
    typer.Option("--no-page", help="Make no pages, and keep nothing to listen to on them."),
]
RetryOption = Annotated[bool, typer.Option("--retry", help="Try methods once more that failed.")]

_SOME_FAILED = 1
"""What a command ends with where all was done and some methods came to no result."""


@app.command(rich_help_panel=METHODS)
def compare_methods(
    song: SongArgument,
    output: Annotated[
        str,
        output_option(
            "OUT",
            "The folder: a result for each method, comparison.json, table.md, table.csv and "
            "index.html.",
        ),
    ],
    methods: MethodsOption = None,
    mix: MixOption = None,
    unseen: UnseenOption = None,
    no_align: NoAlignOption = False,
    force: ForceOption = False,
    no_page: NoPagesOption = False,
    retry: RetryOption = False,
) -> None:
    """Invert one mix in several ways, and compare what they find: a table, and a page to listen.

    Each method runs alone, in a process of its own. Killed or stopped at any moment and run again,
    it goes on: what has ended is not repeated. Name more methods to add them.
    """
    from mixtrace import verbs

    with shown_progress() as show_step:
        compared = verbs.compare_methods(
            song,
            output,
            mix=mix,
            methods=_names(methods),
            unseen=unseen,
            align=not no_align,
            force=force,
            page=not no_page,
            retry=retry,
            on_progress=show_step,
        )
    print_compared(compared)
    if compared.failed:
        raise typer.Exit(_SOME_FAILED)


@app.command(rich_help_panel=METHODS)
def benchmark(
    corpus: CorpusArgument,
    output: Annotated[
        str,
        output_option(
            "OUT",
            "The folder: songs/ with a comparison of each, benchmark.json, table.md, "
            "table.csv and index.html.",
        ),
    ],
    methods: MethodsOption = None,
    dataset: DatasetOption = None,
    unseen: UnseenOption = None,
    no_page: NoPagesOption = False,
    retry: RetryOption = False,
) -> None:
    """Invert every mix of a corpus in several ways, and tell the means over all songs.

    Published figures stand beside them. Killed or stopped at any moment and run again, it goes on:
    what has ended is not repeated. A song that cannot be used is told at the end.
    """
    from mixtrace import verbs

    with shown_progress() as show_step:
        found = verbs.benchmark(
            corpus,
            output,
            dataset=dataset,
            methods=_names(methods),
            unseen=unseen,
            page=not no_page,
            retry=retry,
            on_progress=show_step,
        )
    print_benchmark(found)
    if found.failed:
        raise typer.Exit(_SOME_FAILED)


def _names(methods: str | None) -> list[str] | None:
    """Return the names of a list with commas.

    >>> _names("sum, mixtrace")
    ['sum', 'mixtrace']
    """
    if methods is None:
        return None
    return [name.strip() for name in methods.split(",") if name.strip()]
