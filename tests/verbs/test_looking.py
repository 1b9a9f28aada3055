"""`show` tells results from songs; `evaluate` compares files as they are."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

import mixtrace
from mixtrace.errors import MixtraceError
from mixtrace.store import GRAPH, PARAMS, StoredGraph, write_graph


def test_show_a_result_by_folder_or_file(tmp_path: Path, stored_graph: StoredGraph):
    write_graph(stored_graph, tmp_path / GRAPH, tmp_path / PARAMS)
    text = str(mixtrace.show(tmp_path))
    assert text == str(mixtrace.show(tmp_path / GRAPH))
    assert "01_Kick" in text
    assert "compressor: above" in text


def test_show_a_song(tiny_song: Path):
    steps = []
    text = str(mixtrace.show(tiny_song, on_progress=steps.append))
    assert "took mix.wav for the mix" in text
    assert {step.stage for step in steps} == {"reading", "aligning", "comparing"}
    assert "alignment off" in str(mixtrace.show(tiny_song, align=False))


def test_show_nothing(tmp_path: Path):
    with pytest.raises(MixtraceError, match="nothing at"):
        mixtrace.show(tmp_path / "absent")


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


def test_what_is_no_audio_is_refused(tiny_song: Path, tmp_path: Path):
    (tmp_path / "text.wav").write_text("no audio")
    for pair in ((tmp_path / "text.wav", tiny_song / "mix.wav"), (tiny_song, tmp_path / "x.wav")):
        with pytest.raises(MixtraceError, match="cannot be read"):
            mixtrace.evaluate(*pair)
