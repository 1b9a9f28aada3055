"""A survey of small data sets, against closed forms and counts by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch
from graph_dataset import PlannedSong, desk, write_dataset

from mixtrace import corpus
from mixtrace.interpret import node_of
from mixtrace.processors.captured_reverb import captured_taps
from mixtrace.surveying import ALL, Survey, take_survey
from mixtrace.surveying.measuring import GRID_HZ, LEVEL, LEVELS_DB, RT60
from mixtrace.surveying.survey import SEND

RT60_S, WET = 0.8, 0.1


def bell(gain_db: float):
    return node_of(
        "parametric_equalizer",
        bell_hz=[1000.0],
        bell_db=[gain_db],
        bell_q=[2.0],
        high_pass_db_per_octave=0.0,
        low_pass_db_per_octave=0.0,
    )


def hall(wet: float):
    """Noise that falls by 60 dB in 0.8 s."""
    time_s = torch.arange(30_000) / 30_000.0
    noise = torch.randn(2, 30_000, generator=torch.Generator().manual_seed(1))
    taps = captured_taps(noise * 10.0 ** (-3.0 * time_s / RT60_S))
    return node_of("captured_reverb", wet, taps=taps, stored_rate_hz=30_000)


def songs() -> dict[str, PlannedSong]:
    squash = node_of(
        "compressor", threshold_db=-20.0, ratio=4.0, knee_db=0.0, detector=0.0, make_up_db=0.0
    )
    first = desk(
        {"kick": [bell(6.0), squash], "voice": [bell(-2.0), hall(WET)]},
        sends={"voice": {"plate": node_of("send", level_db=-12.0)}},
        returns={"plate": [hall(1.0)]},
        master=[node_of("saturation", drive_db=6.0)],
    )
    second = desk({"snare": [bell(2.0)]})
    return {
        "first": PlannedSong(
            first, {"l_a": 0.5, "seconds": 10.0}, [("gate", "kick"), ("limiter", "master")]
        ),
        "second": PlannedSong(second, {"l_a": 0.25, "seconds": 30.0}, [("gate", "snare")]),
    }


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    folder = tmp_path_factory.mktemp("set")
    write_dataset(folder, songs())
    return take_survey(corpus.load(folder))


def test_songs_are_counted(survey: Survey):
    assert survey.songs == ["first", "second"]
    assert survey.facts["tracks"] == [2.0, 1.0]
    assert survey.facts["returns"] == [1.0, 0.0]
    # 3 on the kick, 4 on the voice with its send, 1 on the return, 1 on the master.
    assert survey.facts["processors"] == [9.0, 2.0]
    assert survey.facts["removed"] == pytest.approx([2 / 11, 1 / 3])
    assert np.isnan(survey.facts["l_a_sum"]).all()
    # Inputs, the sums of return and master, and the output stand beside the processors.
    assert survey.facts["nodes"] == [14.0, 5.0]


def test_what_is_kept_is_told_by_kind_and_place(survey: Survey):
    told = {key: (each.kept, each.console) for key, each in survey.kept.items()}
    assert told["parametric_equalizer", ALL] == (3, 3)
    assert told["parametric_equalizer", "drums"] == (2, 2)
    assert told["parametric_equalizer", "vocals"] == (1, 1)
    assert told["gate", "drums"] == told["gate", ALL] == (0, 2)
    assert told["limiter", "master"] == (0, 1)
    assert told["captured_reverb", "returns"] == (1, 1)
    assert ("gate", "vocals") not in told


def test_tone_curves_have_the_gains_of_bells_at_their_centre(survey: Survey):
    centre = int(np.argmin(np.abs(GRID_HZ - 1000.0)))
    every, drums = (survey.tones["parametric_equalizer", p] for p in (ALL, "drums"))
    assert (every.count, drums.count) == (3, 2)
    # Responses are read in steps of 4 Hz; a bell of Q 2 bends by 0.001 dB over as much.
    assert every.mean_db[centre] == pytest.approx((6.0 - 2.0 + 2.0) / 3.0, abs=0.02)
    assert drums.mean_db[centre] == pytest.approx(4.0, abs=0.02)
    assert drums.mean_db[0] == pytest.approx(0.0, abs=0.02)  # five octaves below


def test_gain_reduction_follows_threshold_and_ratio(survey: Survey):
    tally = survey.levels["compressor", "drums"]
    expected = -0.75 * np.maximum(LEVELS_DB + 20.0, 0.0)
    np.testing.assert_allclose(tally.mean_db, expected, atol=1e-4)  # single precision


def test_settings_are_those_of_the_graphs(survey: Survey):
    told = {(q.kind, q.name, place): n.values for (q, place), n in survey.settings.items()}
    assert told["compressor", "threshold_db", "drums"] == pytest.approx([-20.0])
    assert told["parametric_equalizer", "bell_db", ALL] == pytest.approx([6.0, -2.0, 2.0])
    assert told["saturation", "drive_db", "master"] == pytest.approx([6.0])
    assert told[SEND.kind, SEND.name, "vocals"] == pytest.approx([-12.0])
    # Shelves of 0 dB do nothing, wherever they stand.
    assert ("parametric_equalizer", "low_shelf_hz", ALL) not in told


def test_reverbs_ring_as_long_and_loud_as_they_were_made(survey: Survey):
    told = {(q.name, place): n.values for (q, place), n in survey.settings.items()}
    # A line through the decay of one drawing of noise: within some hundredths.
    assert told[RT60, "vocals"] == pytest.approx([RT60_S], rel=0.05)
    # Unit energy by definition; the sums of energies are of single precision.
    level_db = 20.0 * np.log10(WET / (1.0 - WET))
    assert told[LEVEL, "vocals"] == pytest.approx([level_db], abs=0.01)
    assert len(told[LEVEL, "returns"]) == 0


def test_a_bus_and_a_track_of_one_name_are_told_apart(tmp_path: Path):
    planned = desk({"drums": [bell(1.0)]})
    planned = type(planned)(planned.tracks, {}, {}, [node_of("limiter")])
    write_dataset(tmp_path, {"a": PlannedSong(planned, {}, [("gate", "drums")])})
    survey = take_survey(corpus.load(tmp_path))
    assert survey.kept["gate", "drums"].console == 1


def test_progress_is_told_song_by_song(tmp_path: Path):
    write_dataset(tmp_path, songs())
    seen: list[tuple[int, int]] = []
    take_survey(corpus.load(tmp_path), lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


def test_a_data_set_without_songs_has_an_empty_survey(tmp_path: Path):
    write_dataset(tmp_path, {})
    survey = take_survey(corpus.load(tmp_path))
    assert (survey.songs, dict(survey.kept), dict(survey.settings)) == ([], {}, {})
