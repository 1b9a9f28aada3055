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
