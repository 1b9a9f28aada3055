"""What is told to the C library; measured in a process of its own."""

import subprocess
import sys

import pytest

_HELD = """
import numpy as np
import mixtrace.runtime

def resident_mb():
    status = open("/proc/self/status").read()
    return int(status.split("RssAnon:")[1].split()[0]) * 1024 / 1e6

blocks = [np.ones(125_000) for _ in range(400)]  # a megabyte each
last = blocks[-1]  # above all others
del blocks
before = resident_mb()
mixtrace.runtime.give_back()
print(before - resident_mb())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="malloc is told to trim on Linux alone")
def test_gives_back_what_was_freed_below_what_is_held():
    done = subprocess.run(
        [sys.executable, "-c", _HELD], check=True, stdout=subprocess.PIPE, text=True
    )
    given_back_mb = float(done.stdout.split()[0])
    assert 398 < given_back_mb < 420  # 399 blocks, and whole pages of what the import left
