"""What headers promise, and what is seen to be broken without decoding."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from mixtrace.errors import AudioError
from mixtrace.session.header import FileHeader, read_header


@pytest.mark.parametrize("suffix", ["wav", "flac", "aiff", "ogg"])
def test_a_header_tells_rate_channels_and_length(tmp_path: Path, suffix: str):
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, np.zeros((12_000, 2)), 24_000)
    header = read_header(path)
    assert header == FileHeader(24_000, 2, 12_000)
    assert header.seconds == 0.5


def test_a_file_that_was_cut_off_is_refused(tmp_path: Path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(12_000), 24_000, subtype="PCM_16")
    path.write_bytes(path.read_bytes()[:12_044])
    with pytest.raises(AudioError, match=r"Expected 0\.50 s of audio .* ends after 0\.25 s"):
        read_header(path)


@pytest.mark.parametrize(
    ("frames", "channels", "rate", "told"),
    [(0, 1, 24_000, "empty"), (9, 3, 24_000, "mono or stereo"), (9, 1, 4_000, "sample rate")],
)
def test_what_cannot_be_used_is_refused(
    tmp_path: Path, frames: int, channels: int, rate: int, told: str
):
    soundfile.write(tmp_path / "a.wav", np.zeros((frames, channels)), rate)
    with pytest.raises(AudioError, match=told):
        read_header(tmp_path / "a.wav")
