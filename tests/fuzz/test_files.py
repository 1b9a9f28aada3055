"""Damaged files of every kind: none ends in a traceback, hangs, fills the memory or writes.

The long run is `benchmarks/fuzz_files.py`; damaged headers of audio are in `fuzz_audio.py`.
"""

import sys
from pathlib import Path
from types import ModuleType

import pytest

CASES = 30
"""Of each file: all together take a minute."""

NAMES = (
    "graph.json",
    "fit.json",
    "metrics.json",
    "sureness.json",
    "runs.json",
    "listening.json",
    "capture.json",
    "gains.csv",
    "params.safetensors",
    "report.safetensors",
    "session.toml",
    "METADATA.yaml",
    "mix.wav",
)

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="memory is limited by means of Linux"
)


def test_every_target_is_tried(fuzz_files: ModuleType):
    assert [target.name for target in fuzz_files.targets()] == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_damaged_files_are_read_or_refused_in_one_sentence(
    fuzz_files: ModuleType, built: Path, tmp_path: Path, name: str
):
    target = next(target for target in fuzz_files.targets() if target.name == name)
    outcomes, _ = fuzz_files.fuzz(target, built, tmp_path, CASES, seed=0)
    failed = {outcome: n for outcome, n in outcomes.items() if outcome not in ("read", "refused")}
    assert not failed
    assert outcomes["refused"] > CASES // 10  # the damage is felt


def test_what_fails_is_counted(fuzz_files: ModuleType, built: Path, tmp_path: Path):
    """A reader that lets everything out is found: by its error, its delay and what it writes."""

    def careless(folder: Path) -> None:
        text = (folder / "session.toml").read_bytes()
        if text != (built / "toml" / "session.toml").read_bytes():
            (tmp_path / "left behind").write_bytes(text)
            text.decode("ascii")

    target = next(t for t in fuzz_files.targets() if t.name == "session.toml")
    wild = fuzz_files.Target(target.name, target.file, careless, target.damage)
    outcomes, _ = fuzz_files.fuzz(wild, built, tmp_path, 20, seed=0)
    assert "ERROR it wrote where it should not" in outcomes
    assert any("UnicodeDecodeError" in outcome for outcome in outcomes)
