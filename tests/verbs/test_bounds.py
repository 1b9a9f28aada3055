"""What a user may choose, and what may be written, is bounded at the edge."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mixtrace.errors import AudioError, MixtraceError
from mixtrace.prune import SearchConfig
from mixtrace.store.audio_files import write_audio
from mixtrace.verbs import fit


@pytest.mark.parametrize(
    "choice",
    [{"seed": -1}, {"seed": 2**63}, {"console_steps": 10**7}, {"rounds": -1}, {"round_steps": -5}],
    ids=str,
)
def test_numbers_of_a_search_have_ranges(choice: dict[str, Any]):
    with pytest.raises(MixtraceError, match=r"Expected a .* from 0 to"):
        SearchConfig(**choice).resolve()


@pytest.mark.parametrize("device", ["meta", "mps", "cuda:99999999999999", "\udcff"])
def test_other_devices_are_refused(tiny_song: Path, device: str):
    with pytest.raises(MixtraceError, match="Pass --device cpu"):
        fit(tiny_song, device=device)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_audio_that_is_no_number_is_not_written(tmp_path: Path, bad: float):
    audio = np.zeros((2, 100), np.float32)
    audio[1, 50] = bad
    with pytest.raises(AudioError, match="finite samples"):
        write_audio(tmp_path / "a.wav", audio, 44_100)
    assert list(tmp_path.iterdir()) == []


def run(*arguments: bytes, folder: Path) -> subprocess.CompletedProcess[bytes]:
    program = "from mixtrace.cli import main; main()"
    command = [sys.executable.encode(), b"-c", program.encode(), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, timeout=120)


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux alone")
def test_names_that_are_no_text_are_shown_or_refused(
    tmp_path: Path, write_result: Callable[..., Path]
):
    folder = write_result(tmp_path / "OUT")
    odd = os.fsencode(tmp_path) + b"/n\xff"
    os.rename(os.fsencode(folder), odd)
    shown = run(b"compare", b"n\xff", b"n\xff", b"-o", b"c\xff.html", folder=tmp_path)
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert os.path.isfile(os.fsencode(tmp_path) + b"/c\xff.html")
    os.rename(odd + b"/graph.json", odd + b"/g\xff.json")
    refused = run(b"show", b"n\xff/g\xff.json", folder=tmp_path)
    assert b"Traceback" not in refused.stderr
