"""The table of gains: with the responses it makes the estimate again, and it stays readable."""

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

import mixtrace
from mixtrace.captured import Capture, CapturedTrack
from mixtrace.store import read_capture
from mixtrace.verbs.capture_facts import gains_db

RATE_HZ = 22_050
SECONDS = 12

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def song(tmp_path: Path) -> Path:
    """A track of noise that swells and is turned down at once where it is loud, and another."""
    rng, time = np.random.default_rng(0), SECONDS * RATE_HZ
    levels = np.repeat(10.0 ** rng.uniform(-1.5, 0.0, SECONDS * 10), RATE_HZ // 10)
    loud, other = 0.3 * levels * rng.standard_normal(time), 0.02 * rng.standard_normal(time)
    mix = loud * np.minimum(1.0, 0.2 / levels) + other
    (tmp_path / "song" / "tracks").mkdir(parents=True)
    for name, audio in (("tracks/Loud", loud), ("tracks/Other", other), ("mix", mix)):
        soundfile.write(tmp_path / "song" / f"{name}.wav", audio, RATE_HZ, subtype="FLOAT")
    return tmp_path / "song"


def test_gains_and_responses_make_the_estimate_again(song: Path, tmp_path: Path):
    """As docs/capture.md says: straight lines of amplitude between rows."""
    out = tmp_path / "OUT"
    mixtrace.capture(song, out, align=False)
    stored, time = read_capture(out), SECONDS * RATE_HZ
    assert any(track.curve for track in stored.tracks)
    with (out / "gains.csv").open(newline="") as file:
        rows = np.array([list(map(float, row)) for row in list(csv.reader(file))[1:]])
    total = np.zeros((time, 2))
    for k, track in enumerate(stored.tracks, start=1):
        dry, _ = soundfile.read(song / "tracks" / f"{track.name}.wav")
        gain = np.interp(np.arange(time) / RATE_HZ, rows[:, 0], 10.0 ** (rows[:, k] / 20.0))
        response, _ = soundfile.read(out / "responses" / track.file)
        for side in range(2):
            wet = np.convolve(dry * gain, response[:, side])
            total[:, side] += wet[stored.lead_samples :][:time]
    estimate, _ = soundfile.read(out / "estimate.wav")
    error = np.square(total - estimate).sum() / np.square(estimate).sum()
    # Thousandths of a dB are 6e-5 of an amplitude at most, -84 dB.
    assert 10.0 * np.log10(error) < -80.0


def capture_of(gain_db: list[float]) -> Capture:
    """Return a capture of one track whose gain moves so."""
    gain, cells = torch.tensor(gain_db), torch.ones((1, 1))
    track = CapturedTrack(
        "Loud", "all", torch.ones((2, 1, 1)), None, gain, gain, 1.0, 1.0, cells, torch.ones(1)
    )
    return Capture("song", RATE_HZ, 0.005, 0, (track,), (), (), torch.zeros((2, 1)), 0.0, None)


def test_a_table_too_large_to_be_read_again_holds_means(monkeypatch: pytest.MonkeyPatch):
    found = capture_of([0.0, 2.0, 4.0, 6.0, 9.0])
    assert gains_db(found).tolist() == [[0.0, 2.0, 4.0, 6.0, 9.0]]
    monkeypatch.setattr("mixtrace.verbs.capture_facts.LARGEST_ARRAYS_BYTES", 50)
    assert gains_db(found).tolist() == [[1.0, 5.0, 9.0]]
