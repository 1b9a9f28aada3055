"""The comparison with the truth of generated songs: the truth itself has no fault, others do."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from mixtrace.interpret import Desk, TrackStrip, node_of
from mixtrace.processors.captured_reverb import captured_taps
from mixtrace.session import Alignment
from mixtrace.store import GRAPH, PARAMS, StoredGraph, StoredTrack, write_graph

RATE_HZ, SECONDS = 22_050, 4
FAMILIES = {"kick": "drums", "snare": "drums", "voice": "vocals"}


@pytest.fixture(scope="module")
def generated_found(benchmark_module: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark_module("generated_found")


def tracks() -> dict[str, np.ndarray]:
    """Return noise whose level rises and falls, so that compressors have something to do."""
    rng = np.random.default_rng(4)
    swing = 0.05 + np.abs(np.sin(np.linspace(0.0, 25.0, SECONDS * RATE_HZ)))
    return {
        name: (0.1 * swing * rng.standard_normal((1, SECONDS * RATE_HZ))).astype(np.float32)
        for name in FAMILIES
    }


def equalizer(gain_db: float) -> Any:
    return node_of("parametric_equalizer", bell_hz=[800.0], bell_q=[1.0], bell_db=[gain_db])


def graph(
    *, voice_gain_db: float = 5.0, pan: float = 0.3, send_db: float = -6.0, squashed: bool = True
) -> StoredGraph:
    """Return a graph of three tracks; what is given can be made wrong."""
    noise = torch.randn(2, 8_000, generator=torch.Generator().manual_seed(2))
    taps = captured_taps(noise * torch.exp(-torch.arange(8_000) / 1_500.0))
    hall = node_of("captured_reverb", 1.0, taps=taps, stored_rate_hz=RATE_HZ)
    squash = node_of("compressor", threshold_db=-30.0, ratio=4.0, attack_ms=5.0, release_ms=60.0)
    strips = [
        TrackStrip("kick", "", [*([squash] if squashed else []), node_of("fader", level_db=-2.0)]),
        TrackStrip("snare", "", [node_of("fader", level_db=-4.0, pan=pan)]),
        TrackStrip(
            "voice",
            "",
            [equalizer(voice_gain_db), node_of("fader", level_db=-1.0)],
            {"hall": node_of("send", level_db=send_db)},
        ),
    ]
    made, settings = Desk(strips, returns={"hall": [hall]}).built()
    stored = tuple(StoredTrack(name, "", Alignment()) for name in FAMILIES)
    return StoredGraph("song", stored, made, settings)


def test_the_truth_has_no_fault(generated_found: ModuleType):
    scores = generated_found.compared(graph(), graph(), tracks(), RATE_HZ)
    assert list(scores) == ["everything", "vocals", "drums"]
    for own in scores.values():
        for kind, (true, found, both) in own.counts.items():
            assert true == found == both, kind
    every = scores["everything"]
    there = {kind for kind, (true, _, _) in every.counts.items() if true}
    assert there == {"EQ", "compressor", "reverb", "send"}
    assert all(every.f1(kind) == 1.0 for kind in there)
    errors = {name: values for name, values in every.numbers.items() if "error" in name}
    assert max(max(values) for values in errors.values() if values) == 0.0
    assert all(all(rights) for rights in every.right.values())
    factors = every.apart["attack within a factor of two"]
    assert factors == [1.0] and every.apart["RT60 within 15 %"] == [0.0]


def test_a_removed_compressor_is_missed_where_it_stood(generated_found: ModuleType):
    scores = generated_found.compared(graph(), graph(squashed=False), tracks(), RATE_HZ)
    assert scores["everything"].counts["compressor"] == [1, 0, 0]
    assert scores["drums"].counts["compressor"] == [1, 0, 0]
    assert scores["vocals"].counts["compressor"] == [0, 0, 0]
    assert scores["drums"].apart["threshold within 3 dB"] == [float("inf")]
    assert scores["vocals"].counts["EQ"] == [1, 1, 1]
    scores = generated_found.compared(graph(squashed=False), graph(), tracks(), RATE_HZ)
    assert scores["drums"].counts["compressor"] == [0, 1, 0]


def test_errors_are_as_large_as_they_were_made(generated_found: ModuleType):
    wrong = graph(pan=0.1, send_db=-8.5, voice_gain_db=3.0)
    scores = generated_found.compared(graph(), wrong, tracks(), RATE_HZ)
    drums, vocals = scores["drums"], scores["vocals"]
    # Where the fader stands is read back from gains in single precision.
    assert max(drums.apart["pan within 5 %"]) == pytest.approx(0.2, abs=1e-4)
    # The bell weighs a little less in what feeds the hall than in the track's own sound.
    assert vocals.numbers["level of sends: error, dB"] == pytest.approx([2.5], abs=0.2)
    # 5 dB against 3 dB at the centre, less the constant gain that is told as level.
    assert 1.5 < vocals.numbers["EQ curve: worst error, dB"][0] < 2.0
    assert drums.numbers["level of sends: error, dB"] == []


def test_songs_are_read_with_their_truth_and_told_as_tables(
    generated_found: ModuleType, tmp_path: Path
):
    (tmp_path / "tracks").mkdir()
    (tmp_path / "truth").mkdir()
    for name, audio in tracks().items():
        soundfile.write(tmp_path / "tracks" / f"{name}.wav", audio.T, RATE_HZ, subtype="FLOAT")
    mix = np.repeat(sum(tracks().values()), 2, 0)
    soundfile.write(tmp_path / "mix.wav", mix.T, RATE_HZ, subtype="FLOAT")
    write_graph(graph(), *(tmp_path / "truth" / name for name in (GRAPH, PARAMS)))
    scores = generated_found.song_scores(tmp_path, graph(squashed=False))
    lines = generated_found.tables(scores)
    assert lines[0] == "| F1: true, found, both | everything | vocals | drums |"
    assert "| compressor | 0.00: 1, 0, 0 | none | 0.00: 1, 0, 0 |" in lines
    assert "| EQ | 1.00: 1, 1, 1 | 1.00: 1, 1, 1 | none |" in lines
    assert "| threshold, dB | none; 1 | none | none; 1 |" in lines
    assert all(line.count("|") == 5 for line in lines if line)
