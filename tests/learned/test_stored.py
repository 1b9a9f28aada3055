"""A result of the network on disk: shown and exported as that of any other method."""

from pathlib import Path

from learned_song import TINY

import mixtrace
from mixtrace.learned import CHAIN, Eami, EamiConfig, Training
from mixtrace.store import read_fit


def test_a_result_is_stored_shown_and_exported(tiny_song: Path, tmp_path: Path) -> None:
    method = Eami(EamiConfig(turns=1, training=Training(pairs=2, epochs=1), shape=TINY, seed=4))
    out = tmp_path / "out"
    found = mixtrace.fit(tiny_song, out, method=method, align=False, audio=False, page=False)
    facts = read_fit(out)
    assert facts["config"]["recipe"] == "eami" and facts["config"]["seed"] == 4
    assert facts["losses"]["final"] == found.inversion.losses["final"]
    assert facts["processors"] == {"console": 12, "kept": 12}
    assert "01_Kick" in str(mixtrace.show(out))
    kinds = [found.stored.graph.nodes[i].kind for i in found.stored.graph.processors]
    assert kinds == 3 * list(CHAIN)
    assert mixtrace.export(out, "pedalboard", tmp_path / "program")
    assert (tmp_path / "program").is_dir()
