"""`import mixtrace` offers the verbs, quickly, whatever rooms of the same names are imported."""

import subprocess
import sys

import mixtrace

SCRIPT = """
import sys
import mixtrace
import mixtrace.cli
assert "torch" not in sys.modules, "importing the package or its command line imports torch"
from mixtrace.fit import RECIPES
import mixtrace.render, mixtrace.prune
assert mixtrace.fit.__module__ == "mixtrace.verbs.fitting", mixtrace.fit
assert mixtrace.render.__module__ == "mixtrace.verbs.rendering", mixtrace.render
from mixtrace import fit, render
assert fit is mixtrace.fit and render is mixtrace.render
from mixtrace.fit import Recipe
from mixtrace.fit.recipe import Recipe as same
assert Recipe is same and isinstance(RECIPES["default"], Recipe)
"""


def test_verbs_and_rooms_of_one_name_in_a_fresh_interpreter():
    subprocess.run([sys.executable, "-W", "error", "-c", SCRIPT], check=True, timeout=100)


def test_every_public_name_is_there():
    for name in mixtrace.__all__:
        assert getattr(mixtrace, name) is not None
    assert not hasattr(mixtrace, "no_such_verb")
