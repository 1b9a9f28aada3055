"""Songs in one file: ZIP archives, honest and hostile, and Stem files."""

import gc
import json
import stat
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mixtrace.errors import SessionError
from mixtrace.session import find_song, read_session

RATE = 22050


@pytest.fixture(autouse=True)
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder in which archives are unpacked."""
    folder = tmp_path / "room"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def noise(seed: int, channels: int = 1) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal((channels, RATE))).astype(np.float32)


def song_zip(path: Path, more: dict[str, bytes] | None = None, wrapper: str = "Song/") -> Path:
    """Write a ZIP of two tracks and their sum, and more entries."""
    drums, vox = noise(0), noise(1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, audio in (("tracks/Kick", drums), ("tracks/Vox", vox), ("mix", drums + vox)):
            soundfile.write(path.parent / "x.wav", audio.T, RATE, subtype="FLOAT")
            archive.write(path.parent / "x.wav", f"{wrapper}{name}.wav")
        for name, content in (more or {}).items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("wrapper", ["", "Song/", "Downloads/Song/"])
def test_a_zip_is_read_like_a_folder(tmp_path: Path, room: Path, wrapper: str):
    junk = {"__MACOSX/Song/._mix.wav": b"\0", "Song/._a.wav": b"\0", "readme.txt": b"hello"}
    song = find_song(song_zip(tmp_path / "My Song.zip", junk, wrapper))
    assert song.name == "My Song"
    assert {t.name: t.group for t in song.tracks} == {"Kick": "drums", "Vox": "vocals"}
    for _ in range(2):  # as a fit does, at two rates
        session = read_session(replace(song, tracks=song.tracks[:2]), align=False)
        np.testing.assert_array_equal(session.tracks[0].audio, noise(0))
    assert [f.name for f in room.rglob("*.wav")]
    del song
    gc.collect()
    assert list(room.iterdir()) == []


def test_a_manifest_in_a_zip_counts(tmp_path: Path):
    text = 'mix = "mix.wav"\n[[tracks]]\npath = "tracks/Vox.wav"\nname = "singer"\n'
    path = song_zip(tmp_path / "a.zip", {"Song/session.toml": text.encode()})
    assert [t.name for t in find_song(path).tracks] == ["singer"]


def test_names_in_utf8_that_are_not_marked_so(tmp_path: Path):
    path = song_zip(tmp_path / "a.zip", {"Song/tracks/Bla_ser.wav": b"x"})
    data = path.read_bytes().replace(b"Bla_ser.wav", "Bläser.wav".encode())
    path.write_bytes(data)
    assert "Bläser" in [t.name for t in find_song(path).tracks]


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../evil.wav", "leads outside"),
        ("Song/../../evil.wav", "leads outside"),
        ("/tmp/evil.wav", "leads outside"),
        ("..\\evil.wav", "leads outside"),
        ("C:\\evil.wav", "leads outside"),
        (link("Song/tracks/passwd.wav"), "is a link"),
        ("Song/tracks/Kick.wav/x.wav", "the same name"),
    ],
)
def test_names_that_lead_outside_are_refused(
    tmp_path: Path, room: Path, name: str | zipfile.ZipInfo, message: str
):
    path = song_zip(tmp_path / "a.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, b"/etc/passwd")
    with pytest.raises(SessionError, match=r"\A[^\n]*\Z") as raised:
        find_song(path)
    assert message in str(raised.value)
    assert list(room.iterdir()) == []
    assert not list(tmp_path.rglob("evil*"))


def test_an_archive_with_a_password_is_refused(tmp_path: Path, room: Path):
    path = song_zip(tmp_path / "a.zip")
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(SessionError, match="is encrypted"):
        find_song(path)
    assert list(room.iterdir()) == []


def test_a_bomb_is_refused_before_it_goes_off(
    tmp_path: Path, room: Path, monkeypatch: pytest.MonkeyPatch
):
    """40 MB of zeros in 40 kB, with the limit of what is harmless set below."""
    path = song_zip(tmp_path / "a.zip", {"Song/tracks/zeros.wav": bytes(40_000_000)})
    monkeypatch.setattr("mixtrace.session.archive._HARMLESS_BYTES", 10_000_000)
    monkeypatch.setattr("mixtrace.session.archive.zipfile.ZipFile.open", None)
    with pytest.raises(SessionError, match="unpack to 4"):
        find_song(path)
    assert list(room.iterdir()) == []


def test_an_entry_longer_than_it_says_is_refused(tmp_path: Path, room: Path):
    path = song_zip(tmp_path / "a.zip", {"Song/tracks/zeros.wav": bytes(1_000_000)})
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 1000)
    path.write_bytes(data)
    with pytest.raises(SessionError, match="cannot be unpacked"):
        find_song(path)
    assert list(room.iterdir()) == []


def test_a_list_of_too_many_files_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = song_zip(tmp_path / "a.zip", {f"{k}.txt": b"" for k in range(30)})
    monkeypatch.setattr("mixtrace.session.archive._MOST_ENTRIES", 20)
    with pytest.raises(SessionError, match=r"at most 20 files .* has 33"):
        find_song(path)
    monkeypatch.setattr("mixtrace.session.archive._MOST_DIRECTORY_BYTES", 1000)
    with pytest.raises(SessionError, match=r"at most 20 files .* list takes"):
        find_song(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive at all", b"PK\x05\x06"])
def test_what_is_no_zip_is_refused(tmp_path: Path, room: Path, content: bytes):
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(SessionError, match=r"a\.zip cannot be unpacked"):
        find_song(tmp_path / "a.zip")
    assert list(room.iterdir()) == []


def test_damaged_archives_are_read_or_refused(tmp_path: Path, room: Path):
    """Three hundred faults in the directory and the heads of entries."""
    whole = song_zip(tmp_path / "a.zip").read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(300):
        data = bytearray(whole)
        ends = (int(rng.integers(0, 60)), len(data) - 1 - int(rng.integers(0, 260)))
        data[ends[int(rng.integers(0, 2))]] = int(rng.integers(0, 256))
        (tmp_path / "b.zip").write_bytes(data)
        try:
            find_song(tmp_path / "b.zip")
        except SessionError as error:
            assert "\n" not in str(error)
        assert list(room.iterdir()) == []


def test_an_archive_without_audio_is_refused(tmp_path: Path):
    for name, message in (("a.txt", "no audio file"), ("Stems.zip", "unpack them first")):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr(name, b"")
        with pytest.raises(SessionError, match=message):
            find_song(tmp_path / "a.zip")


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


def stem_file(path: Path, write_av: Callable[..., None], table: bytes | None) -> list[np.ndarray]:
    """Write a mix and four stems without loss, and the box that names them at the end of `moov`."""
    stems = [noise(k, 2) for k in range(4)]
    mix = np.asarray(np.sum(stems, axis=0), np.float32)
    write_av(path, "mp4", "alac", RATE, mix, *stems)
    data = bytearray(path.read_bytes())
    at = data.rindex(b"moov") - 4
    size = struct.unpack(">I", data[at : at + 4])[0]
    assert at + size == len(data)  # nothing lies behind it, so that nothing moves
    if table is not None:
        named = box(b"udta", box(b"stem", table))
        data[at : at + 4] = struct.pack(">I", size + len(named))
        data += named
    path.write_bytes(data)
    return [mix, *stems]


NAMES = ("Drums", "Bass", "Synths", "Vox")


def test_a_stem_file_is_a_mix_and_four_tracks(tmp_path: Path, write_av: Callable[..., None]):
    table = json.dumps({"version": 1, "stems": [{"name": n, "color": "#fff"} for n in NAMES]})
    path = tmp_path / "My Song.stem.mp4"
    mix, *stems = stem_file(path, write_av, table.encode())
    song = find_song(path)
    assert song.name == "My Song"
    assert {t.name: t.group for t in song.tracks} == {
        "Drums": "drums",
        "Bass": "bass",
        "Synths": "synths",
        "Vox": "vocals",
    }
    session = read_session(song, align=False)
    # 16 bits: half a step.
    np.testing.assert_allclose(session.mix[:, :RATE], mix, atol=2**-15)
    for track, stem in zip(session.tracks, stems, strict=True):
        np.testing.assert_allclose(track.audio[:, :RATE], stem, atol=2**-15)
    assert [t.name for t in find_song(tmp_path).tracks] == list(NAMES)  # the only audio there


@pytest.mark.parametrize(
    "table",
    [None, b"", b"{", b'{"stems": 3}', b'{"stems": [{"name": "a"}, 7]}', b"[" * 100_000],
)
def test_stems_without_names_are_numbered(
    tmp_path: Path, write_av: Callable[..., None], table: bytes | None
):
    stem_file(tmp_path / "a.stem.mp4", write_av, table)
    names = [t.name for t in find_song(tmp_path / "a.stem.mp4").tracks]
    assert names == ["Stem 1", "Stem 2", "Stem 3", "Stem 4"]


def test_stems_of_one_name_and_names_that_cannot_be_seen(
    tmp_path: Path, write_av: Callable[..., None]
):
    table = json.dumps({"stems": [{"name": n} for n in ("Vox", "vox", "\u200f", "a/b")]})
    stem_file(tmp_path / "a.stem.mp4", write_av, table.encode())
    names = [t.name for t in find_song(tmp_path / "a.stem.mp4").tracks]
    assert names == ["Vox", "vox Stem 2", "Stem 3", "a-b"]


def test_what_is_no_stem_file_is_refused(tmp_path: Path, write_av: Callable[..., None]):
    (tmp_path / "a.stem.mp4").write_bytes(b"no boxes at all")
    write_av(tmp_path / "b.stem.mp4", "mp4", "alac", RATE, noise(0))
    (tmp_path / "c.stem.mp4").write_bytes(box(b"moov", bytes(8) * 10))
    for name in "abc":
        with pytest.raises(SessionError, match=rf"{name}\.stem\.mp4; it has [01] audio"):
            find_song(tmp_path / f"{name}.stem.mp4")
