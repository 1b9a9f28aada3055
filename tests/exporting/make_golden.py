"""Writes the golden files of exports: python tests/exporting/make_golden.py.

Look at what changed before you commit it.
"""

import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from planted_desk import planted_desk  # noqa: E402

from mixtrace.exporting.targets import TARGETS  # noqa: E402

KEPT = {"files": ("settings.csv", "settings.md", "*.txt"), "pedalboard": ("mix.json",)}


def channels(program: str) -> str:
    """Return the lines of a program for pedalboard that a mix has of its own."""
    begin = program.index("CHANNELS = (")
    return program[begin : program.index("\n)\n", begin) + 3]


def main() -> None:
    """Write what is kept of each target."""
    for name, patterns in KEPT.items():
        place = HERE / "golden" / name
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            TARGETS[name].write(planted_desk(), Path(folder), lambda *step: None)
            for path in (path for pattern in patterns for path in Path(folder).rglob(pattern)):
                shutil.copyfile(path, place / path.name)
            if name == "pedalboard":
                program = (Path(folder) / "mix.py").read_text("utf-8")
                (place / "channels.txt").write_text(channels(program), "utf-8")


if __name__ == "__main__":
    main()
