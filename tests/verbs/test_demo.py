"""The demo, with two steps on a console in place of the recovery: all around them is real."""

from pathlib import Path

import pytest

from mixtrace.examples import DEMO_GROUPS
from mixtrace.prune import PublishedSearch, SearchConfig
from mixtrace.verbs import demo, fitting


@pytest.mark.timeout(300)
def test_the_demo_compares_every_chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = PublishedSearch(SearchConfig(console_steps=2, policy="none"))
    monkeypatch.setattr(fitting, "Recovery", lambda: short)
    shown = demo(tmp_path / "out")
    tracks = [row.name for row in shown.comparisons if row.is_track]
    assert tracks == list(DEMO_GROUPS)
    assert len(tracks) >= 8
    assert len(set(DEMO_GROUPS.values())) >= 3
    assert (tmp_path / "out" / "fit" / "graph.json").is_file()
    assert (tmp_path / "out" / "song" / "mix.wav").is_file()
