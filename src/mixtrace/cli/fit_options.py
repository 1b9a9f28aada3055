"""Options that `fit` alone has."""

from typing import Annotated, Literal

import typer

from mixtrace.cli.options import output_option

__all__ = [
    "DeviceOption",
    "FreshOption",
    "MemoryOption",
    "NoAudioOption",
    "NoPageOption",
    "NoPruneOption",
    "OutputOption",
    "PolicyOption",
    "PresetOption",
    "RecipeOption",
    "RunsOption",
    "SeedOption",
    "StepsOption",
    "ToleranceOption",
]

OutputOption = Annotated[
    str,
    output_option(
        "OUT",
        "The folder for the result: graph.json, params.safetensors, mix.wav (the "
        "estimate), metrics.json, fit.json, report.html and a checkpoint.",
    ),
]
RecipeOption = Annotated[
    Literal["recovery", "published"] | None,
    typer.Option(
        help="How to find the graph: read the mix, then refine what was read (recovery), or "
        "as the paper does, descend on a full console and prune it, which takes days on a CPU "
        "(published).",
        show_default="recovery; published with --preset, --policy, --tolerance or --no-prune",
    ),
]
PresetOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The console that the published search begins with: paper.",
        show_default="paper",
    ),
]
PolicyOption = Annotated[
    Literal["hybrid", "brute-force", "dry-wet"] | None,
    typer.Option(
        help="How the published search tries processors for removal: every one alone "
        "(brute-force), those with the least weight (dry-wet), or both in turn (hybrid).",
        show_default="hybrid",
    ),
]
ToleranceOption = Annotated[
    float | None,
    typer.Option(
        help="How much worse than the full console (in L_a) the result of the published "
        "search may be; more removes more processors.",
        show_default="0.01",
    ),
]
StepsOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Steps of the descent; fewer are faster and rougher.",
        show_default="the recipe's",
    ),
]
SeedOption = Annotated[int, typer.Option(help="The same seed gives the same result.")]
RunsOption = Annotated[
    int,
    typer.Option(
        metavar="N",
        help="Repeat the search from this many seeds, SEED and those after it, keep the best "
        "result, and tell what all of them agree on. Takes up to N times as long.",
    ),
]
NoPruneOption = Annotated[
    bool,
    typer.Option(
        "--no-prune", help="Let the published search keep the full console, and prune nothing."
    ),
]
DeviceOption = Annotated[str, typer.Option(help="Where to search: cpu or cuda.")]
FreshOption = Annotated[
    bool,
    typer.Option(
        "--fresh", help="Start anew, and replace what another fit has left in the folder."
    ),
]
NoAudioOption = Annotated[
    bool,
    typer.Option("--no-audio", help="Write no audio: neither mix.wav nor what the page plays."),
]
NoPageOption = Annotated[
    bool, typer.Option("--no-page", help="Make no report.html, and measure nothing for it.")
]
MemoryOption = Annotated[
    float | None,
    typer.Option(
        metavar="GB",
        help="How much of the song may be kept in spectra beside its audio; less is slower.",
        show_default="1.5",
    ),
]
