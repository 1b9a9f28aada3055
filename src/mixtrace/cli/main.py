"""The way in: a user's mistake ends with one sentence and exit code 2, never with a traceback."""

import os
import sys

from mixtrace.cli.commands import app
from mixtrace.errors import MixtraceError

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    try:
        app(prog_name="mixtrace")
    except MixtraceError as error:
        _fail(str(error))
    except BrokenPipeError:
        # Whoever read the output has enough; Python would complain once more when it closes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        where = error.filename or "a file"
        _fail(f"Expected to read or write {where}; it failed: {error.strerror or error}.")


def _fail(message: str) -> None:
    """Print a sentence, without what a stranger's file name could do to a terminal."""
    plain = "".join(c if c.isprintable() else "?" for c in message)
    sys.stderr.write(f"Error: {plain}\n")
    sys.exit(2)
