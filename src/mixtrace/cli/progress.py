"""Progress on standard error: a bar in a terminal, a line a stage anywhere else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from mixtrace.cli.terminal import ShownConsole
from mixtrace.stopping import check

if TYPE_CHECKING:
    from mixtrace.progress import Progress as Step

__all__ = ["shown_progress"]


@contextmanager
def shown_progress() -> "Iterator[Callable[[Step], None]]":
    """Yield a function that shows where a verb is, until the block ends.

    It is also where a signal is obeyed that was swallowed on its way, as in a compiler's callback.
    """
    console = ShownConsole(stderr=True, highlight=False)
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (
        TextColumn("{task.description:<12}", markup=False),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[facts]}", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting", total=None, facts="")

        def show(step: "Step") -> None:
            check()
            progress.update(
                task,
                description=step.stage,
                completed=step.done,
                total=step.total or None,
                facts=_facts(step),
            )

        yield show


class _Lines:
    """Prints a line where a stage begins."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._stage = ""

    def __call__(self, step: "Step") -> None:
        check()
        if step.stage != self._stage:
            self._stage = step.stage
            line = ", ".join(part for part in (step.stage, _facts(step)) if part)
            self._console.print(line, markup=False, emoji=False)


def _facts(step: "Step") -> str:
    """Return the loss and the time left, as far as they are known.

    >>> from types import SimpleNamespace
    >>> _facts(SimpleNamespace(loss=0.51234, seconds_left=272.0, measure="L_a"))
    'L_a 0.512, 4:32 left'
    """
    words = [] if step.loss is None else [f"{step.measure} {step.loss:.3f}"]
    if step.seconds_left is not None:
        minutes, seconds = divmod(round(step.seconds_left), 60)
        words.append(f"{minutes}:{seconds:02d} left")
    return ", ".join(words)
