"""A folder that appears as a whole: what killed and failed runs leave, and what is said."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mixtrace.errors import StoreError
from mixtrace.store.whole_folder import whole_folder

WRITE = """
import sys, pathlib
from mixtrace.store.whole_folder import whole_folder
with whole_folder(pathlib.Path(sys.argv[1])) as made:
    (made / "half").write_text("written")
    print("there", flush=True)
    sys.stdin.read()
"""


def writing(folder: Path) -> subprocess.Popen[str]:
    """Return a process that has begun to write a folder, and waits."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITE, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "there\n"
    return process


def write(folder: Path) -> None:
    with whole_folder(folder) as made:
        (made / "file").write_text("whole")


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX's")
def test_what_a_killed_process_left_goes_and_what_another_writes_stays(tmp_path: Path):
    killed, alive = writing(tmp_path / "one"), writing(tmp_path / "two")
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert len([path for path in tmp_path.iterdir() if path.suffix == ".part"]) == 2
    write(tmp_path / "one")
    (left,) = [path for path in tmp_path.iterdir() if path.suffix == ".part"]
    assert (left / "half").exists()
    alive.communicate("")
    assert alive.returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_strangers_and_folders_that_were_being_exchanged_stay(tmp_path: Path):
    number = ".mixtrace-0123456789abcdef"
    for name in (f"{number}.part", f"{number}.old", ".mixtrace-fedcba9876543210.part", "x.part"):
        (tmp_path / name).mkdir()
    (tmp_path / f"{number}.lock").touch()
    before = sorted(tmp_path.iterdir())
    write(tmp_path / "one")
    assert sorted(tmp_path.iterdir()) == sorted([*before, tmp_path / "one"])
    (tmp_path / f"{number}.part").rmdir()  # the new one is in its place
    write(tmp_path / "one")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(number)]


@pytest.mark.parametrize("named", [True, False])
def test_a_full_disk_names_the_target(tmp_path: Path, named: bool):
    folder = tmp_path / "one"
    with pytest.raises(StoreError, match="Make room") as refused, whole_folder(folder) as made:
        told = (str(made / "in/file.wav"),) if named else ()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), *told)
    assert str(folder / "in/file.wav" if named else folder) in str(refused.value)
    assert ".part" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_errors_of_other_files_stay_as_they_are(tmp_path: Path):
    with pytest.raises(FileNotFoundError), whole_folder(tmp_path / "one"):
        (tmp_path / "absent").read_text()
    assert list(tmp_path.iterdir()) == []
