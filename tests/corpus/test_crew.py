"""Songs are worked on by processes that may die, hang, grow or be refused; each is told as it was.

The processes are real. Each takes a second or two to start.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from mixtrace.corpus import Ended, Job, Ledger, LocalCrew, work_through
from mixtrace.progress import Progress
from tests.corpus import tasks


def jobs(names: list[str], folder: Path, needs: int = 10_000_000) -> list[Job]:
    return [Job(name, lambda: needs, (name, folder)) for name in names]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path / "ledger")) as ledger:
        yield ledger


def worked(
    names: list[str], ledger: Ledger, folder: Path, crew: LocalCrew, told: list[Progress]
) -> dict[str, Ended]:
    folder.mkdir(exist_ok=True)
    ledger.enter(names)
    with crew:
        ended = list(work_through(jobs(names, folder), crew, ledger, told.append))
    assert len({each.song for each in ended}) == len(ended)
    return {each.song: each for each in ended}


def tries(folder: Path, name: str) -> int:
    return len((folder / name).read_text().splitlines())


def test_every_song_ends_as_its_process_did(tmp_path: Path, ledger: Ledger):
    names = ["fine", "refuse", "raise", "die once", "die always", "also fine"]
    told: list[Progress] = []
    marks = tmp_path / "marks"
    found = worked(names, ledger, marks, LocalCrew(tasks.act, 2), told)
    assert {name: each.how for name, each in found.items()} == {
        "fine": "done",
        "refuse": "refused",
        "raise": "crashed",
        "die once": "done",
        "die always": "crashed",
        "also fine": "done",
    }
    assert [tries(marks, name) for name in names] == [1, 1, 3, 2, 3, 1]
    assert found["refuse"].why == "Expected a song; this is none. Give another."
    assert "a mistake of ours" in found["raise"].why
    assert "code 7" in found["die always"].why
    assert found["fine"].peak_bytes > 1_000_000
    assert {name: each.how for name, each in ledger.standings().items()} == {
        name: each.how for name, each in found.items()
    }
    every = [line for name in names for line in (marks / name).read_text().splitlines()]
    assert len(set(every)) == len(every)  # no process did two songs
    assert (told[0].done, told[-1].done, told[-1].total) == (0, 6, 6)


def test_a_song_that_meets_a_limit_is_given_up_at_once(tmp_path: Path, ledger: Ledger):
    marks, told = tmp_path / "marks", []
    # What a process loads takes some hundred megabytes, a quarter of the limit.
    crew = LocalCrew(tasks.act, 2, limit_s=60.0, limit_bytes=tasks.HELD_BYTES * 3 // 4)
    found = worked(["large", "fine"], ledger, marks, crew, told)
    assert found["large"].how == "too large"
    assert found["fine"].how == "done"
    assert tries(marks, "large") == 1
    crew = LocalCrew(tasks.act, 1, limit_s=4.0)
    found = worked(["slow"], ledger, marks, crew, told)
    assert found["slow"].how == "too slow"
    # Counted by the ledger: on a busy machine the process may not even have begun in that time.
    assert ledger.standings()["slow"].tries == 1


def test_what_has_ended_is_not_done_again(tmp_path: Path, ledger: Ledger):
    marks, told = tmp_path / "marks", []
    names = ["refuse", "fine"]
    worked(names, ledger, marks, LocalCrew(tasks.act, 1), told)
    assert worked(names, ledger, marks, LocalCrew(tasks.act, 1), told) == {}
    assert [tries(marks, name) for name in names] == [1, 1]


def test_a_song_that_no_memory_holds_is_never_begun(tmp_path: Path, ledger: Ledger):
    marks = tmp_path / "marks"
    marks.mkdir()
    ledger.enter(["huge", "fine"])
    every = [*jobs(["huge"], marks, needs=10**15), *jobs(["fine"], marks)]
    with LocalCrew(tasks.act, 1) as crew:
        found = {each.song: each for each in work_through(every, crew, ledger)}
    assert found["huge"].how == "too large"
    assert "larger machine" in found["huge"].why
    assert found["fine"].how == "done"
    assert not (marks / "huge").exists()


def test_a_song_waits_for_memory_that_another_was_promised(tmp_path: Path):
    there = psutil.virtual_memory().available
    first, second = jobs(["slow 1", "slow 2"], tmp_path, needs=there * 2 // 3)
    (small,) = jobs(["slow 3"], tmp_path)
    with LocalCrew(tasks.act, 3) as crew:
        assert crew.takes(first)
        crew.begin(first)
        assert not crew.takes(second)
        assert crew.takes(small)


DRIVER = """
import sys
from pathlib import Path
from mixtrace.corpus import Job, LocalCrew
from tests.corpus import tasks
if __name__ == "__main__":
    folder = Path(sys.argv[1])
    with LocalCrew(tasks.act, 1) as crew:
        crew.begin(Job("slow", lambda: 1, ("slow", folder)))
        while True:
            crew.ended()
"""


def test_processes_end_when_whoever_began_them_is_killed(tmp_path: Path):
    script = tmp_path / "driver.py"
    script.write_text(DRIVER)
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root)}
    driver = subprocess.Popen([sys.executable, script, tmp_path], env=environment)
    try:
        process = psutil.Process(_wait_for(tmp_path / "slow"))
    finally:
        driver.kill()
        driver.wait()
    process.wait(timeout=30.0)  # it looks twice a second, and this machine may be busy


def _wait_for(path: Path) -> int:
    """Return the process that left its mark."""
    for _ in range(600):
        if path.exists() and path.read_text().endswith("\n"):
            return int(path.read_text())
        time.sleep(0.1)
    raise AssertionError("no process began")
