"""Audio files: every format and width gives the same samples; damaged ones one clear sentence."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from mixtrace.errors import AudioError
from mixtrace.session.audio import read_recording

RATE = 44100


def tone(seconds: float = 0.5, rate: int = RATE, channels: int = 1) -> np.ndarray:
    """Return sines of 997 Hz, each channel at a level of its own, [time, channel]."""
    time = np.arange(round(seconds * rate)) / rate
    return np.sin(2 * np.pi * 997 * time)[:, None] * np.linspace(0.5, 0.25, channels)


@pytest.mark.parametrize(
    ("name", "subtype", "error"),
    [
        ("a.wav", "PCM_U8", 2**-7),  # one step of each width
        ("a.wav", "PCM_16", 2**-15),
        ("a.wav", "PCM_24", 2**-23),
        ("a.wav", "PCM_32", 2**-23),  # float32 holds 24 bits
        ("a.wav", "FLOAT", 2**-24),
        ("a.wav", "DOUBLE", 2**-24),
        ("a.aiff", "PCM_24", 2**-23),
        ("a.flac", "PCM_16", 2**-15),
        ("a.ogg", "VORBIS", 0.03),  # lossy: the tone is there, its phase kept
        ("a.mp3", "MPEG_LAYER_III", 0.03),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_formats(tmp_path: Path, name: str, subtype: str, error: float, channels: int):
    samples = tone(channels=channels)
    soundfile.write(tmp_path / name, samples, RATE, subtype=subtype)
    recording = read_recording(tmp_path / name)
    assert recording.audio.dtype == np.float32
    assert recording.audio.shape == samples.T.shape
    assert recording.file_rate_hz == RATE
    middle = slice(4096, -4096)  # the lossy codecs smear the tone's abrupt ends
    assert np.max(np.abs(recording.audio - samples.T)[:, middle]) <= error


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000, 96000, 192000])
def test_resampling_keeps_the_tone_and_its_phase(tmp_path: Path, rate: int):
    soundfile.write(tmp_path / "a.wav", tone(rate=rate), rate, subtype="FLOAT")
    recording = read_recording(tmp_path / "a.wav", 30000)
    expected = tone(rate=30000).T
    assert recording.audio.shape == expected.shape
    middle = slice(3000, -3000)
    # 997 Hz lies far inside every passband; VHQ is specified to 28 bits there, float32 holds 24.
    assert np.max(np.abs(recording.audio - expected)[:, middle]) < 1e-6


def test_two_equal_channels_become_one(tmp_path: Path):
    soundfile.write(tmp_path / "a.wav", np.repeat(tone(), 2, axis=1), RATE)
    assert read_recording(tmp_path / "a.wav").audio.shape[0] == 1


def test_clipped_samples_are_flat_runs_at_full_scale(tmp_path: Path):
    samples = tone()
    soundfile.write(tmp_path / "peak.wav", samples / np.max(samples), RATE)
    assert read_recording(tmp_path / "peak.wav").clipped_samples == 0
    driven = np.clip(4 * samples, -1, 1)
    soundfile.write(tmp_path / "flat.wav", driven, RATE)
    flat = np.abs(driven) * 2**15 >= 2**15 - 1.5  # what 16 bits round to full scale
    assert read_recording(tmp_path / "flat.wav").clipped_samples == np.count_nonzero(flat)


def write_hostile(folder: Path) -> None:
    rng = np.random.default_rng(0)
    noise = 0.1 * rng.standard_normal((RATE, 1))
    for name in ("cut.wav", "cut.aiff", "cut.flac", "cut.ogg", "cut.mp3"):
        soundfile.write(folder / name, noise, RATE)
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: len(data) * 6 // 10])
    soundfile.write(folder / "cut.rf64", noise, RATE, format="RF64")
    data = (folder / "cut.rf64").read_bytes()
    (folder / "cut.rf64").write_bytes(data[: len(data) * 6 // 10])
    (folder / "text.wav").write_text("no audio at all, only words " * 10)
    (folder / "nothing.wav").touch()
    soundfile.write(folder / "zero.wav", np.zeros((0, 1)), RATE)
    soundfile.write(folder / "quad.wav", np.zeros((100, 4)), RATE)
    soundfile.write(folder / "slow.wav", noise, 4000)
    soundfile.write(folder / "fast.wav", noise, 384000)
    for name, value in (("nan.wav", np.nan), ("inf.wav", np.inf), ("huge.wav", 32768.0)):
        broken = noise.copy()
        broken[1234] = value
        soundfile.write(folder / name, broken, RATE, subtype="FLOAT")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cut.wav", "cut off"),
        ("cut.aiff", "cut off"),
        ("cut.rf64", "cut off"),
        ("cut.flac", "damaged"),
        ("cut.ogg", "empty"),
        ("cut.mp3", "cut off"),
        ("text.wav", "cannot be read"),
        ("nothing.wav", "cannot be read"),
        ("gone.wav", "cannot be read"),
        ("zero.wav", "empty"),
        ("quad.wav", "4 channels"),
        ("slow.wav", "4000 Hz"),
        ("fast.wav", "384000 Hz"),
        ("nan.wav", "the first at sample 1234"),
        ("inf.wav", "the first at sample 1234"),
        ("huge.wav", "32768"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_sentence(tmp_path: Path, name: str, message: str):
    write_hostile(tmp_path)
    with pytest.raises(AudioError, match=r"\A[^\n]*\Z") as raised:
        read_recording(tmp_path / name)
    assert message in str(raised.value)
    assert name in str(raised.value)


def test_a_header_written_before_the_length_was_known_is_no_damage(tmp_path: Path):
    soundfile.write(tmp_path / "a.wav", tone(), RATE)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    for at in (4, data.index(b"data") + 4):
        data[at : at + 4] = b"\xff\xff\xff\xff"
    (tmp_path / "a.wav").write_bytes(data)
    assert read_recording(tmp_path / "a.wav").audio.shape == (1, RATE // 2)
