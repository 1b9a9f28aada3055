"""`capture`: what it leaves on disk, what it tells, and what it refuses."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import mixtrace
from mixtrace.errors import MixtraceError
from mixtrace.progress import Progress
from mixtrace.store import read_capture, read_gains_db

pytestmark = pytest.mark.timeout(300)

PANS = ((0.5, 0.25), (0.3, 0.6), (0.4, 0.4))


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three tracks of noise bursts under gains and pans, one more in stereo, 12 s at 22.05 kHz."""
    rate, rng = 22_050, np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("song") / "a song"
    (folder / "tracks").mkdir(parents=True)
    mix = np.zeros((12 * rate, 2))
    for number, pan in enumerate(PANS):
        bursts = np.repeat(rng.uniform(0.0, 1.0, 48), rate // 4 + 1)[: 12 * rate]
        audio = 0.1 * bursts * rng.standard_normal(12 * rate)
        soundfile.write(folder / "tracks" / f"{number} =a.wav", audio, rate, subtype="FLOAT")
        mix += audio[:, None] * pan
    stereo = 0.05 * rng.standard_normal((12 * rate, 2))
    soundfile.write(folder / "tracks" / "3 Pad.wav", stereo, rate, subtype="FLOAT")
    soundfile.write(folder / "mix.wav", mix + stereo, rate, subtype="FLOAT")
    return folder


@pytest.fixture(scope="module")
def out(song: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("result") / "OUT"
    mixtrace.capture(song, folder, unseen="end:40")
    return folder


def test_a_capture_leaves_a_complete_folder(out: Path):
    assert sorted(str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()) == [
        "capture.json",
        "estimate.wav",
        "gains.csv",
        "metrics.json",
        "report.html",
        "residual.wav",
        "responses/01 0 _a.wav",
        "responses/02 1 _a.wav",
        "responses/03 2 _a.wav",
        "responses/04 3 Pad.wav",
    ]
    metrics = json.loads((out / "metrics.json").read_text("utf-8"))
    assert metrics["held_out"]["choice"] == "end:40"


def test_responses_are_float_audio_that_rebuilds_the_estimate(song: Path, out: Path):
    stored = read_capture(out)
    total = np.zeros((12 * 22_050, 2))
    for track in stored.tracks:
        path = out / "responses" / track.file
        assert soundfile.info(path).subtype == "FLOAT"
        response, rate = soundfile.read(path)
        assert rate == stored.sample_rate_hz == 22_050
        assert response.shape == (stored.response_samples, 2 * track.channels)
        dry, _ = soundfile.read(song / "tracks" / f"{track.name}.wav", always_2d=True)
        for channel in range(track.channels):
            for side in range(2):
                wet = np.convolve(dry[:, channel], response[:, 2 * channel + side])
                start = stored.lead_samples
                total[:, side] += wet[start : start + len(total)]
    estimate, _ = soundfile.read(out / "estimate.wav")
    # no track has a curve here, so that responses alone make the estimate; 24 bits and float32
    assert not any(track.curve for track in stored.tracks)
    np.testing.assert_allclose(total, estimate, atol=1e-5)
    mix, _ = soundfile.read(song / "mix.wav")
    residual, _ = soundfile.read(out / "residual.wav")
    np.testing.assert_allclose(mix - estimate, residual, atol=1e-6)


def test_what_was_done_is_found(out: Path):
    stored = read_capture(out)
    for track, pan in zip(stored.tracks, PANS, strict=False):
        found = [np.median(np.array(side)[60:]) for side in track.direct_db]
        # 7 s of noise over 30 dB of other noise fix a level to a tenth of a decibel
        np.testing.assert_allclose(found, 20 * np.log10(pan), atol=0.1)
        assert abs(track.arrival_s) < 2e-6
    assert stored.error_unseen is not None and stored.error_unseen < 0.01
    assert read_gains_db(out, stored).shape == (4, 2_406)  # frames of 110 samples
    assert (out / "gains.csv").read_text("utf-8").startswith("time_s,0 =a,1 =a,2 =a,3 Pad\n")


def test_show_tells_it_in_words_and_report_makes_the_page_anew(out: Path):
    told = str(mixtrace.show(out))
    assert "0 =a" in told
    assert "panned 41 % left" in told
    page = (out / "report.html").read_bytes()
    (out / "report.html").unlink()
    assert mixtrace.report(out) == out / "report.html"
    assert (out / "report.html").read_bytes() == page


def test_the_same_capture_gives_the_same_files(song: Path, out: Path):
    before = {p: p.read_bytes() for p in out.rglob("*.wav")}
    mixtrace.capture(song, out, unseen="end:40")
    assert {p: p.read_bytes() for p in out.rglob("*.wav")} == before


def test_another_songs_folder_is_kept_unless_fresh(song: Path, out: Path):
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    with pytest.raises(MixtraceError, match="--fresh"):
        mixtrace.capture(song, out)
    with pytest.raises(MixtraceError, match="fit"):
        mixtrace.fit(song, out)
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before


def test_a_folder_with_files_of_others_is_refused(song: Path, tmp_path: Path):
    (tmp_path / "responses").mkdir()
    (tmp_path / "responses" / "mine.wav").write_bytes(b"mine")
    with pytest.raises(MixtraceError, match="no capture wrote"):
        mixtrace.capture(song, tmp_path)
    assert (tmp_path / "responses" / "mine.wav").read_bytes() == b"mine"


def test_fresh_removes_the_responses_that_are_no_more(
    song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    mixtrace.capture(song, tmp_path / "OUT")
    mine = tmp_path / "OUT" / "responses" / "mine.wav"
    mine.write_bytes(b"mine")
    (song / "tracks" / "3 Pad.wav").rename(song / "tracks" / "3 Organ.wav")
    try:
        mixtrace.capture(song, tmp_path / "OUT", fresh=True)
    finally:
        (song / "tracks" / "3 Organ.wav").rename(song / "tracks" / "3 Pad.wav")
    names = sorted(p.name for p in (tmp_path / "OUT" / "responses").iterdir())
    assert names == ["01 0 _a.wav", "02 1 _a.wav", "03 2 _a.wav", "04 3 Organ.wav", "mine.wav"]


def test_fresh_removes_nothing_that_a_document_names_elsewhere(
    song: Path, out: Path, tmp_path: Path
):
    folder = tmp_path / "OUT"
    shutil.copytree(out, folder)
    (tmp_path / "precious.wav").write_bytes(b"precious")
    document = json.loads((folder / "capture.json").read_text("utf-8"))
    document["tracks"][0]["file"] = "../../precious.wav"
    document["tracks"][1]["file"] = "../gains.csv"
    (folder / "capture.json").write_text(json.dumps(document), "utf-8")
    mixtrace.capture(song, folder, unseen="end:40", fresh=True)
    assert (tmp_path / "precious.wav").read_bytes() == b"precious"
    assert (folder / "gains.csv").is_file()


def test_fresh_replaces_a_capture_that_cannot_be_read(song: Path, out: Path, tmp_path: Path):
    folder = tmp_path / "OUT"
    shutil.copytree(out, folder)
    (folder / "capture.json").write_text("{}")
    mixtrace.capture(song, folder, unseen="end:40", fresh=True)
    assert read_capture(folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tracks", []),
        ("tail_likeness", [[1.0]]),
        ("sample_rate_hz", "44100"),
        ("song", "a\u202eb"),
        ("lead_samples", 10**9),
        ("extra", 1),
    ],
)
def test_a_damaged_document_is_refused_in_one_sentence(
    out: Path, tmp_path: Path, key: str, value: Any
):
    document = json.loads((out / "capture.json").read_text("utf-8"))
    document[key] = value
    (tmp_path / "capture.json").write_text(json.dumps(document), "utf-8")
    with pytest.raises(MixtraceError, match=r"capture\.json"):
        read_capture(tmp_path)


@pytest.mark.parametrize("table", ["", "time_s\n", "time_s\n\n"])
def test_a_table_of_gains_without_rows_is_refused(out: Path, tmp_path: Path, table: str):
    (tmp_path / "gains.csv").write_text(table, "utf-8")
    with pytest.raises(MixtraceError, match=r"gains\.csv.*no rows"):
        read_gains_db(tmp_path, read_capture(out))


def test_without_a_folder_nothing_is_written(
    song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    found = mixtrace.capture(song)
    assert found.folder is None
    assert found.measures.held_out is None
    assert list(tmp_path.iterdir()) == []


def test_an_unseen_that_cannot_be_is_refused_before_anything_is_read(song: Path):
    with pytest.raises(MixtraceError, match="90 percent"):
        mixtrace.capture(song, unseen="end:99")


def test_an_interrupted_capture_goes_on_to_the_same_result(
    song: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Stopped after the length was chosen, by Ctrl-C, it does not choose again."""

    def interrupted(progress: Progress) -> None:
        if progress.stage == "reading the mix" and progress.done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mixtrace.capture(song, tmp_path / "OUT", unseen="end:40", on_progress=interrupted)
    assert [p.name for p in (tmp_path / "OUT").iterdir()] == ["checkpoint.safetensors"]

    def forbidden(*rest: Any) -> Any:
        raise AssertionError("chosen again")

    monkeypatch.setattr("mixtrace.captured.reading.best_length", forbidden)
    mixtrace.capture(song, tmp_path / "OUT", unseen="end:40")
    for path in out.rglob("*.wav"):
        assert (tmp_path / "OUT" / path.relative_to(out)).read_bytes() == path.read_bytes()
    assert not (tmp_path / "OUT" / "checkpoint.safetensors").exists()


def test_a_mix_of_other_tracks_is_refused_unless_forced(song: Path, tmp_path: Path):
    folder = tmp_path / "wrong"
    (folder / "tracks").mkdir(parents=True)
    for path in (song / "tracks").iterdir():
        audio, rate = soundfile.read(path)
        (folder / "tracks" / path.name).write_bytes(path.read_bytes())
    other = 0.1 * np.random.default_rng(9).standard_normal((len(audio), 2))
    soundfile.write(folder / "mix.wav", other, rate, subtype="FLOAT")
    with pytest.raises(MixtraceError, match="--force"):
        mixtrace.capture(folder, tmp_path / "OUT")
    assert not (tmp_path / "OUT").exists()


def test_nothing_that_can_be_read_is_one_sentence(song: Path, tmp_path: Path):
    folder = tmp_path / "still"
    (folder / "tracks").mkdir(parents=True)
    soundfile.write(folder / "tracks" / "a.wav", np.zeros(44_100), 22_050)
    (folder / "mix.wav").write_bytes((song / "mix.wav").read_bytes())
    with pytest.raises(MixtraceError, match="a: it is silent"):
        mixtrace.capture(folder, tmp_path / "OUT", align=False)
    assert not (tmp_path / "OUT").exists()
