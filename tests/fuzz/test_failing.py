"""Inputs that once failed, from a folder beside the project: each is refused in one sentence.

They were made from a result of an older schema. Here the same damage is done to a result of
today's, and every verb that opens the damaged file has to refuse it; the others read on.
"""

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from mixtrace.cli import main
from mixtrace.store import EVIDENCE, GRAPH, PARAMS

VERBS = ("show", "report", "compare", "render")
OPENED_BY = {
    GRAPH: VERBS,
    EVIDENCE: ("show", "report", "compare"),
    "fit.json": ("show", "report", "compare"),
    "metrics.json": ("show", "report", "compare"),
    "listen/listening.json": ("report",),
}
CASES = {
    "evidence-0d-bands": EVIDENCE,
    "evidence-2d-dynamics": EVIDENCE,
    "evidence-bands": EVIDENCE,
    "evidence-bool": EVIDENCE,
    "fit-history": "fit.json",
    "fit-hugeint": "fit.json",
    "fit-seconds": "fit.json",
    "graph-flatten": GRAPH,
    "graph-nan": GRAPH,
    "listening-gain": "listen/listening.json",
    "metrics-hugeint": "metrics.json",
}
LIMIT_S = 20.0
"""Of processor time. Each takes a second or two, the first loads all; a hang takes minutes."""

Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def failing() -> Path:
    folder = Path(__file__).resolve().parents[3] / "shared" / "failing"
    if not folder.is_dir():
        pytest.skip("the inputs are absent: expected a folder ../shared/failing")
    return folder


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs the command line and returns its exit code and complaint."""

    def call(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["mixtrace", *map(str, arguments)])
        began = time.process_time()
        with pytest.raises(SystemExit) as ended:
            main()
        assert time.process_time() - began < LIMIT_S
        complaints = capsys.readouterr().err.splitlines()
        return int(ended.value.code or 0), "\n".join(x for x in complaints if "Error:" in x)

    return call


def differences(old: Any, new: Any, *at: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield where two documents differ, and what the new one has there."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in new:
            yield from differences(old.get(key), new[key], *at, key)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, pair in enumerate(zip(old, new, strict=True)):
            yield from differences(*pair, *at, place)
    elif old != new:
        yield at, new


def damage_document(old: Path, damaged: Path, target: Path) -> None:
    """Put what a document differs by from an older one into one of today's."""
    document = json.loads(target.read_text())
    changes = list(differences(json.loads(old.read_text()), json.loads(damaged.read_text())))
    assert changes
    for (*way, last), value in changes:
        holder = document
        for key in way:
            holder = holder[key]
        assert last in holder if isinstance(holder, dict) else last < len(holder)
        holder[last] = value
    target.write_text(json.dumps(document))


def damage_evidence(old: Path, damaged: Path, target: Path) -> None:
    """Give an array the type, the number of dimensions or the values that a damaged one has."""
    with safe_open(target, framework="np") as file:
        facts = file.metadata()
    before, after, arrays = load_file(old), load_file(damaged), load_file(target)
    changed = [name for name in after if _differ(before[name], after[name])]
    assert changed
    for name in changed:
        cast = after[name].dtype != before[name].dtype and after[name].shape == before[name].shape
        arrays[name] = arrays[name].astype(after[name].dtype) if cast else after[name]
    save_file(arrays, target, facts)


def _differ(one: np.ndarray, other: np.ndarray) -> bool:
    alike = one.dtype == other.dtype and one.shape == other.shape
    return not alike or not np.array_equal(one, other)


def damage_graph(damaged: Path, out: Path) -> None:
    """Put the nodes and edges of a graph, which have no settings, in the place of a good one's."""
    good, bad = (json.loads((folder / GRAPH).read_text()) for folder in (out, damaged))
    good["tracks"] = [track for track in good["tracks"] if track["name"] == "kick"]
    digest = bad["params_sha256"]
    (out / GRAPH).write_text(
        json.dumps(good | {n: bad[n] for n in ("nodes", "edges")} | {"params_sha256": digest})
    )
    shutil.copy(damaged / PARAMS, out / PARAMS)


def damage(failing: Path, case: str, out: Path) -> None:
    file = CASES[case]
    if case == "graph-nan":
        damage_graph(failing / case, out)
    elif file == EVIDENCE:
        damage_evidence(failing / "out" / file, failing / case / file, out / file)
    elif file.startswith("listen"):
        document = json.loads((out / file).read_text())
        bad = json.loads((failing / case / file).read_text())
        document["signals"]["target"]["gain_db"] = bad["signals"]["target"]["gain_db"]
        (out / file).write_text(json.dumps(document))
    else:
        damage_document(failing / "out" / file, failing / case / file, out / file)


def arguments(verb: str, out: Path, song: Path) -> list[object]:
    return {
        "show": ["show", out],
        "report": ["report", out],
        "compare": ["compare", out, out, "-o", out / "new.html"],
        "render": ["render", out, song, "-o", out / "new.wav"],
    }[verb]


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def check_refused(run: Run, out: Path, *asked: object, what: str = "") -> None:
    before = contents(out)
    code, complaint = run(*asked)
    assert code == 2
    assert complaint.startswith("Error: ") and complaint.count("\n") == 0
    assert what in complaint and len(complaint) < 1_000
    assert contents(out) == before


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("case", CASES)
def test_todays_results_with_the_same_damage(
    failing: Path, built: Path, tmp_path: Path, run: Run, case: str, verb: str
):
    out = tmp_path / "out"
    shutil.copytree(built / "fit", out)
    (out / "report.html").unlink()
    damage(failing, case, out)
    asked = arguments(verb, out, built / "song")
    if verb in OPENED_BY[CASES[case]]:
        check_refused(run, out, *asked)
    else:
        assert run(*asked) == (0, "")


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("case", [*CASES, "out"])
def test_the_older_results_as_they_are(
    failing: Path, built: Path, tmp_path: Path, run: Run, case: str, verb: str
):
    out = tmp_path / "out"
    shutil.copytree(failing / "out", out, copy_function=shutil.copyfile)
    out.chmod(0o755)
    if case != "out":
        for file in (failing / case).rglob("*"):
            if file.is_file():
                (target := out / file.relative_to(failing / case)).parent.mkdir(exist_ok=True)
                shutil.copyfile(file, target)
    check_refused(run, out, *arguments(verb, out, built / "song"), what="mixtrace.graph/1")


@pytest.mark.parametrize(
    ("case", "kind", "place"),
    [("sds/x.wav", "song", "tracks/x.wav"), ("yaml-timestamp/S_METADATA.yaml", "yaml", "")],
)
def test_songs_with_a_damaged_file(
    failing: Path, built: Path, tmp_path: Path, run: Run, case: str, kind: str, place: str
):
    song = tmp_path / "S"
    shutil.copytree(built / kind, song)
    damaged = failing / case
    shutil.copyfile(damaged, song / (place or damaged.name))
    check_refused(run, song, "show", song, what=damaged.name)
