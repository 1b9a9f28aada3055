"""`evaluate` compares files as they are, and folders by the names of their files."""

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

import mixtrace
from mixtrace.errors import MixtraceError


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Return two folders: two pairs, one file that is alone in each, and one that is no audio."""
    rng = np.random.default_rng(1)
    for folder in ("targets", "estimates"):
        (tmp_path / folder).mkdir()
    for name, gain in (("one", 0.5), ("two", 0.9)):
        audio = 0.1 * rng.standard_normal((2 * 22_050, 2))
        soundfile.write(tmp_path / "targets" / f"{name}.wav", audio, 22_050)
        soundfile.write(tmp_path / "estimates" / f"{name}.flac", gain * audio, 22_050)
    soundfile.write(tmp_path / "targets" / "lonely.wav", audio, 22_050)
    soundfile.write(tmp_path / "estimates" / "other.wav", audio, 22_050)
    (tmp_path / "estimates" / "lonely.txt").write_text("no audio")
    return tmp_path / "targets", tmp_path / "estimates"


@pytest.fixture
def noises(tmp_path: Path) -> dict[float, Path]:
    """Return files of one noise, cut to several lengths in seconds."""
    noise = 0.1 * np.random.default_rng(2).standard_normal((3 * 22_050, 2))
    files = {}
    for length_s in (0.4, 1.0, 2.0, 3.0):
        files[length_s] = tmp_path / f"{length_s:g}.wav"
        soundfile.write(files[length_s], noise[: round(length_s * 22_050)], 22_050, "FLOAT")
    return files


def test_a_mix_matches_itself(tiny_song: Path):
    measures = mixtrace.evaluate(tiny_song / "mix.wav", tiny_song / "mix.wav")
    assert measures.published.l_a == measures.eq4.l_a == measures.mae == measures.mrsd == 0.0
    assert measures.loudness_difference_lu == 0.0


def test_a_quieter_mono_copy_at_another_rate(tmp_path: Path):
    rng = np.random.default_rng(0)
    target = 0.1 * rng.standard_normal(4 * 44_100)
    soundfile.write(tmp_path / "target.wav", target, 44_100, subtype="FLOAT")
    stereo = np.stack([target, target], 1) * 10.0 ** (-6.0 / 20.0)
    soundfile.write(tmp_path / "half.wav", stereo, 44_100, subtype="FLOAT")
    soundfile.write(tmp_path / "slow.wav", stereo[::2], 22_050, subtype="FLOAT")
    measures = mixtrace.evaluate(tmp_path / "target.wav", tmp_path / "half.wav")
    assert measures.loudness_difference_lu == pytest.approx(-6.0, abs=1e-4)
    expected = np.mean(np.abs(target)) * (1.0 - 10.0 ** (-6.0 / 20.0))
    assert measures.mae == pytest.approx(expected, rel=1e-4)
    assert mixtrace.evaluate(tmp_path / "target.wav", tmp_path / "slow.wav").target.loudness_lufs


def test_what_lengths_leave_out_is_told(noises: dict[float, Path]):
    found = mixtrace.evaluate(noises[3.0], noises[2.0])
    assert (found.compared.target_s, found.compared.estimate_s) == (3.0, 2.0)
    assert "All 3.00 s" in found.compared.words
    assert "the estimate, which ends after 2.00 s, is silent" in found.compared.words
    # The missing second is noise against silence: a third of the error of noise against nothing.
    noise, _ = soundfile.read(noises[3.0])
    assert found.mae == pytest.approx(np.abs(noise[2 * 22_050 :]).sum() / noise.size, rel=1e-3)
    turned = mixtrace.evaluate(noises[2.0], noises[3.0]).compared
    assert "the target, which ends after 2.00 s, is silent" in turned.words
    assert "features are those of 0.00 to 2.0" in turned.words  # the estimate's last second is out
    equal = mixtrace.evaluate(noises[2.0], noises[2.0]).compared
    assert equal.words == "All 2.00 s are compared; L_a leaves out the first second."


def test_a_target_that_sounds_only_where_nothing_is_counted_is_told(tmp_path: Path):
    audio = np.zeros((3 * 22_050, 2))
    audio[:10_000] = 0.1 * np.random.default_rng(3).standard_normal((10_000, 2))
    soundfile.write(tmp_path / "early.wav", audio, 22_050)
    words = mixtrace.evaluate(tmp_path / "early.wav", tmp_path / "early.wav").compared.words
    assert "nothing of the target sounds after it" in words


@pytest.mark.parametrize("pair", [(0.4, 3.0), (3.0, 0.4), (0.4, 0.4), (1.0, 3.0)])
def test_what_ends_within_the_first_second_is_refused_by_name(
    noises: dict[float, Path], pair: tuple[float, float]
):
    target, estimate = (noises[each] for each in pair)
    with pytest.raises(MixtraceError, match=rf"{min(pair):g}\.wav has {min(pair):g} s"):
        mixtrace.evaluate(target, estimate)


def test_what_is_no_audio_is_refused(tiny_song: Path, tmp_path: Path):
    (tmp_path / "text.wav").write_text("no audio")
    for pair in ((tmp_path / "text.wav", tiny_song / "mix.wav"), (tiny_song, tmp_path / "x.wav")):
        with pytest.raises(MixtraceError, match="cannot be read"):
            mixtrace.evaluate(*pair)


def test_folders_are_compared_by_names(folders: tuple[Path, Path], tmp_path: Path):
    steps = []
    table = tmp_path / "table.csv"
    found = mixtrace.evaluate_folders(*folders, table=table, on_progress=steps.append)
    assert list(found.pairs) == ["one", "two"]
    assert [Path(path).name for path in found.alone] == ["lonely.wav", "other.wav"]
    assert [(step.done, step.total) for step in steps] == [(1, 2), (2, 2)]
    alone = mixtrace.evaluate(folders[0] / "one.wav", folders[1] / "one.flac")
    assert found.pairs["one"] == alone
    losses = [pair.published.l_a for pair in found.pairs.values()]
    assert found.means()["l_a"] == pytest.approx(np.mean(losses))
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == ["one", "two"]
    assert all("All 2.00 s are compared" in row["compared"] for row in rows)
    for row, loss in zip(rows, losses, strict=True):
        assert float(row["l_a"]) == pytest.approx(loss, rel=1e-5)  # six digits are written
    assert alone.features is not None
    crest_db = alone.features.named["crest_factor_db"].target
    assert float(rows[0]["crest_factor_db_target"]) == pytest.approx(crest_db, rel=1e-5)


def test_mistakes_with_folders(folders: tuple[Path, Path], tmp_path: Path):
    targets, estimates = folders
    (tmp_path / "empty").mkdir()
    (tmp_path / "mine.csv").write_text("my own")
    (tmp_path / "earlier.csv").write_text("file,l_a,l_a_eq4,mae,mrsd,si_sdr_db")
    for table in (None, tmp_path / "earlier.csv"):  # which could be written anew
        with pytest.raises(MixtraceError, match="no such pair"):
            mixtrace.evaluate_folders(targets, tmp_path / "empty", table=table)
    with pytest.raises(MixtraceError, match="did not write"):
        mixtrace.evaluate_folders(targets, estimates, table=tmp_path / "mine.csv")
    assert (tmp_path / "mine.csv").read_text() == "my own"
    (targets / "one.flac").write_bytes((estimates / "one.flac").read_bytes())
    with pytest.raises(MixtraceError, match="one file of each name"):
        mixtrace.evaluate_folders(targets, estimates)
