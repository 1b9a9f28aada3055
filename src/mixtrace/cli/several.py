"""Options that take several values, one after another: `--amount eq=50% dynamics=0`."""

from collections.abc import Iterator, Sequence
from typing import Any

from typer.core import TyperCommand

__all__ = ["Several", "several"]

_OPTIONS = ("--amount", "--map")


class Several(TyperCommand):
    """A command some of whose options may be given once for several values."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments, such options once for each value."""
        return super().parse_args(ctx, list(several(args)))


def several(arguments: Sequence[str]) -> Iterator[str]:
    """Yield arguments with each value after its option: what holds an equals sign is a value.

    >>> list(several(["--amount", "eq=50%", "reverb=0", "OUT"]))
    ['--amount', 'eq=50%', '--amount', 'reverb=0', 'OUT']
    """
    option, first = "", False
    for argument in arguments:
        if argument in _OPTIONS:
            option, first = argument, True
        elif first:
            first = False
        elif option and "=" in argument and not argument.startswith("-"):
            yield option
        else:
            option = ""
        yield argument
