"""The way in: a user's mistake ends with one sentence and exit code 2, never with a traceback."""

import os
import signal
import sys
from contextlib import suppress
from typing import Any, NoReturn

import typer

from mixtrace.cli import (
    corpus_commands,
    learning_commands,
    listening_commands,
    method_commands,
    refine_commands,
    result_commands,
)
from mixtrace.cli.commands import app
from mixtrace.cli.terminal import keep_output_apart, say_wrong, shown
from mixtrace.errors import MixtraceError
from mixtrace.stopping import exit_code

__all__ = ["main"]

_JOINED = (
    corpus_commands,
    learning_commands,
    listening_commands,
    method_commands,
    refine_commands,
    result_commands,
)
"""Rooms of commands beside `commands`: importing them adds theirs to the app."""

_Mistyped: Any = typer.BadParameter.__base__  # click's UsageError, which typer does not name


def main() -> None:
    """Run the command line."""
    keep_output_apart()
    try:
        try:
            code = app(prog_name="mixtrace", standalone_mode=False)
        finally:
            # All is done: Ctrl-C from here on ends Python, and leaves no traceback of that.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            sys.stdout.flush()
    except _Mistyped as error:  # it repeats what was typed, or what a shell put there
        error.message = shown(error.message)
        error.show()
        sys.exit(error.exit_code)
    except (typer.Abort, KeyboardInterrupt):  # before a command had begun
        sys.exit(exit_code())
    except MixtraceError as error:
        _fail(f"Error: {error}")
    except BrokenPipeError:  # whoever read the output has enough
        _drop_output()
        sys.exit(1)
    except UnicodeEncodeError as error:
        near = error.object[max(0, error.start - 20) : error.end + 20]
        _fail(
            f"Expected names that can be written as {error.encoding}; {near!a} cannot. "
            "Rename that file or folder."
        )
    except OSError as error:
        if error.filename is None:
            _drop_output()
        where = error.filename or "standard output or a file"
        _fail(f"Error: Expected to read or write {where}; it failed: {error.strerror or error}.")
    sys.exit(code)


def _drop_output() -> None:
    """Have what is left to print vanish; Python would complain once more when it ends."""
    with suppress(OSError, ValueError):  # a stand-in of a test has no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(sentence: str) -> NoReturn:
    say_wrong(sentence)
    sys.exit(2)
