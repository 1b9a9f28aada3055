"""Where equalizers are heard, on tracks whose bands are known."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mixtrace.descent import Descent, Objective, Recipe, SongWindows, Variables
from mixtrace.graph import CONSOLES, Graph, build_console
from mixtrace.processors import Settings
from mixtrace.processors.equalizer import equalizer_frequencies
from mixtrace.session import Session

BANDS_HZ = {"low": (60.0, 3_000.0), "high": (800.0, 12_000.0)}


def band_of_noise(low_hz: float, high_hz: float, samples: int) -> np.ndarray:
    """Noise with nothing outside its band."""
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(samples))
    frequency_hz = np.fft.rfftfreq(samples, 1.0 / 30_000.0)
    spectrum[(frequency_hz < low_hz) | (frequency_hz > high_hz)] = 0.0
    return 0.1 * np.fft.irfft(spectrum, samples).astype(np.float32)[None]


@pytest.fixture(scope="module")
def banded(planted: tuple[Session, Graph, Settings]) -> tuple[SongWindows, Graph]:
    """The planted song with tracks of noise in known bands, and a console of it."""
    samples = planted[0].mix.shape[-1]
    tracks = tuple(
        replace(track, kept=band_of_noise(*BANDS_HZ[track.name], samples))
        for track in planted[0].tracks
    )
    session = replace(planted[0], tracks=tracks)
    graph = build_console([(t.name, t.group) for t in session.tracks], CONSOLES["paper"])
    return SongWindows(session), graph


def test_a_curve_is_heard_where_its_tracks_sound(banded: tuple[SongWindows, Graph]) -> None:
    windows, graph = banded
    heard = windows.heard(graph)
    names = [graph.name(i) for i in graph.of_kind("equalizer")]
    row = {name: heard[number] for number, name in enumerate(names)}
    frequency_hz = equalizer_frequencies()
    for name, (low_hz, high_hz) in BANDS_HZ.items():
        # The side lobes of the analysis window, 50 dB down, reach ten bins of 15 Hz.
        inside = (frequency_hz > low_hz + 200.0) & (frequency_hz < high_hz - 200.0)
        outside = (frequency_hz < low_hz - 200.0) | (frequency_hz > high_hz + 200.0)
        assert row[name][inside].mean() > 0.99
        assert row[name][outside].sum() == 0.0
    (bus,) = {*names} - {"low", "high"}
    assert torch.equal(row[bus], torch.maximum(row["low"], row["high"]))


def test_the_nearest_heard_bin_is_the_own_one_or_the_edge_of_the_band(
    banded: tuple[SongWindows, Graph],
) -> None:
    windows, graph = banded
    heard, nearest = windows.heard(graph).bool(), windows.nearest_heard(graph)
    own = torch.arange(heard.shape[1])
    for row, of_row in zip(heard, nearest, strict=True):
        assert torch.equal(of_row[row], own[row])
        assert bool(row[of_row].all())
        edges = own[row]
        assert bool((of_row[: edges[0]] == edges[0]).all())
        assert bool((of_row[edges[-1] :] == edges[-1]).all())


@pytest.mark.parametrize("level_unheard", [True, False])
def test_curves_go_on_level_where_nothing_sounds(
    banded: tuple[SongWindows, Graph], level_unheard: bool
) -> None:
    windows, graph = banded
    start = Variables.random(graph, torch.Generator().manual_seed(0))
    descent = Descent(graph, start, windows, Recipe(level_unheard=level_unheard))
    descent.step([windows.window(0)], Objective())
    curves = descent.settings.stack("equalizer").values["magnitude_db"]
    unheard = ~windows.heard(graph).bool()
    level = curves.gather(-1, windows.nearest_heard(graph))
    assert unheard.any()
    assert torch.equal(curves[unheard], level[unheard]) == level_unheard
