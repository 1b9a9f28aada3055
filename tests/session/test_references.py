"""Time references: read from any Wave file, taken up where the sound agrees, else passed over."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sounds import RATE, bursts, mixed

from mixtrace.session import Session, read_session
from mixtrace.session.time_reference import read_start_s

MIDDAY = 43_200 * RATE


def bext(samples: int) -> bytes:
    return bytes(338) + struct.pack("<Q", samples) + bytes(256)


def ixml(samples: int, rate: int = RATE) -> bytes:
    speed = (
        f"<TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI>{samples >> 32}"
        "</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI>"
        f"<TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>{samples % 2**32}"
        "</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>"
        f"<TIMESTAMP_SAMPLE_RATE>{rate}</TIMESTAMP_SAMPLE_RATE>"
    )
    return f"<BWFXML><SPEED>{speed}</SPEED></BWFXML>".encode()


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def write_wave(path: Path, audio: np.ndarray, *chunks: bytes, before: bool = True) -> None:
    """Write a Wave file of floats with chunks before or behind its samples."""
    layout = struct.pack("<HHIIHH", 3, len(audio), RATE, 4 * RATE, 4 * len(audio), 32)
    sound = chunk(b"data", audio.T.astype("<f4").tobytes())
    rest = [*chunks, sound] if before else [sound, *chunks]
    body = b"WAVE" + chunk(b"fmt ", layout) + b"".join(rest)
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)


NOISE = bursts(0, time=1000)


@pytest.mark.parametrize("before", [True, False])
def test_references_are_read_before_and_behind_the_sound(tmp_path: Path, before: bool):
    path = tmp_path / "a.wav"
    write_wave(path, NOISE, chunk(b"bext", bext(MIDDAY + 7)), before=before)
    assert read_start_s(path) == (MIDDAY + 7) / RATE
    write_wave(path, NOISE, chunk(b"iXML", ixml(2**32 + 5, 192_000)), before=before)
    assert read_start_s(path) == (2**32 + 5) / 192_000
    write_wave(path, NOISE, chunk(b"iXML", ixml(1)), chunk(b"bext", bext(RATE)), before=before)
    assert read_start_s(path) == 1.0  # Broadcast Wave counts first


def test_references_are_read_from_rf64_and_w64(tmp_path: Path):
    path = tmp_path / "a.rf64"
    sound = NOISE.T.astype("<f4").tobytes()
    layout = struct.pack("<HHIIHH", 3, 1, RATE, 4 * RATE, 4, 32)
    lengths = struct.pack("<QQQI", 0, len(sound), 1000, 0)
    path.write_bytes(
        b"RF64\xff\xff\xff\xffWAVE"
        + chunk(b"ds64", lengths)
        + chunk(b"fmt ", layout)
        + b"data\xff\xff\xff\xff"
        + sound
        + chunk(b"bext", bext(5 * RATE))
    )
    assert read_start_s(path) == 5.0
    tail = bytes.fromhex("f3acd3118cd100c04f8edb8a")

    def long_chunk(name: bytes, content: bytes) -> bytes:
        return (
            name + tail + struct.pack("<Q", 24 + len(content)) + content + bytes(-len(content) % 8)
        )

    head = b"riff" + bytes.fromhex("2e91cf11a5d628db04c10000") + bytes(8) + b"wave" + tail
    path.write_bytes(
        head
        + long_chunk(b"fmt ", layout)
        + long_chunk(b"data", sound[:-4])
        + long_chunk(b"bext", bext(6 * RATE))
    )
    assert read_start_s(path) == 6.0


HOSTILE = {
    "no chunks": b"RIFF\x00\x00\x00\x00WAVE",
    "a short one": b"RIFF\x00\x00\x00\x00WAVE" + chunk(b"bext", bytes(100)),
    "lengths beyond the end": b"RIFF    WAVEbext\xff\xff\xff\xff" + bytes(600),
    "no lengths at all": b"RIFF    WAVE" + b"bext\x00\x00\x00\x00" * 5000,
    "w64 that goes back": b"riff\x2e\x91\xcf\x11" + bytes(400),
    "of no known kind": b"OggS" + bytes(400),
    "two days after midnight": b"RIFF    WAVE"
    + chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, RATE, 0, 2, 16))
    + chunk(b"bext", bext(4 * MIDDAY)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_damaged_files_say_nothing(tmp_path: Path, name: str):
    (tmp_path / "a.wav").write_bytes(HOSTILE[name])
    assert read_start_s(tmp_path / "a.wav") is None


CLOCK = np.arange(10 * RATE) / RATE
HUM = (1e-3 * np.hanning(10 * RATE) * np.sin(314.0 * CLOCK))[None].astype(np.float32)
STARTS_S = {"one": 2.0, "two": 25.0, "three": 31.5, "hum": 12.0}


def write_regions(folder: Path, starts_s: dict[str, float], mix_start: int | None) -> Session:
    """Write tracks of 10 s that really begin at `STARTS_S` in the mix, claiming other times.

    The mix's noise hides what else would betray the hum: the last bits of its samples.
    """
    sounds = {name: bursts(k) for k, name in enumerate(STARTS_S)} | {"hum": HUM}
    mix = 1e-4 * np.random.default_rng(9).standard_normal((2, 45 * RATE)).astype(np.float32)
    (folder / "tracks").mkdir()
    for name, audio in sounds.items():
        at = round(STARTS_S[name] * RATE)
        mix[:, at : at + audio.shape[1]] += mixed([audio])
        claims = chunk(b"bext", bext(MIDDAY + round(starts_s[name] * RATE)))
        write_wave(folder / "tracks" / f"{name}.wav", audio, claims)
    claims = [] if mix_start is None else [chunk(b"bext", bext(mix_start))]
    write_wave(folder / "mix.wav", mix, *claims)
    return read_session(folder)


@pytest.mark.parametrize("mix_start", [MIDDAY, None, 0])
def test_references_that_the_sound_confirms_are_taken_up(tmp_path: Path, mix_start: int | None):
    """A hum goes with them; a mix without a reference, or of another day, is no hindrance."""
    session = write_regions(tmp_path, STARTS_S, mix_start)
    found = {t.name: t.alignment for t in session.tracks}
    assert {n: a.delay_s for n, a in found.items()} == STARTS_S
    assert [found[n].confidence > 0.4 for n in STARTS_S] == [True, True, True, False]
    carried = "moved with the others by their time references, nothing of their own measured: hum"
    assert carried in session.notes
    if mix_start == MIDDAY:
        confirmed = "found where their time references say, as the sound confirms: "
        assert confirmed + "one, three and two" in session.notes


def test_a_lying_reference_moves_nothing(tmp_path: Path):
    """All claim to begin together, a minute late: where they are found, the sound says."""
    lies = {"one": 60.0, "two": 47.0, "three": 3.0, "hum": 30.0}
    session = write_regions(tmp_path, lies, MIDDAY)
    found = {t.name: t.alignment for t in session.tracks}
    assert {n: a.delay_s for n, a in found.items()} == STARTS_S | {"hum": 0.0}
    assert found["hum"].confidence == 0.0
    refused = "time references that the sound does not confirm, passed over: "
    assert [n for n in session.notes if n.startswith(refused)] == [
        refused + "hum, one, three and two"
    ]


def test_one_lie_among_truths_moves_nothing(tmp_path: Path):
    session = write_regions(tmp_path, STARTS_S | {"two": 8.0}, MIDDAY)
    assert {t.name: t.alignment.delay_s for t in session.tracks}["two"] == STARTS_S["two"]


def test_references_of_equal_starts_change_nothing(tmp_path: Path):
    sounds = [bursts(k) for k in range(2)]
    (tmp_path / "tracks").mkdir()
    for name, audio in zip("ab", sounds, strict=True):
        write_wave(tmp_path / "tracks" / f"{name}.wav", audio, chunk(b"bext", bext(MIDDAY)))
    soundfile.write(tmp_path / "mix.wav", mixed(sounds).T, RATE, subtype="FLOAT")
    session = read_session(tmp_path)
    assert [t.alignment.delay_s for t in session.tracks] == [0.0, 0.0]
    assert not any("reference" in note for note in session.notes)


def test_a_chunk_that_claims_more_bytes_than_files_can_have_ends_the_walk(tmp_path: Path):
    path = tmp_path / "huge.wav"
    ds64 = b"ds64" + (28).to_bytes(4, "little") + b"\xff" * 28
    data = b"data" + b"\xff" * 4
    path.write_bytes(b"RF64" + b"\xff" * 4 + b"WAVE" + ds64 + data + bytes(64))
    assert read_start_s(path) is None
