"""`transfer`: a result like any other, of tracks with or without a mix; what is refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

import mixtrace
from mixtrace.cli.main import app
from mixtrace.errors import AudioError, MixtraceError, SessionError
from mixtrace.metrics.levels import integrated_loudness_lufs
from mixtrace.store import LIKENESS, read_graph, read_likeness
from mixtrace.transferring import TransferConfig

FEW = TransferConfig(steps=3)


@pytest.fixture
def reference(tiny_song: Path, tmp_path: Path) -> Path:
    """Return a brighter and wider mix: that of the tiny song, differentiated on one side."""
    audio, rate = soundfile.read(tiny_song / "mix.wav", always_2d=True)
    left = audio.mean(1)
    right = np.append(np.diff(left), 0.0) + 0.5 * left
    path = tmp_path / "other <song>.wav"
    soundfile.write(path, np.stack([left, right], 1), rate, subtype="FLOAT")
    return path


def test_what_is_written_is_a_result_like_any_other(
    tiny_song: Path, reference: Path, tmp_path: Path
) -> None:
    out = tmp_path / "OUT"
    found = mixtrace.transfer(tiny_song, reference, out, config=FEW)
    assert found.lacking == ""
    audio, _ = soundfile.read(out / "mix.wav")
    np.testing.assert_allclose(audio.T, found.mix, atol=2.0**-23)  # a step of 24 bits
    mixtrace.render(out, tiny_song, tmp_path / "again.wav")
    again, _ = soundfile.read(tmp_path / "again.wav")
    np.testing.assert_array_equal(again, audio)
    assert read_likeness(out / LIKENESS) == found.likeness
    assert read_graph(out / "graph.json").graph == found.stored.graph
    page = (out / "report.html").read_text("utf-8")
    assert "mixed like other &lt;song&gt;" in page and "other <song>" not in page
    mixtrace.show(out)
    mixtrace.export(out, "files", tmp_path / "files")


def test_result_is_as_loud_as_asked(tiny_song: Path, reference: Path) -> None:
    config = TransferConfig(steps=3, loudness_lufs=-20.0)
    found = mixtrace.transfer(tiny_song, reference, config=config)
    own = integrated_loudness_lufs(found.mix, found.sample_rate_hz)
    # RMS levels are matched, and they lie within some dB of a loudness.
    assert own == pytest.approx(-20.0, abs=3.0)


def test_tracks_alone_are_enough(tiny_song: Path, reference: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    shutil.copytree(tiny_song / "tracks", alone / "tracks")
    found = mixtrace.transfer(alone, reference, config=FEW)
    assert any("The song has no mix" in note for note in found.notes)
    assert len(found.stored.tracks) == len(list((tiny_song / "tracks").iterdir()))


def test_command_prints_features_and_refuses_in_a_sentence(
    tiny_song: Path, reference: Path, tmp_path: Path
) -> None:
    run = CliRunner().invoke
    arguments = ["transfer", str(tiny_song), "--reference", str(reference), "--steps", "2"]
    done = run(app, [*arguments, "-o", str(tmp_path / "OUT")], catch_exceptions=False)
    assert done.exit_code == 0
    assert "spectrum of side, off by" in done.output and "report.html" in done.output
    facts = json.loads((tmp_path / "OUT" / "fit.json").read_text())
    assert facts["config"]["recipe"] == "transfer"


def test_reference_that_is_silent_or_missing_is_refused(tiny_song: Path, tmp_path: Path) -> None:
    silent = tmp_path / "silent.wav"
    soundfile.write(silent, np.zeros((90_000, 2)), 30_000)
    with pytest.raises(AudioError, match="Expected a reference that sounds"):
        mixtrace.transfer(tiny_song, silent, tmp_path / "OUT", config=FEW)
    with pytest.raises(AudioError, match="Expected another song's mix"):
        mixtrace.transfer(tiny_song, tmp_path / "missing.wav", tmp_path / "OUT", config=FEW)
    assert not (tmp_path / "OUT" / "graph.json").exists()


def test_a_transfer_is_no_song_and_is_not_refined_to_its_songs_own_mix(
    tiny_song: Path, reference: Path, tmp_path: Path
) -> None:
    out = tmp_path / "OUT"
    mixtrace.transfer(tiny_song, reference, out, config=FEW)
    for verb in (mixtrace.fit, lambda song, to: mixtrace.transfer(song, reference, to)):
        with pytest.raises(SessionError, match="holds a result that mixtrace wrote"):
            verb(out, tmp_path / "NEW")
    pytest.importorskip("pedalboard", reason="pedalboard is an extra: pip install mixtrace[refine]")
    with pytest.raises(MixtraceError, match="mixed like another song"):
        mixtrace.refine(out, tmp_path / "NEW")
    assert not (tmp_path / "NEW").exists()
