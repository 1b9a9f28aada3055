"""The rooms of src/mixtrace: who may import whom, and what importing may not do.

The checks read syntax trees, nothing is imported. `violations` is itself tested, on small fake
packages that each break one rule.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "mixtrace"

ROOMS = (
    "runtime",
    "parallel",
    "loops",
    "errors",
    "names",
    "units",
    "wording",
    "params",
    "keeper",
    "progress",
    "stopping",
    "dsp",
    "losses",
    "unseen",
    "processors",
    "graph",
    "rendering",
    "session",
    "captured",
    "interpret",
    "store",
    "methods",
    "descent",
    "trials",
    "prune",
    "sureness",
    "recovery",
    "learned",
    "metrics",
    "baselines",
    "changes",
    "reusing",
    "simplifying",
    "transferring",
    "reporting",
    "listening",
    "exporting",
    "refining",
    "datasets",
    "corpus",
    "surveying",
    "comparing",
    "instruments",
    "examples",
    "generating",
    "verbs",
    "",  # the package's own __init__.py: it re-exports the rooms above, only cli may import it
    "cli",
)
"""A room imports only from itself and from rooms before it."""

IO_CALLS = frozenset(
    "chdir connect exists getenv glob input is_dir is_file iterdir listdir load loadtxt makedirs "
    "memmap mkdir mkdtemp open popen print read read_bytes read_text remove replace_file rglob "
    "rmtree run save savetxt scandir system unlink urlopen write write_bytes write_text".split()
)
"""Last names of calls that touch the world outside the process."""


def violations(package: Path) -> list[str]:
    """Return one line for each broken rule of the package at this path."""
    files = sorted(package.rglob("*.py"))
    trees = {module_name(file, package): ast.parse(file.read_text("utf-8")) for file in files}
    imports = {name: sorted(set(imported(name, tree, trees))) for name, tree in trees.items()}
    found = [line for name in trees for line in room_violations(name, imports[name])]
    found += [f"{' -> '.join(cycle)}: import cycle" for cycle in import_cycles(imports)]
    for name, tree in trees.items():
        found += [f"{name}:{line}" for line in content_violations(tree)]
    return found


def module_name(file: Path, package: Path) -> str:
    """Return the dotted name of a file; the same for `a/__init__.py` as for `a.py`."""
    parts = file.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    """Return the room of a module: the name after the package's, empty for the package itself."""
    return ".".join(module.split(".")[1:2])


def imported(name: str, tree: ast.Module, modules: dict[str, ast.Module]) -> Iterator[str]:
    """Yield the modules of the package that a module names in its imports, wherever they stand."""
    package = name.split(".")[0]
    is_folder = any(other.startswith(name + ".") for other in modules)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.split(".")[0] == package)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = name.split(".")[: (1 if is_folder else 0) - node.level or None]
                base = ".".join([*parents, *([base] if base else [])])
            if base.split(".")[0] == package:
                for alias in node.names:
                    inner = f"{base}.{alias.name}"
                    yield inner if inner in modules else base


def room_violations(name: str, imports: list[str]) -> Iterator[str]:
    """Yield the imports that reach a room below, and modules outside every room."""
    room = room_of(name)
    if room not in ROOMS:
        yield f"{name}: no such room; the rooms are listed in this test and in the style guide"
        return
    for target in imports:
        target_room = room_of(target)
        if target_room not in ROOMS or ROOMS.index(target_room) > ROOMS.index(room):
            yield f"{name}: imports {target}, which is not in a room above it"


def import_cycles(imports: dict[str, list[str]]) -> list[list[str]]:
    """Return a cycle of imports for each module that closes one, found by a depth-first walk."""
    cycles: list[list[str]] = []
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> None:
        if name in path:
            cycles.append([*path[path.index(name) :], name])
        elif name not in done:
            for target in imports.get(name, []):
                visit(target, [*path, name])
            done.add(name)

    for name in imports:
        visit(name, [])
    return cycles


def content_violations(tree: ast.Module) -> Iterator[str]:
    """Yield star imports, `__main__` blocks and calls that do I/O when the module is imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(a.name == "*" for a in node.names):
            yield f"{node.lineno}: star import"
        if isinstance(node, ast.If) and "__main__" in ast.unparse(node.test):
            yield f"{node.lineno}: __main__ block"
    for node in executed_at_import(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).split(".")[-1]
            if called in IO_CALLS:
                yield f"{node.lineno}: {called}() runs when the module is imported"


def executed_at_import(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes below this one that run at import: all but the bodies of functions."""
    for field, value in ast.iter_fields(node):
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if is_function and field == "body":
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield child
                yield from executed_at_import(child)


def test_the_package_keeps_its_rules():
    assert violations(PACKAGE) == []


def test_every_room_is_listed_once():
    assert len(set(ROOMS)) == len(ROOMS)


GOOD = {
    "__init__.py": "from mixtrace.descent import start\n__version__ = '1'\n",
    "units.py": "import math\nHALF = math.sqrt(0.25)\n",
    "dsp/__init__.py": "from mixtrace.dsp.fir import taps\n",
    "dsp/fir.py": "from mixtrace.units import HALF\ndef taps():\n    return open('x').read()\n",
    "descent/__init__.py": "from ..dsp import fir\nfrom .loop import start\n",
    "descent/loop.py": "import mixtrace.dsp.fir\nfrom mixtrace import units\nstart = units.HALF\n",
}


def write_package(folder: Path, changes: dict[str, str]) -> Path:
    package = folder / "mixtrace"
    for path, text in {**GOOD, **changes}.items():
        (package / path).parent.mkdir(parents=True, exist_ok=True)
        (package / path).write_text(text, "utf-8")
    return package


def test_a_tidy_package_passes(tmp_path: Path):
    assert violations(write_package(tmp_path, {})) == []


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        (
            "dsp/fir.py",
            "from mixtrace.descent.loop import start\n",
            "imports mixtrace.descent.loop",
        ),
        ("dsp/fir.py", "from mixtrace import descent\n", "imports mixtrace.descent,"),
        ("dsp/fir.py", "import mixtrace.descent\n", "imports mixtrace.descent,"),
        ("dsp/fir.py", "from ..descent import loop\n", "imports mixtrace.descent.loop"),
        ("dsp/fir.py", "from .. import descent\n", "imports mixtrace.descent,"),
        ("dsp/__init__.py", "from ..descent import loop\n", "imports mixtrace.descent.loop"),
        (
            "dsp/fir.py",
            "def late():\n    from mixtrace.descent import start\n",
            "imports mixtrace.descent,",
        ),
        ("dsp/fir.py", "from mixtrace import __version__\n", "imports mixtrace,"),
        ("dsp/fir.py", "import mixtrace\n", "imports mixtrace,"),
        ("helpers.py", "HALF = 0.5\n", "no such room"),
        ("dsp/fir.py", "from mixtrace.dsp import taps\n", "import cycle"),
        ("dsp/fir.py", "from . import taps\n", "import cycle"),
        ("dsp/fir.py", "text = open('taps.txt').read()\n", "open() runs when"),
        ("dsp/fir.py", "import numpy as np\nx = np.load('x')\n", "load() runs when"),
        ("dsp/fir.py", "class Taps:\n    print('loading')\n", "print() runs when"),
        ("dsp/fir.py", "def taps(path=open('x')):\n    return path\n", "open() runs when"),
        ("dsp/fir.py", "try:\n    print(1)\nfinally:\n    pass\n", "print() runs when"),
        ("dsp/fir.py", "if __name__ == '__main__':\n    pass\n", "__main__ block"),
        ("dsp/fir.py", "from math import *\n", "star import"),
    ],
)
def test_each_broken_rule_is_found(tmp_path: Path, path: str, text: str, message: str):
    found = violations(write_package(tmp_path, {path: text}))
    assert any(message in line for line in found), found
