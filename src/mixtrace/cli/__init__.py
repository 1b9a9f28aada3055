"""The command `mixtrace`: arguments in, words out."""

from mixtrace.cli.main import main

__all__ = ["main"]
