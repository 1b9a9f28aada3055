"""A cluster's songs end as those of this machine do; Ray itself runs in the test."""

import os
from contextlib import closing
from pathlib import Path

import pytest

from mixtrace.corpus import Job, Ledger, RayCrew, work_through
from mixtrace.errors import MixtraceError
from tests.corpus import tasks

pytest.importorskip("ray", reason="needs the extra ray")


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch):
    """Let workers of the cluster find the tests, and ask for no account."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")


@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore")  # Ray's own, of what it will change
def test_every_song_ends_as_its_process_did(tmp_path: Path):
    names = ["fine", "refuse", "die once", "die always", "huge"]
    needs = {"huge": 10**15}
    jobs = [
        Job(name, lambda name=name: needs.get(name, 10_000_000), (name, tmp_path)) for name in names
    ]
    with closing(Ledger(tmp_path / "ledger")) as ledger:
        ledger.enter(names)
        with RayCrew(tasks.act, "local", limit_s=60.0) as crew:
            found = {each.song: each for each in work_through(jobs, crew, ledger)}
    assert {name: each.how for name, each in found.items()} == {
        "fine": "done",
        "refuse": "refused",
        "die once": "done",
        "die always": "crashed",
        "huge": "too large",
    }
    assert found["refuse"].why == "Expected a song; this is none. Give another."
    assert "SIGKILL" not in found["fine"].why
    assert found["fine"].peak_bytes > 1_000_000
    runs = {name: (tmp_path / name).read_text().splitlines() for name in names[:-1]}
    assert [len(each) for each in runs.values()] == [1, 1, 2, 3]
    assert all(str(os.getpid()) not in each for each in runs.values())


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_that_does_not_answer_is_told(tmp_path: Path):
    with pytest.raises(MixtraceError, match="Start one with: ray start --head"):
        RayCrew(tasks.act, "auto")
