"""Audio of large sessions on disk: the same samples, which nobody writes back, and no map held."""

import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from mixtrace.descent import SongWindows, Variables, static_responses
from mixtrace.errors import SessionError
from mixtrace.graph import CONSOLES, build_console
from mixtrace.rendering import render_song
from mixtrace.reporting.listening_plan import plan_listening
from mixtrace.session import Alignment, Session, Track, Views, read_session
from mixtrace.session.scratch import OnDisk, Scratch, view_of
from mixtrace.store import session_fingerprint

RATE = 30_000
TRACKS = 8
MOST_MAPS = 3  # two tracks that are compared, and the one before them in a loop


def noise(seed: int, channels: int = 2, time: int = 5 * RATE) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 0.1, (channels, time)).astype(np.float32)


def test_what_exceeds_the_limit_lies_on_disk_and_is_equal():
    audio = noise(0)
    scratch = Scratch(in_memory_bytes=audio.nbytes)
    first, second = scratch.keep(audio), scratch.keep(audio)
    assert first is audio
    assert isinstance(second, OnDisk)
    np.testing.assert_array_equal(view_of(second), audio)
    # torch takes it as it is: it warns of arrays that cannot be written to.
    shown = second.look()
    assert torch.from_numpy(shown).data_ptr() == shown.ctypes.data


def test_writing_to_a_look_changes_nothing():
    one, other = (OnDisk(np.full((1, 3), value, np.float32)) for value in (1.0, 2.0))
    one.look()[:] = 5.0
    assert one.look().tolist() == [[1.0] * 3]
    assert other.look().tolist() == [[2.0] * 3]


def test_an_empty_track_stays_in_memory():
    empty = np.zeros((1, 0), np.float32)
    assert Scratch(in_memory_bytes=0).keep(empty) is empty


def test_a_file_ends_with_its_audio():
    kept = OnDisk(noise(0))
    file = kept._file
    del kept
    assert file.closed


@dataclass
class Maps:
    """How many maps there are, and how many there were at most."""

    now: int = 0
    most: int = 0

    def begin(self, audio: np.ndarray) -> np.ndarray:
        self.now += 1
        self.most = max(self.most, self.now)
        weakref.finalize(audio.base, self.end)
        return audio

    def end(self) -> None:
        self.now -= 1


@pytest.fixture
def maps(monkeypatch: pytest.MonkeyPatch) -> Maps:
    counted, look = Maps(), OnDisk.look
    monkeypatch.setattr(OnDisk, "look", lambda self: counted.begin(look(self)))
    return counted


@pytest.fixture(scope="module")
def on_disk() -> Session:
    tracks = [
        Track(f"t{k}", "all", OnDisk(noise(k, 1 + k % 2)), Alignment(), False, None, 0)
        for k in range(TRACKS)
    ]
    return Session("large", RATE, noise(99), tuple(tracks), ())


def in_memory(session: Session) -> Session:
    return replace(session, tracks=tuple(replace(t, kept=t.audio.copy()) for t in session.tracks))


def console(session: Session):
    return build_console([(t.name, t.group) for t in session.tracks], CONSOLES["paper"])


def windows(session: Session) -> list[np.ndarray]:
    dry, _ = SongWindows(session).window(0)
    return [track.numpy() for track in dry.tracks if track is not None]


def whole(session: Session) -> np.ndarray:
    graph = console(session)
    settings = Variables.random(graph, torch.Generator().manual_seed(0)).settings()
    tracks = Views(torch.from_numpy, session.audio)
    return render_song(graph, settings, tracks, RATE, block_samples=30_000).numpy()


PASSES: dict[str, Callable[[Session], object]] = {
    "fingerprint": lambda session: session_fingerprint(session, {}),
    "windows": windows,
    "heard": lambda session: SongWindows(session).heard(console(session)).numpy(),
    "static responses": lambda session: static_responses(session).coherent_db,
    "rendering": whole,
    "listening": lambda session: plan_listening(console(session), session.audio, RATE).span,
}


@pytest.mark.parametrize("name", PASSES)
def test_a_pass_over_a_session_holds_no_maps(name: str, on_disk: Session, maps: Maps):
    found, expected = PASSES[name](on_disk), PASSES[name](in_memory(on_disk))
    assert TRACKS > MOST_MAPS >= maps.most > 0
    assert maps.now == 0
    np.testing.assert_equal(found, expected)  # bit for bit


def test_reading_holds_no_maps(tmp_path: Path, maps: Maps, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mixtrace.session.session.Scratch", lambda: Scratch(in_memory_bytes=0))
    (tmp_path / "tracks").mkdir()
    for k in range(TRACKS):
        soundfile.write(tmp_path / f"tracks/t{k}.wav", noise(k % 6).T, RATE)
    soundfile.write(tmp_path / "mix.wav", np.sum([noise(k) for k in range(6)], 0).T, RATE)
    session = read_session(tmp_path)
    assert [track.duplicate_of for track in session.tracks] == [None] * 6 + ["t0", "t1"]
    assert TRACKS > MOST_MAPS >= maps.most > 0
    assert maps.now == 0


class Unwritten:
    """Audio that finds no room, told as numpy tells it."""

    def tofile(self, file: object) -> None:
        raise OSError("400000 requested and 0 written")


def test_a_disk_without_room_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("numpy.ascontiguousarray", lambda audio: Unwritten())
    with pytest.raises(SessionError, match=f"audio in {tmp_path}; .*disk is full.* TMPDIR"):
        OnDisk(noise(0))
