"""What each choice of the default recipe is worth: the loss of a real song against time.

    python benchmarks/choices.py [--songs MusicDelta_Reggae ...] [--steps 130]

Every variant changes one choice and fits the full console of preset `studio` from the same seed.
The loss of the whole song is taken after some of the steps; the time it takes is not counted.
Prints a table in Markdown and writes it, with a drawing for each song, to
docs/performance-choices.md. benchmarks/README.md says where songs are looked for.
"""

import argparse
import math
import shlex
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import matplotlib
import torch

from mixtrace.descent import (
    RECIPES,
    Descent,
    Recipe,
    SongWindows,
    Variables,
    draw_batch,
    least_squares_start,
)
from mixtrace.descent import song_loss as loss_of_song
from mixtrace.graph import CONSOLES, build_console
from mixtrace.processors import Settings, processor
from mixtrace.session import Session, read_session

ROOT = Path(__file__).resolve().parents[1]
RATE_HZ = 30_000
LOOKS = 12

_OURS = RECIPES["console"]
_PUBLISHED = RECIPES["published"]


def _objective(**changes) -> Recipe:
    return replace(_OURS, objective=replace(_OURS.objective, **changes))


WITHOUT_ECHOES = "delays start anywhere"

VARIANTS: dict[str, Recipe] = {
    "console": _OURS,
    WITHOUT_ECHOES: _OURS,
    "random start": replace(_OURS, start="random"),
    "windows anywhere": replace(_OURS, windows="uniform"),
    "one rate of .01 for all": replace(_OURS, learning_rate=_PUBLISHED.learning_rate),
    "second moments over 1,000 steps": replace(_OURS, second_moment=0.999),
    "constant rate": replace(_OURS, console_end=1.0),
    "half the rates": replace(_OURS, pace=0.5),
    "one window a step": replace(_OURS, batch=1),
    "transforms that never wrap": _objective(fft_limit_s=None),
    "eq. (4) minimised": _objective(convention="eq4"),
    "no gain staging": _objective(gain_staging=0.0),
    "no parsimony": _objective(parsimony=0.0),
}


@dataclass(frozen=True)
class Curve:
    """The loss of a song after some steps, and the seconds of descent until then."""

    steps: list[int]
    seconds: list[float]
    losses: list[float]

    def seconds_to(self, loss: float) -> str:
        """Return when the loss was first seen at or below a value."""
        reached = [s for s, value in zip(self.seconds, self.losses, strict=True) if value <= loss]
        return f"{reached[0]:.0f} s" if reached else "-"


def forget_echoes(settings: Settings) -> None:
    """Set the delays, in place, to what they are for a track without echoes."""
    generator = torch.Generator().manual_seed(0)
    for spec in processor("twenty_tap_delay").params:
        value = settings.stack("twenty_tap_delay").values[spec.name]
        noise = 0.3 * torch.randn(value.shape, generator=generator)
        value.copy_(spec.physical(spec.init + noise))
    settings.stack("twenty_tap_delay").wet.fill_(0.03)


def run(session: Session, windows: SongWindows, name: str, steps: int) -> Curve:
    """Descend on the full console under a variant, looking at the whole song now and then.

    Every variant sees as many windows: with half as many a step it takes twice the steps.
    """
    recipe = VARIANTS[name]
    steps = steps * _OURS.batch // recipe.batch
    looks = {steps * look // LOOKS for look in range(LOOKS + 1)}
    graph = build_console([(t.name, t.group) for t in session.tracks], CONSOLES["studio"])
    began = time.perf_counter()
    if recipe.start == "random":
        variables = Variables.random(graph, torch.Generator().manual_seed(0))
    else:
        start = least_squares_start(graph, session)
        if name == WITHOUT_ECHOES:
            forget_echoes(start)
        variables = Variables.from_settings(start)
    descent = Descent(graph, variables, windows, recipe)
    spent = time.perf_counter() - began
    curve = Curve([], [], [])
    for step in range(steps + 1):
        if step in looks:
            curve.steps.append(step)
            curve.seconds.append(spent)
            curve.losses.append(loss_of_song(graph, descent.settings, windows)["published"])
        if step == steps:
            break
        began = time.perf_counter()
        fall = 0.5 * (1.0 + math.cos(math.pi * step / steps))
        rate = (recipe.console_end + (1.0 - recipe.console_end) * fall) * min(1.0, (step + 1) / 20)
        descent.step(draw_batch(windows, recipe, 0, step), recipe.objective, rate=rate)
        spent += time.perf_counter() - began
    return curve


def table(song: str, curves: dict[str, Curve]) -> list[str]:
    """Return the rows of a song."""
    best = min(curve.losses[-1] for curve in curves.values())
    mark = 1.1 * best
    lines = [
        f"| {song} | start | half way | at the end | seconds | to {mark:.3f} |",
        "| --- |" + " ---: |" * 5,
    ]
    for name, curve in curves.items():
        losses = curve.losses
        half_way = losses[curve.steps.index(curve.steps[-1] // 2)]
        lines.append(
            f"| {name} | {losses[0]:.3f} | {half_way:.3f} | {losses[-1]:.3f} "
            f"| {curve.seconds[-1]:.0f} | {curve.seconds_to(mark)} |"
        )
    return lines


def draw(song: str, curves: dict[str, Curve], path: Path) -> None:
    """Draw loss against time of every variant."""
    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7.5, 4.5), layout="constrained")
    axes.set_prop_cycle(color=pyplot.colormaps["tab20"].colors)
    for name, curve in curves.items():
        width = 2.5 if name == "console" else 1.2
        axes.plot(curve.seconds, curve.losses, label=name, linewidth=width, marker=".")
    axes.set(xlabel="seconds of descent", ylabel="L_a of the whole song", title=song, yscale="log")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def main() -> None:
    """Run every variant on every song and write the report as it grows."""
    parser = argparse.ArgumentParser(description="What each choice of the recipe is worth.")
    parser.add_argument("--songs", nargs="+", default=["MusicDelta_Reggae", "MusicDelta_Zeppelin"])
    parser.add_argument("--steps", type=int, default=_OURS.console_steps)
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "performance-choices.md")
    given = parser.parse_args()
    command = shlex.join(["python", "benchmarks/choices.py", *sys.argv[1:]])
    lines = ["# What each choice of the recipe is worth", "", f"Made by `{command}`.", ""]
    for song in given.songs:
        session = read_session(ROOT.parent / "shared" / "data" / song, sample_rate_hz=RATE_HZ)
        windows = SongWindows(session)
        curves = {}
        for name in given.variants:
            curves[name] = run(session, windows, name, given.steps)
            print(f"{song} {name}: {curves[name].losses[-1]:.3f}", file=sys.stderr, flush=True)
        picture = given.out.with_name(f"{given.out.stem}-{song}.svg")
        draw(song, curves, picture)
        lines += [*table(song, curves), "", f"![Loss against time]({picture.name})", ""]
        given.out.write_text("\n".join(lines), "utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
