"""`render`: mixes, stems and residuals against sums made by hand; names of strangers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
import torch

import mixtrace
from mixtrace.errors import MixtraceError
from mixtrace.graph import CONSOLES, build_console, remove_nodes
from mixtrace.processors import Settings
from mixtrace.session import Alignment
from mixtrace.store import GRAPH, PARAMS, StoredGraph, StoredTrack, write_graph

RATE = 22_050
NAMES = ("01_Kick", "02_Bass", "03_Voice")
GROUPS = ("drums", "band", "band")
GAINS_DB = (-6.0, 0.0, 3.0)


def planted(names: tuple[str, ...] = NAMES, groups: tuple[str, ...] = GROUPS) -> StoredGraph:
    """Return a graph with a gain on the first and last track."""
    console = build_console(list(zip(names, groups, strict=True)), CONSOLES["paper"])
    gains = console.of_kind("gain_panning")
    kept = {gains[0], gains[2]}
    graph = remove_nodes(console, set(console.processors) - kept)
    gain_db = torch.tensor([[GAINS_DB[0]] * 2, [GAINS_DB[2]] * 2])
    settings = Settings.by_kind(
        graph.by_kind(), {"gain_panning": {"gain_db": gain_db}}, {"gain_panning": torch.ones(2)}
    )
    tracks = tuple(StoredTrack(n, g, Alignment()) for n, g in zip(names, groups, strict=True))
    return StoredGraph("tiny song", tracks, graph, settings)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "OUT"
    folder.mkdir()
    write_graph(planted(), folder / GRAPH, folder / PARAMS)
    return folder


def dry(song: Path) -> list[np.ndarray]:
    """Return the tracks as [2, time]."""
    audio = [soundfile.read(p, always_2d=True)[0].T for p in sorted((song / "tracks").iterdir())]
    return [np.broadcast_to(track, (2, track.shape[1])) for track in audio]


def stems_by_hand(song: Path) -> list[np.ndarray]:
    return [t * 10.0 ** (g / 20.0) for t, g in zip(dry(song), GAINS_DB, strict=True)]


def read(path: Path) -> np.ndarray:
    audio, rate = soundfile.read(path, always_2d=True)
    assert rate == RATE
    return audio.T


# Everything below is rendered in single precision, written with 24 bits: 1e-6 of full scale each.
TOLERANCE = 1e-5


def test_mix_stems_and_residual(tiny_song: Path, out: Path, tmp_path: Path):
    stems = tmp_path / "stems"
    rendering = mixtrace.render(
        out, tiny_song, tmp_path / "m.wav", stems=stems, residual=tmp_path / "r.wav"
    )
    kick, bass, voice = stems_by_hand(tiny_song)
    np.testing.assert_allclose(read(tmp_path / "m.wav"), kick + bass + voice, atol=TOLERANCE)
    np.testing.assert_allclose(rendering.mix, kick + bass + voice, atol=TOLERANCE)
    expected = {
        "track 01 01_Kick.wav": kick,
        "track 02 02_Bass.wav": bass,
        "track 03 03_Voice.wav": voice,
        "bus 01 drums.wav": kick,
        "bus 02 band.wav": bass + voice,
    }
    assert {path.name for path in stems.iterdir()} == expected.keys()
    for name, audio in expected.items():
        np.testing.assert_allclose(read(stems / name), audio, atol=TOLERANCE)
    residual = sum(dry(tiny_song)) - (kick + bass + voice)
    np.testing.assert_allclose(read(tmp_path / "r.wav"), residual, atol=TOLERANCE)
    assert set(rendering.files) == {tmp_path / "m.wav", tmp_path / "r.wav", *stems.iterdir()}


def test_another_rate(tiny_song: Path, out: Path, tmp_path: Path):
    mixtrace.render(out, tiny_song, tmp_path / "m.wav", sample_rate_hz=48_000)
    audio, rate = soundfile.read(tmp_path / "m.wav", always_2d=True)
    assert rate == 48_000
    mix = np.sum(np.stack(stems_by_hand(tiny_song)), axis=0)
    expected = soxr.resample(mix.T, RATE, 48_000, quality="VHQ")
    # Resampling before instead of after a gain differs by single precision only.
    np.testing.assert_allclose(audio, expected, atol=TOLERANCE)


def test_a_folder_of_tracks_alone(tiny_song: Path, out: Path, tmp_path: Path):
    (tiny_song / "mix.wav").unlink()
    for folder in (tiny_song, tiny_song / "tracks"):
        rendering = mixtrace.render(out, folder)
        assert rendering.sample_rate_hz == RATE
        np.testing.assert_allclose(rendering.mix, sum(stems_by_hand(tiny_song)), atol=TOLERANCE)
    with pytest.raises(MixtraceError, match="mix for the residual"):
        mixtrace.render(out, tiny_song, residual=tmp_path / "r.wav")


def test_tracks_in_folders_and_halves_need_no_mix(tiny_song: Path, out: Path):
    expected = sum(stems_by_hand(tiny_song))
    (tiny_song / "mix.wav").unlink()
    (tiny_song / "tracks/Drums").mkdir()
    (tiny_song / "tracks/01_Kick.wav").rename(tiny_song / "tracks/Drums/01_Kick.wav")
    voice, rate = soundfile.read(tiny_song / "tracks/03_Voice.wav")
    (tiny_song / "tracks/03_Voice.wav").unlink()
    for side, samples in zip("LR", voice.T, strict=True):
        soundfile.write(tiny_song / f"tracks/03_Voice.{side}.wav", samples, rate, subtype="FLOAT")
    np.testing.assert_allclose(mixtrace.render(out, tiny_song).mix, expected, atol=TOLERANCE)


@pytest.mark.parametrize("with_mix", [True, False])
def test_tracks_are_moved_as_at_the_fit(tiny_song: Path, tmp_path: Path, with_mix: bool):
    stored = planted()
    moved = replace(stored.tracks[1], alignment=Alignment(100 / RATE, -1, 0.9))
    tracks = (stored.tracks[0], moved, stored.tracks[2])
    write_graph(replace(stored, tracks=tracks), tmp_path / GRAPH, tmp_path / PARAMS)
    kick, bass, voice = stems_by_hand(tiny_song)
    time = kick.shape[1] if with_mix else kick.shape[1] + 100
    if not with_mix:
        (tiny_song / "mix.wav").unlink()
    expected = np.zeros((2, time))
    expected[:, : kick.shape[1]] += kick + voice
    expected[:, 100:] -= bass[:, : time - 100]
    mix = mixtrace.render(tmp_path, tiny_song).mix
    np.testing.assert_allclose(mix, expected, atol=TOLERANCE)


def test_tracks_in_other_order_and_more_of_them(tiny_song: Path, out: Path):
    expected = sum(stems_by_hand(tiny_song))
    soundfile.write(tiny_song / "tracks" / "00_Click.wav", np.ones(100), RATE)
    mix = mixtrace.render(out, tiny_song).mix
    np.testing.assert_allclose(mix, expected, atol=TOLERANCE)


def test_a_missing_track_is_named(tiny_song: Path, out: Path, tmp_path: Path):
    (tiny_song / "tracks" / "02_Bass.wav").unlink()
    with pytest.raises(MixtraceError, match="no 02_Bass"):
        mixtrace.render(out, tiny_song, tmp_path / "m.wav")
    (tiny_song / "mix.wav").unlink()
    with pytest.raises(MixtraceError, match="Expected a mix"):
        mixtrace.render(out, tiny_song, tmp_path / "m.wav")
    assert not (tmp_path / "m.wav").exists()


def test_the_songs_own_files_are_not_overwritten(tiny_song: Path, out: Path, tmp_path: Path):
    link = tmp_path / "link.wav"
    link.symlink_to(tiny_song / "mix.wav")
    before = (tiny_song / "mix.wav").read_bytes()
    for target in (tiny_song / "mix.wav", tiny_song / "tracks" / ".." / "mix.wav", link):
        with pytest.raises(MixtraceError, match="own files"):
            mixtrace.render(out, tiny_song, target)
        with pytest.raises(MixtraceError, match="own files"):
            mixtrace.render(out, tiny_song, residual=target)
    assert (tiny_song / "mix.wav").read_bytes() == before


def test_names_of_strangers_stay_in_the_stems_folder(tmp_path: Path):
    names = ("../../evil", "..", "a" * 255)
    groups = ("CON", "\\\\host\\share", "x:y")
    write_graph(planted(names, groups), tmp_path / GRAPH, tmp_path / PARAMS)
    song = tmp_path / "song"
    song.mkdir()
    (song / "session.toml").write_text(
        'mix = "mix.wav"\n'
        + "".join(f'[[tracks]]\npath = "{i}.wav"\nname = "n{i}"\n' for i in range(3))
    )
    for name in ("mix", "0", "1", "2"):
        soundfile.write(song / f"{name}.wav", np.full(RATE, 0.1), RATE)
    # Such names cannot be a song's tracks, so nothing is rendered at all.
    with pytest.raises(MixtraceError, match="has no"):
        mixtrace.render(tmp_path, song, stems=tmp_path / "stems")
    # Where they can be (a bus), they are files like others.
    write_graph(planted(("n0", "n1", "n2"), groups), tmp_path / GRAPH, tmp_path / PARAMS)
    mixtrace.render(tmp_path, song, stems=tmp_path / "stems")
    assert sorted(path.name for path in (tmp_path / "stems").iterdir()) == [
        "bus 01 CON.wav",
        "bus 02 __host_share.wav",
        "bus 03 x_y.wav",
        "track 01 n0.wav",
        "track 02 n1.wav",
        "track 03 n2.wav",
    ]


def test_what_is_no_graph_is_refused(tiny_song: Path, tmp_path: Path):
    for path in (tmp_path, tiny_song / "mix.wav", tmp_path / "absent"):
        with pytest.raises(MixtraceError, match=r"Expected a graph\.json"):
            mixtrace.render(path, tiny_song)


def test_many_stems_are_rendered_in_several_passes(
    tiny_song: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    mixtrace.render(out, tiny_song, stems=tmp_path / "once")
    monkeypatch.setattr("mixtrace.verbs.rendering._STEM_BYTES", 2 * 8 * 5 * RATE)  # two a pass
    mixtrace.render(out, tiny_song, stems=tmp_path / "passes")
    for path in (tmp_path / "once").iterdir():
        assert path.read_bytes() == (tmp_path / "passes" / path.name).read_bytes()


def test_loud_mixes_are_not_clipped(tiny_song: Path, tmp_path: Path):
    stored = planted()
    loud = Settings.by_kind(
        stored.graph.by_kind(),
        {"gain_panning": {"gain_db": torch.full((2, 2), 30.0)}},
        {"gain_panning": torch.ones(2)},
    )
    write_graph(replace(stored, settings=loud), tmp_path / GRAPH, tmp_path / PARAMS)
    rendering = mixtrace.render(tmp_path, tiny_song, tmp_path / "loud.wav")
    assert np.abs(rendering.mix).max() > 2.0
    np.testing.assert_array_equal(read(tmp_path / "loud.wav"), rendering.mix)


@pytest.mark.parametrize("name", ["session.toml", "graph.json", "mix", "mix.flac"])
@pytest.mark.parametrize("residual", [False, True])
def test_only_a_wav_file_is_written(out: Path, tiny_song: Path, name: str, residual: bool):
    target = tiny_song / name
    before = target.read_bytes() if target.exists() else None
    with pytest.raises(MixtraceError, match=r"Expected a name that ends in \.wav"):
        if residual:
            mixtrace.render(out, tiny_song, residual=target)
        else:
            mixtrace.render(out, tiny_song, target)
    assert (target.read_bytes() if target.exists() else None) == before
