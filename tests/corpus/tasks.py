"""Tasks for processes of their own: what they do to a song is told by its name."""

import os
import signal
import time
from pathlib import Path

from mixtrace.errors import SessionError

HELD_BYTES = 1_400_000_000


def act(name: str, folder: Path) -> None:
    """Leave a mark, and do what the name says."""
    path = folder / name
    with path.open("a") as file:
        file.write(f"{os.getpid()}\n")
    tries = len(path.read_text().splitlines())
    if name.startswith("refuse"):
        raise SessionError("Expected a song; this is none. Give another.")
    if name.startswith("raise"):
        raise RuntimeError("a mistake of ours")
    if name.startswith("die once") and tries == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if name.startswith("die always"):
        os._exit(7)
    if name.startswith("slow"):
        time.sleep(60.0)
    if name.startswith("large"):
        held = bytearray(HELD_BYTES)
        for place in range(0, HELD_BYTES, 4096):
            held[place] = 1
        time.sleep(60.0)
