"""A processor of another package, which says as little as it may, from a song to a page."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import mixtrace
from mixtrace.errors import StoreError
from mixtrace.graph import CONSOLES, ConsolePreset
from mixtrace.params import Affine, ParamSpec
from mixtrace.processors import PROCESSORS, MatrixProcessor
from mixtrace.prune import PublishedSearch, SearchConfig
from mixtrace.rendering import render_scheduled, render_song, render_walk
from mixtrace.store import read_graph


class Tilt(MatrixProcessor):
    """Turns the left channel up and the right one down."""

    kind = "tilt"
    letter = "t"
    label = "tilt"
    family = "place"
    widens = True
    params = (
        ParamSpec(
            name="tilt_db",
            unit="dB",
            low=-12.0,
            high=12.0,
            neutral=0.0,
            init=0.0,
            warp=Affine(6.0),
            shape=(),
            label="tilt",
            start=0.0,
        ),
    )

    def matrix(self, values: Any) -> Tensor:
        gain = 10.0 ** (values["tilt_db"] / 20.0)
        return torch.diag_embed(torch.stack([gain, 1.0 / gain], -1))


def test_it_is_fitted_stored_rendered_told_and_drawn(
    tiny_song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(PROCESSORS._entries, "tilt", Tilt())
    monkeypatch.setitem(CONSOLES, "toy", ConsolePreset(("tilt",), ()))
    config = SearchConfig(preset="toy", policy="none", console_steps=5)
    out = tmp_path / "OUT"
    found = mixtrace.fit(tiny_song, out, method=PublishedSearch(config), align=False)
    losses = found.inversion.losses
    assert losses["final"]["published"] != losses["start"]["published"]  # it was moved

    stored = read_graph(out / "graph.json")
    assert stored.graph.kinds() == ("tilt",)
    moved = [stored.settings[i].values["tilt_db"] for i in stored.graph.processors]
    assert any(float(value) != 0.0 for value in moved)

    noise = torch.Generator().manual_seed(0)
    tracks = [0.1 * torch.randn((1, 5_000), generator=noise) for _ in stored.tracks]
    args = stored.graph, stored.settings, tracks, 44_100.0
    walk = render_walk(*args)
    for other in (render_scheduled(*args), render_song(*args)):
        torch.testing.assert_close(other, walk, rtol=1e-5, atol=1e-6)

    assert "A processor mixtrace has no words for: tilt" in str(mixtrace.show(out))
    page = (out / "report.html").read_text("utf-8")
    assert "tilt of 01_Kick" in page
    assert (out / "mix.wav").exists()


def test_without_the_package_its_result_is_refused_in_a_sentence(
    tiny_song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch:
        patch.setitem(PROCESSORS._entries, "tilt", Tilt())
        patch.setitem(CONSOLES, "toy", ConsolePreset(("tilt",), ()))
        config = SearchConfig(preset="toy", policy="none", console_steps=1)
        out = tmp_path / "OUT"
        method = PublishedSearch(config)
        mixtrace.fit(tiny_song, out, method=method, align=False, page=False, audio=False)
    assert not (out / "mix.wav").exists() and not (out / "report.html").exists()
    with pytest.raises(StoreError, match="install the package that adds"):
        mixtrace.show(out)
