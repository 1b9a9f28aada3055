"""Compiled loops: shared by threads, and the same bits at their first run as at later ones."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mixtrace.loops import over_rows

# Compiled over numba's threads, the gain computers differed in their last digits.
_A_PASS = """
import torch
from mixtrace.dsp.dynamics import detect_and_gain

draw = torch.Generator().manual_seed(0)
audio = torch.randn(3, 2, 30_000, generator=draw).requires_grad_()
pole, *rest = (torch.rand(3, generator=draw).requires_grad_() for _ in range(5))
output, _ = detect_and_gain(audio, 0.9 + 0.1 * pole, *rest, direction=1, state=torch.zeros(3))
output.square().sum().backward()
for tensor in (output, audio.grad, pole.grad, *(scalar.grad for scalar in rest)):
    print(tensor.detach().numpy().tobytes().hex()[:100_000])
"""


@pytest.mark.usefixtures("two_threads")
def test_a_loop_runs_over_its_rows_on_both_threads() -> None:
    both = threading.Barrier(2, timeout=30.0)
    seen: list[tuple[int, int]] = []

    def loop(begin: int, end: int, found: list[tuple[int, int]]) -> None:
        both.wait()  # nobody passes alone
        found.append((begin, end))

    over_rows(loop, 7, seen)
    assert sorted(seen) == [(0, 3), (3, 7)]


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("rows", [0, 1, 2, 3])
def test_every_row_is_done_once(rows: int) -> None:
    done: list[int] = []
    over_rows(lambda begin, end: done.extend(range(begin, end)), rows)
    assert sorted(done) == list(range(rows))


@pytest.mark.usefixtures("two_threads")
def test_what_a_loop_raises_on_another_thread_is_raised() -> None:
    def loop(begin: int, end: int) -> None:
        if begin > 0:
            raise ValueError(f"{begin} to {end}")

    with pytest.raises(ValueError, match="2 to 4"):
        over_rows(loop, 4)


def test_the_first_run_which_compiles_makes_the_bits_of_later_ones(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", _A_PASS]
    runs = [subprocess.check_output(command, env=environment) for _ in range(2)]
    assert list(tmp_path.rglob("dynamics_kernels.backward_kernel*.nbc"))  # the first one compiled
    assert len(runs[0].splitlines()) == 7
    assert runs[0] == runs[1]


_READ_ONLY = """
import numba.core.caching as caching

for locator in (caching.InTreeCacheLocator, caching.UserWideCacheLocator):
    locator.from_function = classmethod(lambda *rest: None)

import torch
import mixtrace.verbs
from mixtrace.dsp.dynamics import detect_and_gain

ones = torch.ones(1)
detect_and_gain(torch.ones(1, 2, 64), 0.9 * ones, *4 * [ones], direction=1, state=torch.zeros(1))
"""


def read_only(temporary: Path) -> "subprocess.CompletedProcess[str]":
    """Compile loops in a process that finds neither installation nor home writable."""
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    environment |= {"TMPDIR": str(temporary)}
    command = [sys.executable, "-c", _READ_ONLY]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="needs POSIX users")
def test_a_read_only_installation_keeps_loops_in_a_folder_of_the_users_own(tmp_path: Path) -> None:
    ran = read_only(tmp_path)
    assert ran.returncode == 0, ran.stderr
    folder = tmp_path / f"mixtrace-loops-{os.getuid()}"
    assert ran.stderr.startswith(f"Compiled loops are kept in {folder}, for neither")
    assert len(ran.stderr.splitlines()) == 1
    assert folder.stat().st_mode & 0o777 == 0o700
    assert list(folder.rglob("*.nbi"))


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="needs POSIX users")
@pytest.mark.parametrize("prepared", ["open to all", "a link", "a file"])
def test_a_folder_that_others_may_write_to_is_not_used(tmp_path: Path, prepared: str) -> None:
    """Who can write there would have us run what they like."""
    folder = tmp_path / f"mixtrace-loops-{os.getuid()}"
    (tmp_path / "theirs").mkdir()
    if prepared == "a link":
        folder.symlink_to(tmp_path / "theirs")
    elif prepared == "a file":
        folder.write_text("")
    else:
        folder.mkdir()
        folder.chmod(0o777)
    ran = read_only(tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.startswith("Compiled loops are compiled anew by every command")
    assert not list(tmp_path.rglob("*.nbi"))
