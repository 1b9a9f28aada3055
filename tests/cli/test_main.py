"""Mistakes end with one sentence and code 2; names of strangers are printed, not obeyed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mixtrace.store import GRAPH, PARAMS, StoredGraph, write_graph

Run = Callable[..., tuple[int, str, str]]


COMMANDS = [
    (),
    ("fit",),
    ("render",),
    ("show",),
    ("report",),
    ("compare",),
    ("evaluate",),
    ("export",),
    ("index",),
    ("apply",),
    ("diff",),
    ("listening-test",),
    ("listening-results",),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_tells_what_it_is_for(run: Run, command: tuple[str, ...]):
    code, out, _ = run(*command, "--help")
    assert code == 0
    assert "Usage: mixtrace" in out
    assert "mix" in out


def test_version(run: Run):
    code, out, _ = run("--version")
    assert (code, out.split()[0]) == (0, "mixtrace")


def mistakes(tmp_path: Path, song: Path) -> list[tuple[list[object], str]]:
    out = tmp_path / "OUT"
    (tmp_path / "file").write_text("text")
    return [
        (["fit", tmp_path / "absent", "-o", out], "nothing at"),
        (["fit", tmp_path / "file", "-o", out], "of another kind"),
        (["fit", song, "-o", out, "--mix", "absent.wav"], "no such file"),
        (["fit", song, "-o", out, "--preset", "garage"], "'garage'"),
        (["fit", song, "-o", out, "--tolerance", "nan"], "tolerance"),
        (["fit", song, "-o", out, "--runs", "0"], "a number of runs from 1 to 1000; got 0"),
        (["fit", song, "-o", out, "--runs", "-3"], "got -3. Try --runs 3"),
        (["fit", song, "-o", out, "--runs", "2", "--seed", f"{2**63 - 1}"], "a seed from 0"),
        (["fit", song, "-o", out, "--unseen", "40"], "such as end:40"),
        (["fit", song, "-o", out, "--unseen", "end:95"], "at most 90 percent"),
        (["fit", song, "-o", out, "--unseen", "end:40"], "Hold out another share"),
        (["fit", song, "-o", out, "--device", "toaster"], "'toaster'"),
        (["fit", song, "-o", song], "folder of its own"),
        (["fit", song, "-o", tmp_path / "file"], "is a file"),
        (["fit", song, "-o", tmp_path / "file" / "OUT"], "is a file"),
        (["render", tmp_path, song, "-o", tmp_path / "new.wav"], "graph.json"),
        (["show", tmp_path / "absent"], "nothing at"),
        (["show", tmp_path / "bad\x1b[2Jname\n"], "bad [2Jname "),
        (["show", ""], "an empty one"),
        (["report", ""], "an empty one"),
        (["compare", "", ""], "an empty one"),
        (["capture", "", "-o", out], "an empty one"),
        (["evaluate", "", song / "mix.wav"], "an empty one"),
        (["report", tmp_path / "absent"], "neither graph.json nor capture.json"),
        (["compare", tmp_path / "absent", out], "graph.json"),
        (["evaluate", song / "mix.wav", tmp_path / "absent"], "absent"),
        (["evaluate", song / "mix.wav", song / "mix.wav", "--unseen", "40"], "such as end:40"),
        (["evaluate", song / "mix.wav", tmp_path / "file"], "cannot be read"),
        (["evaluate", song, song / "tracks"], "no such pair"),
        (["listening-test", song / "mix.wav", "-o", out], "--reference"),
        (["listening-test", song, "-o", out], "graph.json"),
        (["listening-results", tmp_path / "file", "-o", out / "x.svg"], "as its page wrote them"),
    ]


def test_each_mistake_gets_one_sentence(run: Run, tmp_path: Path, tiny_song: Path):
    before = sorted(tiny_song.rglob("*"))
    for arguments, message in mistakes(tmp_path, tiny_song):
        code, out, err = run(*arguments)
        sentence = err.splitlines()[-1]
        assert code == 2, arguments
        assert sentence.startswith("Error: "), arguments
        assert message in sentence, (arguments, sentence)
        assert "Traceback" not in err
        assert out == ""
    assert not (tmp_path / "OUT").exists()
    assert sorted(tiny_song.rglob("*")) == before


@pytest.mark.parametrize(
    "arguments", [["fitt"], ["fit"], ["fit", "song"], ["fit", "s", "-o", "o", "--policy", "x"]]
)
def test_mistyped_commands_end_with_code_2(run: Run, arguments: list[str]):
    code, _, err = run(*arguments)
    assert code == 2
    assert "Traceback" not in err


def strange_graph(stored: StoredGraph, name: str) -> StoredGraph:
    strips = {
        number: replace(strip, name=name) if strip.name == "01_Kick" else strip
        for number, strip in stored.graph.strips.items()
    }
    tracks = (replace(stored.tracks[0], name=name), *stored.tracks[1:])
    return replace(stored, graph=replace(stored.graph, strips=strips), tracks=tracks)


@pytest.mark.parametrize("name", ["[red]Kick[/red]", "[/nothing]", ":smiley: {x}", "x" * 200])
def test_names_are_shown_as_they_are(
    run: Run, tmp_path: Path, stored_graph: StoredGraph, name: str
):
    write_graph(strange_graph(stored_graph, name), tmp_path / GRAPH, tmp_path / PARAMS)
    code, out, _ = run("show", tmp_path)
    assert code == 0
    assert f"── {name}  track\n" in out  # unbroken, for it is no terminal
    assert "\x1b" not in out


def test_no_color_is_honoured(
    run: Run, tmp_path: Path, stored_graph: StoredGraph, monkeypatch: pytest.MonkeyPatch
):
    write_graph(stored_graph, tmp_path / GRAPH, tmp_path / PARAMS)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[36m" in run("show", tmp_path)[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[36m" not in run("show", tmp_path)[1]


def test_show_draws_curves_where_the_output_has_characters_for_them(
    run: Run, tmp_path: Path, write_result: Callable[..., Path]
):
    folder = write_result(tmp_path / "OUT")
    code, out, _ = run("show", folder)
    assert code == 0
    assert "\x1b" not in out  # a pipe gets no colours
    assert "── EQ  ▅" in out  # random curves begin near 0 dB, half way up
    assert "Unsure: " in out
    for encoding, has_curves in (("ascii", False), ("utf-8", True)):
        environment = {**os.environ, "PYTHONIOENCODING": encoding}
        command = [sys.executable, "-c", "from mixtrace.cli import main; main()", "show", folder]
        shown = subprocess.run(command, env=environment, capture_output=True, check=True)
        assert ("▅" in shown.stdout.decode(encoding)) is has_curves


def test_show_prints_one_json_document(
    run: Run, tmp_path: Path, write_result: Callable[..., Path], tiny_song: Path
):
    code, out, _ = run("show", write_result(tmp_path / "OUT"), "--json")
    kick = next(row for row in json.loads(out)["rows"] if row["title"] == "01_Kick")
    assert code == 0
    assert {line["label"] for line in kick["lines"]} >= {"EQ", "compressor", "reverb"}
    assert kick["sentence"].endswith(".")
    assert kick["doubts"]
    code, out, _ = run("show", tiny_song, "--no-align", "--json")
    assert json.loads(out)["rows"][0]["title"] == "tiny song"


def test_report_and_compare(run: Run, tmp_path: Path, write_result: Callable[..., Path]):
    first, second = (write_result(tmp_path / name) for name in ("A", "B"))
    code, out, _ = run("report", first)
    assert (code, out.strip()) == (0, str(first / "report.html"))
    page = tmp_path / "compare.html"
    code, out, _ = run("compare", first, second, "-o", page)
    assert code == 0
    assert "L_a, published" in out
    assert page.read_text("utf-8").endswith("</html>")
    code, out, _ = run("compare", first, second, "-o", page, "--json")
    assert json.loads(out)["names"] == ["A", "B"]


def test_results_of_two_songs_are_not_compared(
    run: Run, tmp_path: Path, stored_graph: StoredGraph, write_result: Callable[..., Path]
):
    first = write_result(tmp_path / "A")
    second = write_result(tmp_path / "B", strange_graph(stored_graph, "Snare"))
    page = tmp_path / "compare.html"
    code, out, err = run("compare", first, second, "-o", page)
    assert (code, out) == (2, "")
    assert err.startswith("Error: Expected results of one song")
    assert len(err.splitlines()) == 1
    assert not page.exists()


def test_evaluate_prints_tables_or_json(run: Run, tiny_song: Path):
    pair = (tiny_song / "mix.wav", tiny_song / "tracks" / "01_Kick.wav")
    code, out, _ = run("evaluate", *pair)
    assert code == 0
    for word in ("L_a", "left, right", "mid", "side", "MAE", "MRSD", "loudness", "LUFS", "dBTP"):
        assert word in out
    told = out
    code, out, _ = run("evaluate", *pair, "--json")
    measures = json.loads(out)
    assert code == 0
    assert measures["published"]["l_a"] > 0.0
    assert measures["compared"]["words"] in " ".join(told.split())
    assert measures["estimate"]["stereo_width_db"] == -200.0  # mono


def test_evaluate_prints_every_feature_on_request(run: Run, tiny_song: Path):
    pair = (tiny_song / "mix.wav", tiny_song / "tracks" / "03_Voice.wav")
    code, out, _ = run("evaluate", *pair)
    assert code == 0 and "dynamics" in out and "SI-SDR" in out and "centroid" not in out
    code, out, _ = run("evaluate", *pair, "--features")
    assert code == 0
    for words in ("centroid", "rolloff", "panning rms low", "dynamic spread", "%"):
        assert words in out
    features = json.loads(run("evaluate", *pair, "--json")[1])["features"]
    assert features["mean_error_percent"]["spectrum"] > 0.0


def test_evaluate_compares_folders(run: Run, tiny_song: Path, tmp_path: Path):
    tracks = tiny_song / "tracks"
    code, out, _ = run("evaluate", tracks, tracks, "--csv", tmp_path / "table.csv")
    assert code == 0
    for words in ("01_Kick", "03_Voice", "mean", "table.csv"):
        assert words in out
    code, out, _ = run("evaluate", tracks, tracks, "--json")
    assert code == 0
    assert json.loads(out)["means"]["l_a"] == 0.0
    code, _, err = run("evaluate", *[tracks / "03_Voice.wav"] * 2, "--csv", tmp_path / "table.csv")
    assert code == 2 and "two folders" in err and "Traceback" not in err


def test_a_listening_test_and_its_results(run: Run, tiny_song: Path, tmp_path: Path):
    voice, out = tiny_song / "tracks" / "03_Voice.wav", tmp_path / "TEST"
    choices = ("--reference", tiny_song / "mix.wav", "--length", 3)
    code, printed, _ = run("listening-test", f"voice={voice}", "-o", out, *choices)
    assert code == 0
    for words in ("low anchor", "voice", "3.0", "listening-test.html"):
        assert words in printed
    rows = ["test,listener,time,song,system,role,rating,position"]
    for listener, rating in (("a", 40), ("b", 60), ("c", 90)):
        rows.append(f"t,{listener},now,mix,reference,reference,{100 if rating < 90 else 80},1")
        rows.append(f"t,{listener},now,mix,voice,system,{rating},2")
    (tmp_path / "ratings.csv").write_text("\n".join(rows))
    plot = tmp_path / "plot.svg"
    code, printed, _ = run("listening-results", tmp_path / "ratings.csv", "-o", plot)
    assert code == 0 and plot.is_file()
    for words in ("Left out: c rated the hidden reference", "2 of 3 listeners", "50.0", "40 to 60"):
        assert words in printed
    for words in ("0.0 to 100.0 (cut)", "(cut): the interval reaches beyond the scale"):
        assert words in printed
    code, printed, _ = run("listening-results", tmp_path / "ratings.csv", "-o", plot, "--json")
    assert json.loads(printed)["overall"][1]["mean"] == 50.0


def test_evaluate_measures_a_part_apart(run: Run, tiny_song: Path):
    pair = (tiny_song / "mix.wav", tiny_song / "tracks" / "01_Kick.wav")
    code, out, _ = run("evaluate", *pair, "--unseen", "end:24")
    assert code == 0
    assert "unseen part" in out and "The unseen part: the last 24 % of the song." in out
    code, out, _ = run("evaluate", *pair, "--unseen", "end:24", "--json")
    assert json.loads(out)["held_out"]["unseen"]["windows"] == 1
    assert "unseen" not in run("evaluate", *pair)[1]


def test_show_a_song(run: Run, tiny_song: Path):
    code, out, err = run("show", tiny_song, "--no-align")
    assert code == 0
    assert "took mix.wav for the mix" in out
    assert "03_Voice  stereo" in out
    assert "reading" in err  # progress does not mix with the answer


def test_the_mix_of_another_song_ends_with_code_2(run: Run, tmp_path: Path, tiny_song: Path):
    rng = np.random.default_rng(9)
    soundfile.write(tiny_song / "mix.wav", 0.1 * rng.standard_normal((5 * 22_050, 2)), 22_050)
    code, _, err = run("fit", tiny_song, "-o", tmp_path / "OUT")
    assert code == 2
    sentence = err.splitlines()[-1]
    assert sentence.startswith("Error: Expected the mix of these tracks; none of them can be heard")
    assert "--force" in sentence
    assert not (tmp_path / "OUT").exists()
    code, out, _ = run("show", tiny_song)
    assert code == 0
    assert (
        "fit and capture would refuse it: Expected the mix of these tracks" in out.splitlines()[1]
    )
