"""`export`: folders that are whole or as they were, songs that moved or changed, and the notes."""

import shutil
from pathlib import Path

import pytest
import soundfile
from test_render import planted

import mixtrace
from mixtrace.errors import MixtraceError
from mixtrace.exporting import TARGETS
from mixtrace.session import find_song
from mixtrace.store import GRAPH, PARAMS, write_graph
from mixtrace.verbs.result_song import result_song
from mixtrace.verbs.sources import find_source, source_of


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "OUT"
    folder.mkdir()
    write_graph(planted(), folder / GRAPH, folder / PARAMS)
    return folder


def test_a_session_with_its_notes(tiny_song: Path, out: Path, tmp_path: Path):
    told = []
    exported = mixtrace.export(
        out, "ardour", tmp_path / "DIR", song=tiny_song, on_progress=lambda step: told.append(step)
    )
    assert {step.stage for step in told} == {"reading", "writing"}
    assert exported.folder == tmp_path / "DIR"
    assert "22050 Hz" in exported.notes[0] and "44100 Hz" in exported.notes[0]
    audio = sorted((tmp_path / "DIR").glob("interchange/*/audiofiles/*.wav"))
    assert [path.name[3:] for path in audio] == ["01_Kick.wav", "02_Bass.wav", "03_Voice.wav"]
    assert {soundfile.info(path).samplerate for path in audio} == {44_100}


def test_what_is_there_is_kept_unless_it_may_be_replaced(
    tiny_song: Path, out: Path, tmp_path: Path
):
    folder = tmp_path / "DIR"
    folder.mkdir()
    mixtrace.export(out, "ardour", folder, song=tiny_song)  # an empty one is filled
    (folder / "mine.txt").write_text("mixed on")
    with pytest.raises(MixtraceError, match="--force"):
        mixtrace.export(out, "ardour", folder, song=tiny_song)
    assert (folder / "mine.txt").exists()
    mixtrace.export(out, "ardour", folder, song=tiny_song, force=True)
    assert not (folder / "mine.txt").exists()
    (folder / "export.json").unlink()
    with pytest.raises(MixtraceError, match="did not write"):
        mixtrace.export(out, "ardour", folder, song=tiny_song, force=True)


def test_a_failed_export_leaves_what_was_there(
    tiny_song: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "DIR"
    mixtrace.export(out, "ardour", folder, song=tiny_song)
    before = sorted(tmp_path.rglob("*"))

    def fail(project: object, place: Path, report: object) -> tuple[str, ...]:
        (place / "half").write_text("written")
        raise KeyboardInterrupt

    monkeypatch.setattr(TARGETS["ardour"], "write", fail)
    with pytest.raises(KeyboardInterrupt):
        mixtrace.export(out, "ardour", folder, song=tiny_song, force=True)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_unknown_target_is_named(out: Path, tmp_path: Path):
    with pytest.raises(MixtraceError, match="among ardour"):
        mixtrace.export(out, "nothing", tmp_path / "DIR")


def test_a_result_that_does_not_tell_its_song(out: Path, tmp_path: Path):
    with pytest.raises(MixtraceError, match="--song"):
        mixtrace.export(out, "ardour", tmp_path / "DIR")


def fit_file(out: Path, source: object) -> None:
    from mixtrace.store import FIT, FIT_SCHEMA, write_document

    whole = {"config": {}, "losses": {}, "processors": {"console": 1, "kept": 1}, "notes": []}
    whole |= {"removed": [], "history": {}, "recipe": {}, "ended": "finished", "why": "done"}
    write_document(out / FIT, FIT_SCHEMA, whole | {"seconds": 1.0, "source": source})


def test_a_song_is_found_where_it_was_until_it_moves_or_changes(tiny_song: Path, out: Path):
    fit_file(out, source_of(tiny_song, None, find_song(tiny_song), out))
    found, mix = find_source(out)
    assert (found.resolve(), mix) == (tiny_song.resolve(), None)

    kick = tiny_song / "tracks/01_Kick.wav"
    samples, rate_hz = soundfile.read(kick)
    soundfile.write(kick, 0.5 * samples, rate_hz, subtype="FLOAT")
    with pytest.raises(MixtraceError, match="has changed since"):
        find_source(out)

    tiny_song.rename(tiny_song.with_name("elsewhere"))
    with pytest.raises(MixtraceError, match="moved or copied"):
        find_source(out)


def test_a_named_song_of_other_audio_is_told_by_its_files(
    tiny_song: Path, out: Path, tmp_path: Path
):
    fit_file(out, source_of(tiny_song, None, find_song(tiny_song), out))
    (same,) = mixtrace.export(out, "ardour", tmp_path / "one", song=tiny_song).notes
    assert "44100 Hz" in same
    assert mixtrace.render(out, tiny_song / "tracks").notes == ()  # the mix is not asked for
    kick = tiny_song / "tracks/01_Kick.wav"
    samples, rate_hz = soundfile.read(kick)
    soundfile.write(kick, 0.5 * samples, rate_hz, subtype="FLOAT")
    exported = mixtrace.export(out, "stems", tmp_path / "two", song=tiny_song)
    (told,) = [note for note in exported.notes if "other audio" in note]
    assert "01_Kick.wav" in told and "02_Bass" not in told and "mix" not in told
    assert told in (tmp_path / "two/export.json").read_text("utf-8")
    (again,) = mixtrace.render(out, tiny_song).notes
    assert again == told
    (simple,) = result_song(out, tiny_song, None).notes
    assert simple == told


def test_an_archive_is_found_again(tiny_song: Path, out: Path, tmp_path: Path):
    archive = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", tiny_song))
    fit_file(out, source_of(archive, None, find_song(archive), out))
    assert find_source(out)[0].resolve() == archive.resolve()


@pytest.mark.parametrize("place", ["OUT", "OUT/inside", "SONG/tracks/inside", "SONG/inside"])
def test_nothing_is_written_where_the_next_reading_would_find_it(
    tiny_song: Path, out: Path, tmp_path: Path, place: str
):
    song = tiny_song.rename(tmp_path / "SONG")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(MixtraceError, match="outside of what it is made from"):
        mixtrace.export(out, "stems", tmp_path / place, song=song)
    assert sorted(tmp_path.rglob("*")) == before
