"""`import mixtrace` offers the verbs, quickly, and no room has the name of one."""

import subprocess
import sys
from pathlib import Path

import mixtrace

SCRIPT = """
import sys
import mixtrace
import mixtrace.cli
assert "torch" not in sys.modules, "importing the package or its command line imports torch"
assert mixtrace.fit.__module__ == "mixtrace.verbs.fitting", mixtrace.fit
assert mixtrace.render.__module__ == "mixtrace.verbs.rendering", mixtrace.render
from mixtrace import fit, render
assert fit is mixtrace.fit and render is mixtrace.render
"""


def test_verbs_are_there_in_a_fresh_interpreter_without_torch():
    subprocess.run([sys.executable, "-W", "error", "-c", SCRIPT], check=True, timeout=100)


def test_every_public_name_is_there():
    for name in mixtrace.__all__:
        assert getattr(mixtrace, name) is not None
    assert not hasattr(mixtrace, "no_such_verb")


def test_no_room_hides_a_verb():
    folder = Path(mixtrace.__file__).parent
    rooms = {path.stem for path in folder.iterdir()}
    assert {"dsp", "verbs"} <= rooms
    assert not rooms & set(mixtrace.__all__)
