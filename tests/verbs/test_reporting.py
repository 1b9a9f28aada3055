"""A fit leaves what its report is made from; the report needs neither song nor search again."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from found_at_once import found_at_once

import mixtrace
from mixtrace.descent import SongWindows
from mixtrace.errors import StoreError
from mixtrace.graph import KEY, ConsolePreset, Edge, Graph, build_console
from mixtrace.processors import Settings
from mixtrace.prune import PublishedSearch
from mixtrace.session import Alignment, Session, Track
from mixtrace.store import EVIDENCE, StoredGraph, StoredTrack, read_evidence, read_graph
from mixtrace.verbs.evidence import collect_evidence, loss_increases

RATE_HZ = 30_000


def test_the_page_is_remade_after_the_song_is_gone(
    tiny_song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("mixtrace.prune.search.PublishedSearch.invert", found_at_once)
    out = tmp_path / "OUT"
    mixtrace.fit(tiny_song, out, method=PublishedSearch(), align=False)
    page = (out / "report.html").read_text("utf-8")
    evidence = read_evidence(out / EVIDENCE, read_graph(out / "graph.json").graph)
    assert evidence.spectra_db.shape[-1] == 50  # 5 s at 10 a second
    assert evidence.gain_db.shape == (1, 101)  # at 1102 samples of 22.05 kHz
    assert evidence.curve_s == 1_102 / 22_050
    assert len(evidence.window_losses) == 2  # 1.0 to 3.8 s and what follows
    shutil.rmtree(tiny_song)
    (out / "report.html").unlink()
    assert mixtrace.report(out) == out / "report.html"
    assert (out / "report.html").read_text("utf-8") == page


def one_compressor(audio: np.ndarray) -> tuple[StoredGraph, Session]:
    """Return a track through a limiter of 2:1 above -20 dB, alone, and its song."""
    graph = build_console([("track", "all")], ConsolePreset(("one_pole_compressor",), ()))
    named = {"threshold_db": -20.0, "knee_db": 0.1, "time_ms": 5.0, "slope": -0.5}
    values = {name: torch.tensor([value]) for name, value in named.items()}
    settings = Settings.by_kind(
        graph.by_kind(), {"one_pole_compressor": values}, {"one_pole_compressor": torch.ones(1)}
    )
    stored = StoredGraph("song", (StoredTrack("track", "all", Alignment()),), graph, settings)
    track = Track("track", "all", audio[:1], Alignment(), False, None, 0)
    return stored, Session("song", RATE_HZ, audio, (track,), ())


def test_a_compressors_gain_is_that_of_its_curve():
    """A sine of 0 dB mean square, then silence: 20 dB above the threshold, 10 dB taken."""
    clock = np.arange(6 * RATE_HZ) / RATE_HZ
    sine = np.sqrt(2.0) * np.sin(2.0 * np.pi * 1_000.0 * clock) * (clock < 4.0)
    audio = np.stack([sine, sine]).astype(np.float32)
    stored, session = one_compressor(audio)
    evidence = collect_evidence(stored, session, audio, np.zeros(1, np.float32), lambda *_: None)
    assert evidence.dynamics.tolist() == [stored.graph.of_kind("one_pole_compressor")[0]]
    loud, silent = evidence.gain_db[0, 10:80], evidence.gain_db[0, 81:]
    # The detector's ripple at 2 kHz through 5 ms: 0.07 dB on a gain of -10 dB.
    np.testing.assert_allclose(loud, -10.0, atol=0.1)
    assert not silent.any()
    np.testing.assert_allclose(evidence.input_db[0, 10:80], 0.0, atol=0.01)
    # Ten dB less over four of six seconds; the attack of 5 ms is a hundredth of that.
    dry, wet = evidence.track_sides_db[0]
    np.testing.assert_allclose(dry - wet, 10.0, atol=0.1)


def test_a_keyed_compressors_gain_is_that_on_its_main_input_without_the_make_up():
    """A key of 0 dB for four of six seconds turns a tone down by 10 dB, which is made up for."""
    kind = "compressor"
    nodes = [("input", "track"), ("input", "key"), (kind, "track"), ("output", "mix")]
    graph = Graph.of(nodes, [(0, 2), Edge(1, 2, 0.0, KEY), (2, 3)])
    named = {"threshold_db": -20.0, "ratio": 2.0, "knee_db": 0.0, "attack_ms": 1.0}
    named |= {"release_ms": 5.0, "make_up_db": 8.0, "look_ahead_ms": 10.0, "detector": 0.0}
    named |= {"linked": 1.0, "smoothing": 0.0}
    values = {name: torch.tensor([value]) for name, value in named.items()}
    settings = Settings.by_kind(graph.by_kind(), {kind: values}, {kind: torch.ones(1)})
    names = ("track", "key")
    stored = StoredGraph(
        "song", tuple(StoredTrack(n, "all", Alignment()) for n in names), graph, settings
    )
    clock = np.arange(6 * RATE_HZ) / RATE_HZ
    tone = (0.1 * np.sin(2.0 * np.pi * 500.0 * clock))[None].astype(np.float32)
    key = (clock < 4.0).astype(np.float32)[None]
    tracks = tuple(
        Track(n, "all", audio, Alignment(), False, None, 0)
        for n, audio in zip(names, (tone, key), strict=True)
    )
    mix = np.repeat(tone, 2, 0)
    session = Session("song", RATE_HZ, mix, tracks, ())
    evidence = collect_evidence(stored, session, mix, np.zeros(1, np.float32), lambda *_: None)
    # A tone of 0.1 has a mean square of -23 dB; frames of 50 ms, the release is over in one.
    np.testing.assert_allclose(evidence.input_db, -23.01, atol=0.01)
    np.testing.assert_allclose(evidence.gain_db[0, 2:79], -10.0, atol=0.01)
    np.testing.assert_allclose(evidence.gain_db[0, 82:], 0.0, atol=0.01)


def test_a_sine_stands_in_its_band():
    clock = np.arange(4 * RATE_HZ) / RATE_HZ
    sine = 0.1 * np.sin(2.0 * np.pi * 1_000.0 * clock)
    audio = np.stack([sine, -0.5 * sine]).astype(np.float32)
    stored, session = one_compressor(audio)
    evidence = collect_evidence(stored, session, audio, np.zeros(1, np.float32), lambda *_: None)
    inside = np.flatnonzero((evidence.bands_hz[:-1] < 1e3) & (evidence.bands_hz[1:] > 1e3))[0]
    middle = evidence.spectra_db[0, :, :, 20]
    assert middle.argmax(axis=1).tolist() == [inside, inside]
    # Mid 0.05 and side 0.15 of peak: a Hann window of 0.2 s keeps a sine within 10 Hz of itself.
    expected_db = 20.0 * np.log10(np.array([0.05, 0.15]) / np.sqrt(2.0))
    np.testing.assert_allclose(middle[:, inside], expected_db, atol=0.2)
    assert middle[0].max() - np.sort(middle[0])[-3] > 40.0
    np.testing.assert_array_equal(evidence.spectra_db[0], evidence.spectra_db[1])
    # The same mix twice: no loss, but for the rounding of single precision.
    np.testing.assert_allclose(evidence.window_losses, 0.0, atol=1e-5)


def test_what_mixed_the_song_is_missed_when_removed(planted: tuple[Session, Graph, Settings]):
    session, graph, settings = planted
    counted: list[tuple[int, int]] = []
    increases = loss_increases(
        graph, settings, SongWindows(session), lambda *at: counted.append(at)
    )
    works = {i: settings[i].wet for i in graph.processors}
    assert len(increases) == 4
    for increase, i in zip(increases, graph.processors, strict=True):
        if works[i]:
            assert increase > 0.1
        else:
            assert increase == pytest.approx(0.0, abs=1e-5)  # it does nothing: rounding is left
    assert counted[-1] == (4, 4)


def test_a_stranger_of_a_file_is_no_result(tmp_path: Path):
    soundfile.write(tmp_path / "mix.wav", np.zeros((10, 2)), RATE_HZ)
    with pytest.raises(StoreError, match=r"graph\.json"):
        mixtrace.report(tmp_path)


def test_a_page_of_somebody_elses_is_not_overwritten(
    tmp_path: Path, write_result: Callable[..., Path]
):
    out = write_result(tmp_path / "OUT")
    (out / "report.html").write_text("<html>my notes on this mix</html>")
    with pytest.raises(StoreError, match="no such page"):
        mixtrace.report(out)
    with pytest.raises(StoreError, match="no such page"):
        mixtrace.compare([out, out], out / "report.html")
    assert (out / "report.html").read_text() == "<html>my notes on this mix</html>"
    (out / "report.html").unlink()
    mixtrace.report(out)
    assert mixtrace.report(out) == out / "report.html"  # its own is


def test_a_page_that_is_a_link_leads_nowhere(tmp_path: Path, write_result: Callable[..., Path]):
    out = write_result(tmp_path / "OUT")
    page = mixtrace.report(out)
    page.rename(tmp_path / "precious.html")
    before = (tmp_path / "precious.html").read_bytes()
    page.symlink_to(tmp_path / "precious.html")
    with pytest.raises(StoreError, match="there is a link"):
        mixtrace.report(out)
    assert (tmp_path / "precious.html").read_bytes() == before


@pytest.mark.parametrize("failing", ["collect_evidence", "write_listening", "make_report"])
def test_a_result_is_never_lost_over_its_page(
    tiny_song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
):
    def broken(*rest: object, **more: object) -> None:
        raise RuntimeError("a mistake in the page")

    monkeypatch.setattr("mixtrace.prune.search.PublishedSearch.invert", found_at_once)
    out = tmp_path / "OUT"
    mixtrace.fit(tiny_song, out, method=PublishedSearch(), align=False)
    old = (out / "graph.json").stat().st_mtime_ns
    monkeypatch.setattr(f"mixtrace.verbs.results.{failing}", broken)
    found = mixtrace.fit(tiny_song, out, method=PublishedSearch(), align=False)
    assert "The result in" in found.lacking and "a mistake in the page" in found.lacking
    assert (out / "graph.json").stat().st_mtime_ns > old
    assert not (out / "report.html").exists()  # the old one told of another result
    for name in ("fit.json", "metrics.json", "mix.wav", "params.safetensors"):
        assert (out / name).is_file()
    assert mixtrace.show(out)
