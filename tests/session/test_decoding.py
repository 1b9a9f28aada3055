"""Files from anybody: what hangs, crashes or swells is given up; what is read lies where it did."""

import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile

from mixtrace.errors import AudioError
from mixtrace.session import containers, decoding
from mixtrace.session.audio import read_recording

RATE = 44100


def noise(channels: int = 1, time: int = RATE) -> np.ndarray:
    return (0.1 * np.random.default_rng(0).standard_normal((channels, time))).astype(np.float32)


def lag(found: np.ndarray, expected: np.ndarray) -> int:
    """Return by how many samples one signal lies behind another, by their correlation."""
    size = 2 * max(len(found), len(expected))
    spectrum = np.fft.rfft(found, size) * np.conj(np.fft.rfft(expected, size))
    at = int(np.argmax(np.fft.irfft(spectrum, size)))
    return at - size if at > size // 2 else at


@pytest.mark.parametrize(
    ("name", "form", "subtype"),
    [
        ("a.caf", "CAF", "PCM_24"),
        ("a.caf", "CAF", "ALAC_24"),
        ("a.W64", "W64", "PCM_24"),
        ("a.wav", "RF64", "PCM_24"),
        ("a.wav", "WAVEX", "PCM_24"),
        ("a.au", "AU", "PCM_24"),
        ("a.voc", "VOC", "PCM_16"),
        ("a.sf", "IRCAM", "PCM_16"),
        ("a.nist", "NIST", "PCM_24"),
        ("a.avr", "AVR", "PCM_16"),
        ("a.paf", "PAF", "PCM_24"),
        ("a.pvf", "PVF", "PCM_16"),
        ("a.8svx", "SVX", "PCM_16"),
    ],
)
def test_what_libsndfile_reads(tmp_path: Path, name: str, form: str, subtype: str):
    soundfile.write(tmp_path / name, noise().T, RATE, format=form, subtype=subtype)
    step = 2.0 ** (-15 if subtype.endswith("16") else -23)
    found = read_recording(tmp_path / name).audio
    np.testing.assert_allclose(found, noise(), atol=step)


@pytest.mark.parametrize(
    ("name", "form", "codec"),
    [
        ("a.m4a", "ipod", "aac"),
        ("a.mp4", "mp4", "aac"),
        ("a.m4a", "ipod", "alac"),
        ("a.webm", "webm", "libopus"),
        ("a.mka", "matroska", "flac"),
        ("a.mov", "mov", "pcm_s24le"),
        ("a.wv", "wv", "wavpack"),
        ("a.tta", "tta", "tta"),
    ],
)
def test_what_ffmpeg_reads_lies_where_it_did(
    tmp_path: Path, write_av: Callable[..., None], name: str, form: str, codec: str
):
    """An AAC or Opus encoder puts 1024 or 312 samples before the sound, and the file says so."""
    rate = 48000 if codec == "libopus" else RATE
    expected = noise(2, rate)
    write_av(tmp_path / name, form, codec, rate, expected)
    found = read_recording(tmp_path / name)
    assert found.file_rate_hz == rate
    assert len(found.audio) == 2
    assert lag(found.audio[0], expected[0]) == 0
    # The length of an MP4 is given in milliseconds: up to one too long.
    assert 0 <= found.audio.shape[1] - rate <= rate // 1000


@pytest.mark.parametrize(
    ("name", "form", "codec"),
    [("a.wma", "asf", "wmav2"), ("a.aac", "adts", "aac"), ("a.ac3", "ac3", "ac3")],
)
def test_what_says_nothing_of_its_delay_is_read_all_the_same(
    tmp_path: Path, write_av: Callable[..., None], name: str, form: str, codec: str
):
    """WMA loses its first frame of 2048 samples, the others begin with what their encoder adds."""
    write_av(tmp_path / name, form, codec, RATE, noise(2))
    found = read_recording(tmp_path / name).audio
    assert abs(lag(found[0], noise(2)[0])) <= 2048


def test_alac_is_exact(tmp_path: Path, write_av: Callable[..., None]):
    expected = np.round(noise(1) * 2**15) / np.float32(2**15)
    write_av(tmp_path / "a.m4a", "ipod", "alac", RATE, expected)
    found = read_recording(tmp_path / "a.m4a").audio
    np.testing.assert_array_equal(found[:, :RATE], expected)


def test_without_pyav_its_files_are_refused_with_the_remedy(
    tmp_path: Path, write_av: Callable[..., None], monkeypatch: pytest.MonkeyPatch
):
    write_av(tmp_path / "a.m4a", "ipod", "aac", RATE, noise())
    (tmp_path / "none/av").mkdir(parents=True)
    missing = "raise ModuleNotFoundError('No module named av', name='av')"
    (tmp_path / "none/av/__init__.py").write_text(missing)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "none"), *sys.path])
    decoding.release_decoders()
    with pytest.raises(AudioError, match=r"a\.m4a.*pip install av"):
        read_recording(tmp_path / "a.m4a")
    decoding.release_decoders()


def test_the_name_need_not_tell_the_kind(tmp_path: Path, write_av: Callable[..., None]):
    write_av(tmp_path / "a.m4a", "ipod", "alac", RATE, noise())
    (tmp_path / "a.m4a").rename(tmp_path / "a.wav")
    assert read_recording(tmp_path / "a.wav").duration_s == pytest.approx(1.0, abs=0.001)


def test_an_encoding_libsndfile_does_not_know_is_left_to_ffmpeg(
    tmp_path: Path, write_av: Callable[..., None]
):
    write_av(tmp_path / "a.wav", "wav", "ac3", RATE, noise(2))
    with pytest.raises(soundfile.SoundFileError):
        soundfile.read(tmp_path / "a.wav")
    assert read_recording(tmp_path / "a.wav").audio.shape[1] >= RATE


def hanging_wav(path: Path) -> None:
    """Write 88 bytes: a list in which a chunk claims -8 bytes, which libsndfile goes back by."""
    listed = b"INFOabcd" + struct.pack("<I", 0xFFFFFFF8) + bytes(8)
    form = struct.pack("<IHHIIHH", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    body = b"WAVEfmt " + form + b"LIST" + struct.pack("<I", len(listed)) + listed
    body += b"data" + struct.pack("<I", 16) + bytes(16)
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)


def test_a_chunk_that_never_ends_is_refused_at_once(tmp_path: Path):
    hanging_wav(tmp_path / "a.wav")
    start = time.perf_counter()
    with pytest.raises(AudioError, match=r"a\.wav claims 4294967288 bytes"):
        read_recording(tmp_path / "a.wav")
    assert time.perf_counter() - start < 1.0  # no process is started for it


def test_a_decoder_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The same file without the look at its chunks: no Python code can interrupt that loop."""
    monkeypatch.setattr(containers, "_walk_chunks", lambda *_: None)
    monkeypatch.setattr(decoding, "PATIENCE_S", 0.5)
    hanging_wav(tmp_path / "a.wav")
    start = time.perf_counter()
    with pytest.raises(AudioError, match=r"a\.wav .* hangs or crashes"):
        read_recording(tmp_path / "a.wav")
    assert time.perf_counter() - start < 20.0  # the patience and the start of a process
    soundfile.write(tmp_path / "b.wav", noise().T, RATE)
    assert read_recording(tmp_path / "b.wav").audio.shape == (1, RATE)


def test_a_decoder_that_was_killed_is_replaced(tmp_path: Path):
    soundfile.write(tmp_path / "a.wav", noise().T, RATE)
    read_recording(tmp_path / "a.wav")
    for decoder in decoding.waiting_decoders():
        decoder.close()
    assert read_recording(tmp_path / "a.wav").audio.shape == (1, RATE)


def test_a_header_that_claims_a_day_is_refused_before_it_is_read(tmp_path: Path):
    soundfile.write(tmp_path / "a.flac", noise().T, RATE)
    data = bytearray((tmp_path / "a.flac").read_bytes())
    data[21] |= 0x0F  # the highest 4 of the 36 bits of the number of samples: 17 days
    (tmp_path / "a.flac").write_bytes(data)
    with pytest.raises(AudioError, match=r"at most 6 hours .*a\.flac"):
        read_recording(tmp_path / "a.flac")


def test_hours_of_silence_in_a_few_bytes_are_refused(tmp_path: Path):
    """One hour in stereo is claimed by a file of a second: below six, and 1.2 GiB."""
    soundfile.write(tmp_path / "a.flac", np.zeros((RATE, 2)), RATE)
    data = bytearray((tmp_path / "a.flac").read_bytes())
    data[22:26] = struct.pack(">I", 3600 * RATE)  # the lower 32 bits of the number of samples
    (tmp_path / "a.flac").write_bytes(data)
    with pytest.raises(AudioError, match=r"a\.flac; a file so small has or claims 317520000"):
        read_recording(tmp_path / "a.flac")


def test_a_small_file_that_decodes_to_much_is_refused_on_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Silence packs a thousandfold, and an Ogg file does not say its length at its start."""
    monkeypatch.setattr(decoding, "MOST_SAMPLES", 500_000)
    soundfile.write(tmp_path / "a.opus", np.zeros(600_000), 48000, format="OGG", subtype="OPUS")
    with pytest.raises(AudioError, match=r"a\.opus"):
        read_recording(tmp_path / "a.opus")


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nsecret.wav\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile secret.wav\n",
        "v=0\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
    ],
)
@pytest.mark.parametrize("name", ["a.m4a", "a.mp3"])
def test_a_playlist_called_audio_leads_nowhere(tmp_path: Path, text: str, name: str):
    soundfile.write(tmp_path / "secret.wav", noise().T, RATE)
    (tmp_path / name).write_text(text)
    with pytest.raises(AudioError, match="cannot be read"):
        read_recording(tmp_path / name)


@pytest.mark.parametrize("first", [b"\xf0\x7e\x00\x01", b"MATLAB 5.0", b"<html>", b"PK\x03\x04"])
def test_what_is_no_audio_is_never_opened(
    tmp_path: Path, first: bytes, monkeypatch: pytest.MonkeyPatch
):
    """The first bytes are those of MIDI sample dumps, whose damaged files hang libsndfile."""
    monkeypatch.setattr(decoding, "_Decoder", None)
    monkeypatch.setattr(decoding, "_idle", [])
    (tmp_path / "a.wav").write_bytes(first + bytes(1000))
    with pytest.raises(AudioError, match=r"a\.wav cannot be read: .*Export it again"):
        read_recording(tmp_path / "a.wav")


def test_halves_are_one_stereo_recording(tmp_path: Path):
    left, right = noise(2)
    soundfile.write(tmp_path / "l.wav", left[:-100], RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "r.wav", np.stack([right, right], 1), RATE, subtype="FLOAT")
    found = read_recording(tmp_path / "l.wav", right_path=tmp_path / "r.wav").audio
    left[-100:] = 0.0
    np.testing.assert_array_equal(found, [left, right])


@pytest.mark.parametrize(
    ("channels", "rate", "message"), [(2, RATE, r"r\.wav is stereo"), (1, 48000, "44100 and 48000")]
)
def test_halves_that_do_not_fit_are_refused(tmp_path: Path, channels: int, rate: int, message: str):
    soundfile.write(tmp_path / "l.wav", noise().T, RATE)
    soundfile.write(tmp_path / "r.wav", noise(channels).T, rate)
    with pytest.raises(AudioError, match=rf"\A[^\n]*l\.wav[^\n]*{message}[^\n]*\Z"):
        read_recording(tmp_path / "l.wav", right_path=tmp_path / "r.wav")


def test_damaged_headers_are_read_or_refused(
    tmp_path: Path, benchmark_module: Callable[[str], ModuleType]
):
    """Two dozen faults a container; benchmarks/fuzz_audio.py tries 2,000 and measures memory."""
    fuzzing = benchmark_module("fuzz_audio")
    rng = np.random.default_rng(1)
    for name in (*fuzzing.SOUNDFILE, *fuzzing.AV):
        path = tmp_path / (name if "." in name else f"x.{name}")
        fuzzing.write_container(path, name)
        whole, refused = path.read_bytes(), 0
        read_recording(path)
        for _ in range(24):
            path.write_bytes(fuzzing.damaged(whole, rng))
            try:
                read_recording(path)
            except AudioError as error:
                refused += 1
                assert "\n" not in str(error) and str(path) in str(error)
        assert refused, name
