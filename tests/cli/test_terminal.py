"""What strangers call their files reaches no terminal; what C libraries print reaches no reader."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from mixtrace.cli.terminal import ShownConsole, json_text

EVIL = "a\x1b[2J\x1b]0;b\x07\u202egnp\u2066\x9b2K\u200f\u200d\u00a0\tc"
Run = Callable[..., tuple[int, str, str]]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="other systems have no such names")


def is_harmless(text: str) -> bool:
    return all(c.isprintable() or c == "\n" for c in text)


@pytest.fixture
def evil_song(tiny_song: Path, tmp_path: Path) -> Path:
    """Return a song in which everything is called as it should not be."""
    folder = tmp_path / f"song {EVIL}"
    (folder / "tracks" / f"drums {EVIL}").mkdir(parents=True)
    tracks = sorted((tiny_song / "tracks").iterdir())
    shutil.copy(tracks[0], folder / "tracks" / f"drums {EVIL}" / f"kick {EVIL}.wav")
    shutil.copy(tracks[1], folder / "tracks" / f"bass {EVIL}.wav")
    shutil.copy(tiny_song / "mix.wav", folder / f"{EVIL} mix.wav")
    (folder / f"ignored {EVIL}.txt").touch()
    return folder


def test_no_name_of_a_song_reaches_the_terminal_as_it_is(run: Run, evil_song: Path):
    code, out, err = run("show", evil_song, "--no-align")
    assert code == 0
    assert is_harmless(out) and is_harmless(err)
    for name in ("song a", "kick a", "drums a", "bass a", "ignored a"):
        assert name in out
    code, out, err = run("show", evil_song, "--no-align", "--json")
    assert is_harmless(out) and is_harmless(err)
    assert json.loads(out)["rows"]


def test_a_song_of_any_name_gives_a_result_that_can_be_read(
    run: Run, evil_song: Path, tmp_path: Path
):
    out_folder = tmp_path / f"out {EVIL}"
    choices = ("--no-prune", "--steps", "1", "--preset", "paper", "--no-align")
    code, out, err = run("fit", evil_song, "-o", out_folder, *choices)
    assert code == 0
    assert is_harmless(out) and is_harmless(err)
    other = Path(shutil.copytree(out_folder, tmp_path / f"other {EVIL}"))
    for arguments in (
        ("show", out_folder),
        ("show", out_folder, "--json"),
        ("report", out_folder),
        ("render", out_folder, evil_song, "-o", tmp_path / f"{EVIL}.wav"),
        ("compare", out_folder, other, "-o", tmp_path / f"{EVIL}.html"),
        ("compare", out_folder, other, "-o", tmp_path / f"{EVIL}.html", "--json"),
    ):
        code, out, err = run(*arguments)
        assert code == 0, err
        assert is_harmless(out) and is_harmless(err), arguments


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", f"/absent {EVIL}"),
        ("fit", "song", f"-o{EVIL}", EVIL),  # as a shell puts the names of a folder there
        ("show", f"--{EVIL}"),
        (EVIL,),
        ("fit", "song", "-o", "out", "--policy", EVIL),
    ],
)
def test_no_mistake_repeats_a_name_as_it_is(run: Run, arguments: tuple[str, ...]):
    code, out, err = run(*arguments)
    assert code == 2
    assert is_harmless(out + err)
    assert "gnp" in err


def test_everything_a_console_prints_is_made_printable_but_its_own_colours():
    def printed(console: ShownConsole) -> str:
        table = Table()
        table.add_column(Text(EVIL))
        table.add_row(Text(EVIL, style="red"))
        tree = Tree(EVIL)
        tree.add(Text(EVIL))
        console.print(table, tree, EVIL, markup=False)
        assert isinstance(console.file, StringIO)
        return console.file.getvalue()

    plain = printed(ShownConsole(file=StringIO(), width=200))
    assert is_harmless(plain)
    coloured = printed(ShownConsole(file=StringIO(), width=200, force_terminal=True))
    assert "\x1b[31m" in coloured
    assert not any(part in coloured for part in ("\x1b[2J", "\x1b]0", "\u202e", "\x9b", "\x07"))


def test_json_escapes_what_cannot_be_shown_and_loses_nothing():
    document = {"name": EVIL + "\x7f\ud800é\U0001f3bb"}
    text = json_text(document)
    assert is_harmless(text) and text.isascii()
    assert json.loads(text) == document


_NOISY = """
import ctypes, os
from mixtrace import verbs
from mixtrace.cli import main

measure = verbs.evaluate

def noisy(*rest, **more):
    ctypes.CDLL(None).puts(b"held back until the end")
    os.write(1, b"written at once")
    return measure(*rest, **more)

verbs.evaluate = noisy
main()
"""


def test_json_stays_json_whatever_a_c_library_prints(tiny_song: Path):
    pair = [str(tiny_song / "mix.wav")] * 2
    command = [sys.executable, "-c", _NOISY, "evaluate", *pair, "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    assert json.loads(ran.stdout)["mae"] == 0.0
    assert "written at once" in ran.stderr
    assert "held back until the end" in ran.stderr


_SHOW = [sys.executable, "-c", "from mixtrace.cli import main; main()", "show"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_behind_standard_output_is_told(tmp_path: Path, tiny_song: Path):
    with open("/dev/full", "w") as full:
        ran = subprocess.run(
            [*_SHOW, tiny_song, "--no-align"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert ran.returncode == 2
    assert "Error: Expected to read or write standard output" in ran.stderr.splitlines()[-1]
    assert "Traceback" not in ran.stderr


def test_letters_that_an_encoding_lacks_are_no_error(evil_song: Path):
    shutil.copy(evil_song / f"{EVIL} mix.wav", evil_song / "tracks" / "Bläser.wav")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    ran = subprocess.run(
        [*_SHOW, evil_song, "--no-align"], env=environment, capture_output=True, check=True
    )
    assert b"Bl\\xe4ser" in ran.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("fit", "SONG", "-o", ""),
        ("capture", "SONG", "-o", ""),
        ("demo", "-o", ""),
        ("render", "OUT", "SONG", "-o", ""),
        ("render", "OUT", "SONG", "-o", "x.wav", "--stems", ""),
        ("render", "OUT", "SONG", "-o", "x.wav", "--residual", ""),
        ("compare", "OUT", "OUT", "-o", ""),
    ],
)
def test_an_empty_name_is_not_the_current_folder(
    run: Run,
    tiny_song: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write_result: Callable[..., Path],
    arguments: tuple[str, ...],
):
    real = {"SONG": str(tiny_song), "OUT": str(write_result(tmp_path / "OUT"))}
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    code, _, err = run(*(real.get(a, a) for a in arguments))
    assert code == 2
    assert err.splitlines()[-1].startswith(
        "Error: Expected the name of a folder or file; got an empty one"
    )
    assert list((tmp_path / "here").iterdir()) == []
