"""The installed command as a user runs it: from song to result, and stopped on the way."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mixtrace.store import read_document, read_graph

COMMAND = Path(sys.executable).with_name("mixtrace")

# A shell that starts tests in the background has them ignore Ctrl-C: undo that first.
INTERRUPTIBLE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from mixtrace.cli import main
main()
"""


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [str(COMMAND), *map(str, arguments)]
    # The first command of a fresh checkout compiles the loops: 40 s on two idle cores.
    return subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)


def stopped(
    arguments: list[str], stage: str, number: signal.Signals = signal.SIGINT
) -> tuple[str, str]:
    """Return what a command prints that a signal stops when a stage begins."""
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(stage):
            process.send_signal(number)
            break
    printed, errors = process.communicate(timeout=200)
    assert process.returncode == 128 + number, errors
    assert "Traceback" not in errors
    return printed, errors


@pytest.mark.skipif(not COMMAND.exists(), reason="the command is not installed: run make test")
def test_from_song_to_result(tiny_song: Path, tmp_path: Path):
    out = tmp_path / "OUT"
    # Of 5 s, the last 1.2 s are the counted part of the second window.
    choices = ("--no-prune", "--steps", "1", "--preset", "paper", "--unseen", "end:24")
    fitted = run("fit", tiny_song, "-o", out, *choices)
    assert fitted.returncode == 0, fitted.stderr
    assert "42 of 42 processors kept" in fitted.stdout
    assert str(out) in fitted.stdout
    assert "unseen part" in fitted.stdout
    assert "The unseen part: the last 24 % of the song." in fitted.stdout
    assert "Traceback" not in fitted.stderr
    shown = run("show", out)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.count("── compressor  ") == 6
    assert "Held out: the last 24 % of the song. L_a is" in shown.stdout
    rendered = run(
        "render", out, tiny_song, "-o", tmp_path / "again.wav", "--stems", tmp_path / "stems"
    )
    assert rendered.returncode == 0, rendered.stderr
    again, _ = soundfile.read(tmp_path / "again.wav")
    mix, _ = soundfile.read(out / "mix.wav")
    # Reading stems on the way orders sums differently: single precision, then steps of 24 bits.
    np.testing.assert_allclose(again, mix, atol=1e-6)
    assert len(rendered.stdout.splitlines()) == 1 + 3 + 3


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_fit_leaves_a_valid_result(
    tiny_song: Path, tmp_path: Path, number: signal.Signals
):
    out = tmp_path / "OUT"
    arguments = ["fit", str(tiny_song), "-o", str(out), "--steps", "100000", "--preset", "paper"]
    printed, _ = stopped(arguments, "console", number)
    assert "Stopped early" in printed
    assert len(read_graph(out / "graph.json").graph.processors) == 42
    assert read_document(out / "fit.json", "mixtrace.fit/2")["ended"] == "stopped"
    assert (out / "mix.wav").stat().st_size > 5 * 22_050 * 2 * 3


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_a_capture_that_ctrl_c_stops_goes_on(tiny_song: Path, tmp_path: Path):
    out = tmp_path / "OUT"
    arguments = ["capture", str(tiny_song), "-o", str(out)]
    _, errors = stopped(arguments, "reading the mix")
    assert "Run the same command to go on from its checkpoint, or to begin anew" in errors
    assert not (out / "capture.json").exists()
    again = run(*arguments)
    assert again.returncode == 0, again.stderr
    assert "01_Kick" in again.stdout
    assert (out / "report.html").is_file()
    refused = run("fit", tiny_song, "-o", out)
    assert refused.returncode == 2
    assert "Choose another output folder" in refused.stderr


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_stopped_leaves_nothing(
    tiny_song: Path, tmp_path: Path, number: signal.Signals
):
    out = tmp_path / "OUT"
    printed, errors = stopped(["fit", str(tiny_song), "-o", str(out)], "reading", number)
    assert printed == ""
    assert errors.splitlines()[-1].startswith("Stopped; nothing is half-written")
    assert not out.exists()


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_ctrl_c_behind_a_finished_command_leaves_no_traceback():
    late = """
import os
try:
    main()
finally:
    os.kill(os.getpid(), signal.SIGINT)
"""
    program = INTERRUPTIBLE.removesuffix("main()\n") + late
    ended = subprocess.run(
        [sys.executable, "-c", program, "--version"],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert ended.stdout.startswith("mixtrace ")
    assert ended.stderr == ""
    assert ended.returncode == -signal.SIGINT


def test_a_closed_pipe_is_no_error(tiny_song: Path):
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, "show", str(tiny_song), "--no-align"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, errors = process.communicate(timeout=100)
    assert "Traceback" not in errors
    assert "Exception ignored" not in errors
