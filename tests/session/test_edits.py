"""A track that was cut in two is placed by its larger part, and the cut is told, not mended."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from sounds import RATE, bursts, delayed, mixed

from mixtrace.session import read_session
from mixtrace.session.align import Finding, find_alignments
from mixtrace.session.references import Starts

TIME = 40 * RATE
CUT = 26 * RATE


def find(tracks: list[np.ndarray], mix: np.ndarray) -> list[Finding]:
    return find_alignments(tracks, mix, Starts((None,) * len(tracks)), RATE)


CASES = [(26.0, 8.0), (26.0, 180.0), (26.0, 2000.0), (13.0, 2000.0), (13.0, 9000.0)]


@pytest.mark.parametrize(("at_s", "later_ms"), CASES)
def test_an_edit_is_named_with_its_time_and_both_places(at_s: float, later_ms: float):
    """The mix has the later part later than the track: near by, a bar, a verse."""
    dry = [bursts(k, time=TIME) for k in range(4)]
    at, later = round(at_s * RATE), round(1e-3 * later_ms * RATE)
    wet = np.zeros((1, TIME + later), np.float32)
    wet[:, :at], wet[:, at + later :] = dry[0][:, :at], dry[0][:, at:]
    mix = mixed([wet[:, :TIME], *dry[1:]])
    found = find(dry, mix)
    edit = found[0].edit
    assert edit is not None
    step_s = later / RATE
    assert edit.before_s == pytest.approx(0.0, abs=1e-4)
    assert edit.after_s == pytest.approx(step_s, abs=1e-4)
    assert at_s - 2.0 < edit.time_s < at_s + step_s + 2.0
    larger_s = 0.0 if at > TIME - at - later else step_s
    assert found[0].alignment.delay_s == pytest.approx(larger_s, abs=1e-4)
    assert found[0].alignment.drift_ppm == 0.0
    assert [f.edit for f in found[1:]] == [None] * 3


def test_a_session_tells_of_an_edit(tmp_path: Path):
    dry = [bursts(k, time=TIME) for k in range(3)]
    wet = np.concatenate([dry[0][:, :CUT], dry[0][:, CUT + 2 * RATE :]], axis=1)
    wet = np.pad(wet, ((0, 0), (0, 2 * RATE)))
    (tmp_path / "tracks").mkdir()
    for name, audio in zip(("one", "two", "three"), dry, strict=True):
        soundfile.write(tmp_path / "tracks" / f"{name}.wav", audio.T, RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "mix.wav", mixed([wet, *dry[1:]]).T, RATE, subtype="FLOAT")
    notes = [note for note in read_session(tmp_path).notes if "edited" in note]
    assert len(notes) == 1
    assert notes[0].startswith("one is edited: from about 0:2")
    assert (
        "it lies 2.000 s earlier in the mix than before (2.000 s earlier against 0 ms)" in notes[0]
    )


def test_no_edit_is_named_where_there_is_none():
    """Tracks that pause, that are not in the mix, and whose phase an equaliser changes half-way."""
    dry = [bursts(k, time=TIME) for k in range(3)]
    dry[0][:, : TIME // 2] = 0.0
    switched = np.concatenate([dry[1][:, :CUT], delayed(dry[1], 0.4)[:, CUT:]], axis=1)
    found = find([*dry, bursts(9, time=TIME)], mixed([dry[0], switched, dry[2]]))
    assert [f.edit for f in found] == [None] * 4
    assert [f.alignment.delay_s for f in found] == [0.0] * 4
