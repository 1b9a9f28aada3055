"""A ledger tells what became of each song, however its process ended."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from mixtrace.corpus import Ended, Ledger
from mixtrace.errors import StoreError


def test_what_was_noted_is_there_when_the_file_is_opened_again(tmp_path: Path):
    path = tmp_path / "ledger.sqlite"
    with closing(Ledger(path)) as ledger:
        ledger.enter(["b", "a", "c"])
        ledger.ended(Ended("a", "done", "", 2.5, 100), final=True)
        ledger.ended(Ended("b", "crashed", "It fell.", 1.0), final=False)
        ledger.enter(["a", "d"])
    with closing(Ledger(path)) as ledger:
        found = ledger.standings()
    assert list(found) == ["a", "b", "c", "d"]
    assert (found["a"].how, found["a"].tries, found["a"].peak_bytes) == ("done", 1, 100)
    assert (found["b"].how, found["b"].tries, found["b"].why) == (None, 1, "It fell.")
    assert (found["c"].how, found["c"].tries) == (None, 0)


def test_failed_songs_alone_are_done_again(tmp_path: Path):
    with closing(Ledger(tmp_path / "l")) as ledger:
        ledger.enter(["a", "b"])
        ledger.ended(Ended("a", "done"), final=True)
        ledger.ended(Ended("b", "refused", "No audio."), final=True)
        ledger.again()
        assert [each.how for each in ledger.standings().values()] == ["done", None]


KILLED = """
import os, signal, sys
from mixtrace.corpus import Ended, Ledger
ledger = Ledger(sys.argv[1])
ledger.enter(str(k) for k in range(1000))
for k in range(1000):
    ledger.ended(Ended(str(k), "done"), final=True)
    print(k, flush=True)
"""


def test_what_a_killed_process_had_noted_is_kept(tmp_path: Path):
    path = tmp_path / "l"
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, path], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        told = next(line for line in process.stdout if line.strip() == "25")
        os.kill(process.pid, signal.SIGKILL)
    with closing(Ledger(path)) as ledger:
        done = {int(song) for song, each in ledger.standings().items() if each.how == "done"}
    assert done >= set(range(int(told) + 1))  # all that had been told as noted
    assert done == set(range(len(done)))


def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path):
    (tmp_path / "l").write_bytes(b"something else entirely, and long enough to be a header")
    with pytest.raises(StoreError, match="Expected to read and write the ledger"):
        Ledger(tmp_path / "l")


def test_a_ledger_of_another_version_is_refused(tmp_path: Path):
    with closing(Ledger(tmp_path / "l")):
        pass
    with closing(sqlite3.connect(tmp_path / "l")) as base, base:
        base.execute("UPDATE facts SET value = 'mixtrace.ledger/9'")
    with pytest.raises(StoreError, match=r"mixtrace\.ledger/9"):
        Ledger(tmp_path / "l")


def test_an_unknown_end_is_refused(tmp_path: Path):
    with closing(Ledger(tmp_path / "l")) as ledger:
        ledger.enter(["a"])
    with closing(sqlite3.connect(tmp_path / "l")) as base, base:
        base.execute("UPDATE songs SET how = 'vanished'")
    with closing(Ledger(tmp_path / "l")) as ledger, pytest.raises(StoreError, match="vanished"):
        ledger.standings()
