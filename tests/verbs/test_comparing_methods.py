"""Methods compared on songs: rows, failures, going on where it was stopped, and real processes."""

import json
import shutil
from pathlib import Path

import pytest
import soundfile

from mixtrace.baselines import Sum
from mixtrace.comparing import METHODS
from mixtrace.errors import MixtraceError, StoreError
from mixtrace.store import read_metrics
from mixtrace.verbs import benchmark, compare_methods, comparing_methods, invert, report, show
from tests.comparing.stand_ins import Broken, ForSingleTracks, Here

TWO = ["sum", "equal-loudness"]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> type[Here]:
    """Have methods run in this process, two more of them known, and return the crew's class."""
    crew = type("Counted", (Here,), {"begun_by_all": []})
    monkeypatch.setattr(comparing_methods, "MethodCrew", crew)
    monkeypatch.setitem(METHODS._entries, "single", ForSingleTracks)
    monkeypatch.setitem(METHODS._entries, "broken", Broken)
    return crew


def test_each_method_is_a_row_and_a_result_of_the_usual_kind(
    tiny_song: Path, tmp_path: Path, here: type[Here]
):
    out = tmp_path / "out"
    compared = compare_methods(tiny_song, out, methods=["equal-loudness", "single"])
    equal, single = compared.rows
    metrics = read_metrics(out / "equal-loudness")
    assert equal.figures["l_a"] == metrics["published"]["l_a"]
    assert equal.figures["mrsd"] == metrics["matched"]["mrsd"]
    # A fader on each of three tracks: a level and a place.
    assert (equal.figures["processors"], equal.figures["settings"]) == (3, 6)
    assert equal.figures["memory_mb"] == 500.0
    assert compared.failed and single.failed and single.figures == {}
    assert single.note == "Expected a song of one track; got 3. Give its vocal."
    document = json.loads((out / "comparison.json").read_text())
    assert [row["method"] for row in document["rows"]] == ["equal-loudness", "single"]
    table = (out / "table.md").read_text()
    assert "| equal-loudness |" in table and "Give its vocal." in table
    page = (out / "index.html").read_text()
    assert page.count('data-signal="') == 2  # the mix and an estimate
    assert show(out / "equal-loudness").rows and report(out / "equal-loudness").is_file()


def test_what_has_ended_is_not_repeated_and_more_methods_may_be_added(
    tiny_song: Path, tmp_path: Path, here: type[Here]
):
    out = tmp_path / "out"
    here.pulls = "equal-loudness"
    with pytest.raises(KeyboardInterrupt):
        compare_methods(tiny_song, out, methods=TWO, page=False)
    here.pulls = ""
    compare_methods(tiny_song, out, methods=TWO, page=False)
    compare_methods(tiny_song, out, methods=[*TWO, "single"], page=False)
    compare_methods(tiny_song, out, methods=["single"], page=False, retry=True)
    begun = ["sum", "equal-loudness", "equal-loudness", "single", "single"]
    assert here.begun_by_all == begun
    assert not (out / "index.html").exists()


def test_a_method_with_a_mistake_is_a_row_and_the_others_go_on(
    tiny_song: Path, tmp_path: Path, here: type[Here]
):
    compared = compare_methods(tiny_song, tmp_path / "out", methods=["broken", "sum"], page=False)
    broken, total = compared.rows
    assert broken.failed and "a mistake of ours" in broken.note
    assert not total.failed
    assert here.begun_by_all.count("broken") == 3  # a process that dies is tried again


def test_another_song_another_choice_or_a_folder_of_others_is_refused(
    tiny_song: Path, tmp_path: Path, here: type[Here]
):
    out = tmp_path / "out"
    compare_methods(tiny_song, out, methods=["sum"], page=False)
    with pytest.raises(StoreError, match="aligning is True, not False"):
        compare_methods(tiny_song, out, methods=["sum"], align=False)
    audio, rate = soundfile.read(next(tiny_song.rglob("mix.wav")))
    soundfile.write(next(tiny_song.rglob("mix.wav")), 0.5 * audio, rate)
    with pytest.raises(StoreError, match="the song's files have the hash"):
        compare_methods(tiny_song, out, methods=["sum"])
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    with pytest.raises(StoreError, match="no comparison wrote"):
        compare_methods(tiny_song, tmp_path / "mine", methods=["sum"])
    with pytest.raises(StoreError, match="the song's audio lies in"):
        compare_methods(tiny_song, tiny_song, methods=["sum"])
    for methods, what in ((["sums"], "got 'sums'"), ([], "at least one method")):
        with pytest.raises(MixtraceError, match=what):
            compare_methods(tiny_song, tmp_path / "new", methods=methods)
    assert not (tmp_path / "new").exists()


def test_a_method_that_is_not_made_for_a_song_says_so(tiny_song: Path):
    with pytest.raises(MixtraceError, match="Expected a song of one track; got 3"):
        invert(tiny_song, ForSingleTracks())
    assert invert(tiny_song, Sum()).inversion.why


def test_a_benchmark_tells_means_and_songs_that_cannot_be_used(
    tiny_song: Path, tmp_path: Path, here: type[Here]
):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    tiny_song.rename(corpus / "good")
    (corpus / "bad" / "tracks").mkdir(parents=True)
    for name in ("mix.wav", "tracks/kick.wav"):
        (corpus / "bad" / name).write_bytes(b"no audio")
    out = tmp_path / "out"
    found = benchmark(corpus, out, methods=["sum"])
    assert [song.song for song in found.songs] == ["bad", "good"]
    assert found.failed and not found.songs[1].failed
    document = json.loads((out / "benchmark.json").read_text())
    (mean,) = document["means"]
    assert mean["songs"] == 1
    assert mean["figures"]["l_a"] == found.songs[1].rows[0].figures["l_a"]
    assert 'href="songs/good/index.html"' in (out / "index.html").read_text()
    here.begun_by_all.clear()
    assert benchmark(corpus, out, methods=["sum"]).songs == found.songs
    assert here.begun_by_all == []
    with pytest.raises(StoreError, match="whose unseen is None, not end:40"):
        benchmark(corpus, out, methods=["sum"], unseen="end:40")


def test_a_song_that_is_too_short_for_every_method_is_refused(
    tiny_song: Path, tmp_path: Path, here: type[Here]
):
    out = tmp_path / "out"
    with pytest.raises(MixtraceError, match=r"leaves windows of 2\.8 s both seen and unseen"):
        compare_methods(tiny_song, out, methods=TWO, unseen="end:90")
    cut(tiny_song, 0.3)
    with pytest.raises(MixtraceError, match=r"more than 1\.0 s"):
        compare_methods(tiny_song, out, methods=TWO)
    assert not out.exists() and here.begun_by_all == []


def test_a_benchmark_passes_over_short_songs_unless_all_are(
    tiny_song: Path, tmp_path: Path, here: type[Here]
):
    corpus, out = tmp_path / "corpus", tmp_path / "out"
    shutil.copytree(tiny_song, corpus / "short")
    cut(corpus / "short", 0.3)
    with pytest.raises(MixtraceError, match=r"none of 1 song can, the first because: .* 1\.0 s"):
        benchmark(corpus, out, methods=["sum"])
    assert not out.exists()
    tiny_song.rename(corpus / "whole")
    short, whole = benchmark(corpus, out, methods=["sum"], page=False).songs
    assert "more than 1.0 s" in short.why and not whole.failed
    assert here.begun_by_all == ["sum"]


def cut(song: Path, length_s: float) -> None:
    """Leave that much of every file of a song."""
    for path in song.rglob("*.wav"):
        audio, rate = soundfile.read(path)
        soundfile.write(path, audio[: round(length_s * rate)], rate)


def test_a_method_runs_in_a_process_of_its_own(tiny_song: Path, tmp_path: Path):
    (row,) = compare_methods(tiny_song, tmp_path / "out", methods=["sum"], page=False).rows
    assert not row.failed
    assert row.figures["memory_mb"] > 100.0  # what a process with torch in it takes at least


def test_methods_that_were_compared_before_stay_in_the_table(tiny_song: Path, tmp_path: Path):
    out = tmp_path / "out"
    compare_methods(tiny_song, out, methods=["sum", "equal-loudness"], page=False)
    compared = compare_methods(tiny_song, out, methods=["random"], page=False)
    assert [row.method for row in compared.rows] == ["sum", "equal-loudness", "random"]
    assert all(
        name in (out / "table.md").read_text() for name in ("sum", "equal-loudness", "random")
    )
