"""A host of LV2 plug-ins that has none, for tests where nothing is installed."""

import stat
from pathlib import Path

import pytest

from mixtrace.refining.lsp import NEEDED_PLUG_INS


def put_stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a host that copies what enters it, and knows all plug-ins.

    Returns:
        The folder of its programs; what they were told stands in `log` beside it.
    """
    programs = folder / "programs"
    programs.mkdir()
    listed = "\n".join(NEEDED_PLUG_INS)
    scripts = {
        "lv2ls": f"cat <<'END'\n{listed}\nEND\n",
        "lv2apply": f'echo "$@" >> "{folder / "log"}"\n'
        'while [ $# -gt 0 ]; do case "$1" in -i) i=$2;; -o) o=$2;; esac; shift; done\n'
        'cp "$i" "$o"\n',
    }
    for name, script in scripts.items():
        (programs / name).write_text(f"#!/bin/sh\n{script}")
        (programs / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return programs
