"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = [
    "UNSEEN",
    "ForceOption",
    "JsonOption",
    "MixOption",
    "NoAlignOption",
    "SongArgument",
    "UnseenOption",
    "output_option",
]

UNSEEN = "end:PERCENT|blocks:PERCENT"


def output_option(metavar: str, words: str) -> Any:
    """Return `-o`, which says where a command writes; it has no default.

    Args:
        metavar: what is given, such as OUT.
        words: what comes to lie there.
    """
    return typer.Option("-o", "--output", metavar=metavar, help=words, show_default=False)


SongArgument = Annotated[
    str,
    typer.Argument(
        metavar="SONG",
        help="The song: a folder with tracks/ and a mix, a folder of loose files one of which is "
        "called mix, a ZIP of either, a session.toml, a .stem.mp4, or a MedleyDB song folder.",
        show_default=False,
    ),
]
MixOption = Annotated[
    Path | None,
    typer.Option(
        "--mix",
        metavar="FILE",
        help="The mix's file, where its name does not tell it.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print everything as one JSON document.")]
NoAlignOption = Annotated[
    bool,
    typer.Option(
        "--no-align",
        help="Leave every track where its file starts, instead of measuring how it lies in the "
        "mix.",
    ),
]
UnseenOption = Annotated[
    str | None,
    typer.Option(
        "--unseen",
        metavar=UNSEEN,
        help="Hold out the end of the song, or blocks spread over it, and tell how well the result "
        "matches there: what was learnt by heart does not. Try end:40.",
        show_default=False,
    ),
]

ForceOption = Annotated[
    bool, typer.Option("--force", help="Use every track, also those not heard in the mix.")
]
