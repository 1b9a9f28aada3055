"""LSP's plug-ins against closed forms and our own processors, and what happens without them."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from lv2_stand_in import put_stand_in
from planted_desk import RATE_HZ, alone, planted_desk, planted_tracks, settings_of

from mixtrace.errors import MixtraceError
from mixtrace.exporting import Project
from mixtrace.processors import NodeSettings
from mixtrace.refining import Knobs, Lv2Engine
from mixtrace.refining.lsp import NEEDED_PLUG_INS

TIME_S = np.arange(RATE_HZ) / RATE_HZ


def quiet(*step: object) -> None:
    pass


@pytest.fixture
def plug_ins() -> None:
    """Skip where the plug-ins or their host are not installed."""
    pytest.importorskip("pedalboard", reason="pedalboard is an extra: pip install mixtrace[refine]")
    lacking = shutil.which("lv2apply") is None or shutil.which("lv2ls") is None
    known = "" if lacking else subprocess.run(["lv2ls"], capture_output=True, text=True).stdout
    if any(uri not in known for uri in NEEDED_PLUG_INS):
        pytest.skip("Install lsp-plugins-lv2 and lilv-utils to test with real plug-ins.")


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a host that copies what enters it, knows all plug-ins, and logs what it was told."""
    pytest.importorskip("pedalboard", reason="pedalboard is an extra: pip install mixtrace[refine]")
    return put_stand_in(tmp_path, monkeypatch)


def played(settings: NodeSettings, audio: np.ndarray, folder: Path) -> np.ndarray:
    """Return what the plug-in of a processor makes of audio on both channels."""
    folder.mkdir(exist_ok=True)
    project = alone(settings.kind, settings, [np.stack([audio, audio]).astype(np.float32)])
    engine = Lv2Engine(project, folder, quiet)
    (found,) = engine.render(project.settings, [(0, len(audio))])
    return found[0]


def steady_db(settings: NodeSettings, level_db: float, folder: Path) -> float:
    """Return the gain at the end of a sine whose peaks have a level."""
    sine = 10.0 ** (level_db / 20.0) * np.sin(2.0 * np.pi * 1000.0 * TIME_S)
    end = slice(len(sine) - RATE_HZ // 10, None)
    heard = played(settings, sine, folder)[end]
    return 10.0 * np.log10(np.mean(heard**2) / np.mean(sine[end] ** 2))


def test_an_equalizer_has_the_curves_of_ours(plug_ins: None, tmp_path: Path):
    settings = settings_of(
        "parametric_equalizer",
        high_pass_db_per_octave=24.0,
        high_pass_hz=60.0,
        low_shelf_hz=200.0,
        low_shelf_db=-5.0,
        bell_hz=[700.0, 2500.0],
        bell_db=[6.0, -4.0],
        bell_q=[1.4, 3.0],
    )
    impulse = np.zeros(RATE_HZ // 2)
    impulse[0] = 0.5
    found = 2.0 * played(settings, impulse, tmp_path / "scratch")
    project = alone(settings.kind, settings, planted_tracks()[:1])
    at_hz = np.array([40.0, 60.0, 120.0, 200.0, 500.0, 700.0, 1500.0, 2500.0, 6000.0])
    theirs_db, ours_db = (
        20.0 * np.log10(np.abs(np.exp(-2j * np.pi * np.outer(at_hz, TIME_S[: len(taps)])) @ taps))
        for taps in (found, project.response(2).taps[0].squeeze())
    )
    # Theirs are cramped a little towards half the rate; ours are matched to the analogue ones.
    np.testing.assert_allclose(theirs_db, ours_db, atol=0.25)


def test_a_gentle_pass_is_pedalboards(plug_ins: None, tmp_path: Path):
    settings = settings_of(
        "parametric_equalizer",
        high_pass_db_per_octave=6.0,
        high_pass_hz=500.0,
        bell_db=[0.0],
        bell_hz=[900.0],
        bell_q=[1.0],
    )
    # A pass of the first order is 3.01 dB down at its frequency; bilinear filters miss by less.
    corner = np.sin(2.0 * np.pi * 500.0 * TIME_S)
    end = slice(RATE_HZ // 2, None)
    found = np.mean(played(settings, corner, tmp_path / "scratch")[end] ** 2)
    assert 10.0 * np.log10(found / 0.5) == pytest.approx(-3.01, abs=0.05)


@pytest.mark.parametrize(("detector", "from_peak_db"), [(0.0, 0.0), (1.0, -3.01)])
def test_a_compressor_has_the_static_curve_of_ours(
    plug_ins: None, tmp_path: Path, detector: float, from_peak_db: float
):
    times = {"attack_ms": 1.0, "release_ms": 200.0}
    settings = settings_of(
        "compressor",
        threshold_db=-24.0,
        ratio=4.0,
        knee_db=0.0,
        make_up_db=2.0,
        detector=detector,
        **times,
    )
    scratch = tmp_path / "scratch"
    # Peaks are held by a release that is not endless, so that a sine reads a little lower.
    wanted_db = 2.0 - 0.75 * (-10.0 + from_peak_db + 24.0)
    assert steady_db(settings, -10.0, scratch) == pytest.approx(wanted_db, abs=0.3)
    assert steady_db(settings, -40.0, scratch) == pytest.approx(2.0, abs=0.01)


def test_a_gate_turns_down_by_its_range_below_its_threshold(plug_ins: None, tmp_path: Path):
    settings = settings_of(
        "gate", threshold_db=-30.0, range_db=-20.0, attack_ms=1.0, release_ms=50.0
    )
    scratch = tmp_path / "scratch"
    assert steady_db(settings, -33.0, scratch) == pytest.approx(-20.0, abs=0.1)
    assert steady_db(settings, -26.0, scratch) == pytest.approx(0.0, abs=0.1)


def test_what_a_plug_in_is_told_moves_and_is_handed_over(stand_in: Path, tmp_path: Path):
    project = compressed()
    engine = Lv2Engine(project, made(tmp_path / "scratch"), quiet)
    moved = {name for (_, name), _ in Knobs.heard(project.settings, engine.told).places}
    # Unlike pedalboard's it has a knee; no plug-in here looks ahead.
    assert {"threshold_db", "ratio", "knee_db", "attack_ms", "release_ms"} <= moved
    assert "look_ahead_ms" not in moved
    (plug_in,) = engine.plug_ins(project.settings)
    assert plug_in.uri.endswith("/compressor_stereo")
    assert plug_in.dials["al"] == pytest.approx(10.0 ** (-30.0 / 20.0))
    # It dials the time to 1 - 1/sqrt(2) of a step: 5 ms times ln(1 / 0.2929).
    assert plug_in.dials["at"] == pytest.approx(5.0 * np.log(1.0 / 0.292893), rel=1e-5)


def test_parts_that_touch_are_played_once_and_cut_where_they_lie(stand_in: Path, tmp_path: Path):
    project = compressed()
    engine = Lv2Engine(project, made(tmp_path / "scratch"), quiet)
    spans = [(20_000, 50_000), (0, 30_000), (60_000, 70_000)]
    parts = engine.render(project.settings, spans)
    track = np.broadcast_to(project.track(1), (2, project.length_samples))
    for part, (start, stop) in zip(parts, spans, strict=True):
        # The stand-in copies files of 32 bits: nothing is lost or moved.
        np.testing.assert_array_equal(part, track[:, start:stop])
    assert len((tmp_path / "log").read_text().splitlines()) == 2


def test_a_plug_in_that_breaks_down_is_told(stand_in: Path, tmp_path: Path):
    project = compressed()
    engine = Lv2Engine(project, made(tmp_path / "scratch"), quiet)
    engine.render(project.settings, [(0, 1000)])
    (stand_in / "lv2apply").write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(MixtraceError, match=r"compressor_stereo to play to its end"):
        engine.render(project.settings, [(0, 1000)])


@pytest.mark.parametrize("lacking", ["lv2apply", "lv2ls", "gate_stereo"])
def test_without_host_or_plug_ins_it_says_what_to_install(
    stand_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacking: str
):
    monkeypatch.setenv("PATH", f"{stand_in}:/bin-without-them")
    if lacking == "gate_stereo":
        monkeypatch.setenv("PATH", f"{stand_in}:/usr/bin:/bin")
        listed = "\n".join(uri for uri in NEEDED_PLUG_INS if lacking not in uri)
        (stand_in / "lv2ls").write_text(f"#!/bin/sh\ncat <<'END'\n{listed}\nEND\n")
    else:
        (stand_in / lacking).unlink()
    with pytest.raises(MixtraceError, match=f"{lacking} is not installed. Install lsp-plugins"):
        Lv2Engine(planted_desk(), tmp_path, quiet)


def compressed() -> Project:
    settings = settings_of(
        "compressor", threshold_db=-30.0, ratio=3.0, attack_ms=5.0, release_ms=80.0
    )
    return alone("compressor", settings, planted_tracks()[:1])


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder
