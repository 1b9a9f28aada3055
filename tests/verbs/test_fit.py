"""`fit` around the search: what it is given, what it leaves on disk, and what it refuses."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

import mixtrace
from mixtrace.cli.printing import print_fit
from mixtrace.errors import MixtraceError
from mixtrace.graph import CONSOLES, build_console, remove_nodes
from mixtrace.methods import Inversion, Work
from mixtrace.processors import Settings
from mixtrace.progress import Progress
from mixtrace.prune import PublishedSearch, SearchConfig
from mixtrace.session import Session
from mixtrace.store import (
    RUNS,
    SURENESS,
    Interval,
    Setting,
    Sureness,
    read_agreement,
    read_document,
    read_graph,
    read_sureness,
)

SHORT = SearchConfig(console_steps=2, policy="none")


class FakeSearch:
    """Stands for the search: keeps one gain on the first track, and what it was called with."""

    def __init__(self) -> None:
        self.interrupted = False
        self.interval: Interval | None = None
        self.calls: list[tuple[Session, SearchConfig, Any, Work]] = []

    def __call__(
        self, session: Session, config: SearchConfig, held_out: Any, work: Work
    ) -> Inversion:
        self.calls.append((session, config, held_out, work))
        if work.keeper is not None:
            work.keeper.save({"x": torch.zeros(1)}, {"step": 1})
        work.on_progress(Progress("console", 1, 2, 0.5, 9.0))
        console = build_console([(t.name, t.group) for t in session.tracks], CONSOLES["paper"])
        gain = console.of_kind("gain_panning")[0]
        graph = remove_nodes(console, set(console.processors) - {gain})
        settings = Settings.by_kind(
            graph.by_kind(),
            {"gain_panning": {"gain_db": torch.tensor([[-6.0, -12.0]])}},
            {"gain_panning": torch.tensor([1.0])},
        )
        losses = {"final": {"published": 0.5, "eq4": float("nan")}}
        history = {"loss": [0.6, float("inf")], "seconds": [0.1, 0.2]}
        removed = [{"node": 90, "kind": "noise_reverb", "name": "drums", "round": 1, "loss": 0.5}]
        evidence: dict[str, Any] = {"history": history, "removed": removed}
        if self.interval is not None:
            sure = Sureness({Setting(gain, "gain_db"): self.interval})
            evidence["sureness"] = sure.document()
        ended = "stopped" if self.interrupted else "finished"
        return Inversion(
            graph, settings, console, losses, evidence, {"rounds": 1}, ended, "It ended.", 1.5
        )


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeSearch:
    search = FakeSearch()
    monkeypatch.setattr(
        PublishedSearch,
        "invert",
        lambda method, session, held_out, work: search(session, method.config, held_out, work),
    )
    return search


def test_how_sure_a_result_is_lies_beside_it_until_another_does(
    tiny_song: Path, tmp_path: Path, fake: FakeSearch
):
    out, fake.interval = tmp_path / "OUT", Interval(-7.5, -5.25)
    method = PublishedSearch(SHORT)
    found = mixtrace.fit(tiny_song, out, method=method, page=False, audio=False)
    assert list(read_sureness(out / SURENESS, found.stored).intervals.values()) == [fake.interval]
    fake.interval = None
    mixtrace.fit(tiny_song, out, method=method, page=False, audio=False, fresh=True)
    assert not (out / SURENESS).exists()


def test_what_runs_agree_on_lies_beside_the_result_until_there_is_one_run(
    tiny_song: Path, tmp_path: Path, fake: FakeSearch, capsys: pytest.CaptureFixture[str]
):
    out, method, steps = tmp_path / "OUT", PublishedSearch(SHORT), list[Progress]()
    choices: dict[str, Any] = {"audio": False, "on_progress": steps.append}
    found = mixtrace.fit(tiny_song, out, method=method, runs=3, **choices)
    assert [config.seed for _, config, _, _ in fake.calls] == [0, 1, 2]
    assert "run 2 of 3: console" in {step.stage for step in steps}
    assert json.loads((out / "fit.json").read_text())["config"]["runs"] == 3
    agreement = read_agreement(out / RUNS, found.stored)
    assert found.agreement is not None and agreement.runs == found.agreement.runs
    (node,) = found.stored.graph.processors
    assert (agreement.kept, agreement.stood) == (0, {node: 3})
    sentence = "L_a of the 3 runs, from seed 0 on: 0.5000, 0.5000, 0.5000; the one from seed 0 is"
    print_fit(found)
    assert sentence in capsys.readouterr().out
    assert sentence in (out / "report.html").read_text("utf-8")
    shown = str(mixtrace.show(out))
    assert sentence in shown and "; in 3 of 3 runs" in shown
    # The same fit is done: no run is done again. Another number of runs is another fit.
    mixtrace.fit(tiny_song, out, method=method, runs=3, **choices)
    assert len(fake.calls) == 3
    with pytest.raises(MixtraceError, match="other settings"):
        mixtrace.fit(tiny_song, out, method=method, runs=2, **choices)
    once = mixtrace.fit(tiny_song, out, method=method, fresh=True, **choices)
    assert once.agreement is None and not (out / RUNS).exists()
    assert "runs" not in json.loads((out / "fit.json").read_text())["config"]
    assert "runs" not in str(mixtrace.show(out))


def test_runs_go_on_in_the_one_that_was_stopped(tiny_song: Path, tmp_path: Path, fake: FakeSearch):
    out, method = tmp_path / "OUT", PublishedSearch(SHORT)
    choices: dict[str, Any] = {"audio": False, "page": False}

    def stop(step: Progress) -> None:
        fake.interrupted = step.stage.startswith("run 3 ")

    stopped = mixtrace.fit(tiny_song, out, method=method, runs=4, on_progress=stop, **choices)
    assert stopped.inversion.ended == "stopped"
    assert len(read_agreement(out / RUNS, stopped.stored).runs) == 2
    assert "stopped it in run 3 of 4" in json.loads((out / "fit.json").read_text())["why"]
    fake.interrupted = False
    found = mixtrace.fit(tiny_song, out, method=method, runs=4, **choices)
    assert found.inversion.ended == "finished"
    assert [config.seed for _, config, _, _ in fake.calls] == [0, 1, 2, 2, 3]
    assert len(read_agreement(out / RUNS, found.stored).runs) == 4


def test_a_fit_leaves_a_complete_folder(tiny_song: Path, tmp_path: Path, fake: FakeSearch):
    steps: list[Progress] = []
    found = mixtrace.fit(
        tiny_song, tmp_path / "OUT", method=PublishedSearch(SHORT), on_progress=steps.append
    )
    assert sorted(p.name for p in (tmp_path / "OUT").iterdir()) == [
        "checkpoint.safetensors",
        "fit.json",
        "graph.json",
        "listen",
        "metrics.json",
        "mix.wav",
        "params.safetensors",
        "report.html",
        "report.safetensors",
    ]
    session, config, held_out, work = fake.calls[0]
    assert not held_out and session.sample_rate_hz == 30_000
    assert config == SHORT
    assert work.device == "cpu"
    stored = read_graph(tmp_path / "OUT" / "graph.json")
    assert stored.graph == found.inversion.graph
    assert [track.alignment for track in stored.tracks] == [t.alignment for t in session.tracks]
    stages = list(dict.fromkeys(step.stage for step in steps))
    assert stages == [
        "reading",
        "aligning",
        "comparing",
        "console",
        "weighing",
        "rendering",
        "measuring",
        "listening",
        "coding audio",
    ]


def test_the_mix_is_rendered_at_the_mixs_own_rate(
    tiny_song: Path, tmp_path: Path, fake: FakeSearch
):
    mixtrace.fit(tiny_song, tmp_path / "OUT", method=PublishedSearch(SHORT), align=False)
    estimate, rate = soundfile.read(tmp_path / "OUT" / "mix.wav")
    kick, bass, voice = (
        soundfile.read(path, always_2d=True)[0] for path in sorted((tiny_song / "tracks").iterdir())
    )
    assert rate == 22_050
    expected = kick * 10.0 ** (np.array([-6.0, -12.0]) / 20.0) + bass + voice
    # 24 bits round to 6e-8, transforms in single precision to 1e-6 of the level.
    np.testing.assert_allclose(estimate, expected, atol=1e-5)


def test_metrics_and_facts_are_valid_json(tiny_song: Path, tmp_path: Path, fake: FakeSearch):
    found = mixtrace.fit(tiny_song, tmp_path / "OUT", method=PublishedSearch(SHORT))
    metrics = read_document(tmp_path / "OUT" / "metrics.json", "mixtrace.metrics/2")
    assert metrics["sample_rate_hz"] == 22_050
    assert metrics["published"]["l_a"] == found.measures.published.l_a
    facts = read_document(tmp_path / "OUT" / "fit.json", "mixtrace.fit/2")
    assert facts["config"]["console_steps"] == 2
    assert facts["losses"]["final"] == {"published": 0.5, "eq4": None}  # NaN is no JSON
    assert facts["history"]["loss"] == [0.6, None]
    assert facts["removed"] == found.inversion.evidence["removed"]
    assert facts["processors"] == {"console": 42, "kept": 1}
    assert facts["ended"] == "finished" and facts["why"] == "It ended."
    assert facts["recipe"] == {"rounds": 1}
    assert any("took mix.wav" in note for note in facts["notes"])


def test_an_interrupted_fit_ends_without_weighing(
    tiny_song: Path, tmp_path: Path, fake: FakeSearch, monkeypatch: pytest.MonkeyPatch
):
    def forbidden(*rest: Any) -> Any:
        raise AssertionError("weighed")

    monkeypatch.setattr("mixtrace.verbs.fitting.loss_increases", forbidden)
    fake.interrupted = True
    mixtrace.fit(tiny_song, tmp_path / "OUT", method=PublishedSearch(SHORT))
    page = (tmp_path / "OUT" / "report.html").read_text("utf-8")
    assert "was not weighed: the search was stopped early" in page
    assert "L_a without it" not in page
    assert "L_a rises by less" not in page
    assert mixtrace.show(tmp_path / "OUT")


def test_without_a_folder_nothing_is_made_to_be_listened_to(
    tiny_song: Path, fake: FakeSearch, monkeypatch: pytest.MonkeyPatch
):
    def forbidden(*rest: Any) -> Any:
        raise AssertionError("planned")

    monkeypatch.setattr("mixtrace.verbs.results.plan_listening", forbidden)
    assert mixtrace.fit(tiny_song, method=PublishedSearch(SHORT)).folder is None


def test_the_same_fit_may_run_again_another_only_when_fresh(
    tiny_song: Path, tmp_path: Path, fake: FakeSearch
):
    out = tmp_path / "OUT"
    mixtrace.fit(tiny_song, out, method=PublishedSearch(SHORT))
    mixtrace.fit(tiny_song, out, method=PublishedSearch(SHORT))
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    other = SearchConfig(console_steps=2, policy="none", seed=1)
    with pytest.raises(MixtraceError, match="--fresh"):
        mixtrace.fit(tiny_song, out, method=PublishedSearch(other))
    assert {path: path.read_bytes() for path in before} == before
    mixtrace.fit(tiny_song, out, method=PublishedSearch(other), fresh=True)
    assert json.loads((out / "fit.json").read_text())["config"]["seed"] == 1


@pytest.fixture
def long_song(tiny_song: Path) -> Path:
    """Return the tiny song three times in a row, 15 s."""
    for path in (tiny_song / "mix.wav", *(tiny_song / "tracks").iterdir()):
        audio, rate = soundfile.read(path)
        soundfile.write(path, np.concatenate([audio] * 3), rate, subtype="FLOAT")
    return tiny_song


def test_both_parts_are_measured_where_one_is_held_out(
    long_song: Path, tmp_path: Path, fake: FakeSearch
):
    # Wrong alone where it is held out: the fake search keeps a gain, which is wrong everywhere.
    mix, rate = soundfile.read(long_song / "mix.wav")
    mix[round(0.6 * len(mix)) :] *= -0.1
    soundfile.write(long_song / "mix.wav", mix, rate, subtype="FLOAT")
    found = mixtrace.fit(
        long_song, tmp_path / "OUT", method=PublishedSearch(SHORT), align=False, unseen="end:40"
    )
    _, config, ranges, _ = fake.calls[0]
    assert config == SHORT
    assert ranges == [(9 * 30_000, 15 * 30_000)]
    held_out = found.measures.held_out
    assert held_out is not None and held_out.ranges_s == ((9.0, 15.0),)
    assert held_out.seen.published.l_a < found.measures.published.l_a
    assert held_out.unseen.published.l_a > found.measures.published.l_a
    stored = read_document(tmp_path / "OUT" / "metrics.json", "mixtrace.metrics/2")["held_out"]
    assert stored["choice"] == "end:40"
    assert stored["unseen"]["eq4"]["l_a"] == held_out.unseen.eq4.l_a
    config = read_document(tmp_path / "OUT" / "fit.json", "mixtrace.fit/2")["config"]
    assert config["unseen"] == "end:40"
    seen, unseen = held_out.seen.published.l_a, held_out.unseen.published.l_a
    sentence = f"the last 40 % of the song. L_a is {unseen:.3f} there, {seen:.3f} in the rest."
    assert sentence in str(mixtrace.show(tmp_path / "OUT"))
    page = (tmp_path / "OUT" / "report.html").read_text("utf-8")
    assert sentence in page
    for name in ("of the seen part", "of the unseen part", "L_a on the way, of the seen part"):
        assert name in page


def test_a_fit_with_another_part_unseen_is_another_fit(
    long_song: Path, tmp_path: Path, fake: FakeSearch
):
    out, choices = tmp_path / "OUT", {"method": PublishedSearch(SHORT), "align": False}
    mixtrace.fit(long_song, out, unseen="end:40", **choices)
    mixtrace.fit(long_song, out, unseen="end:40", **choices)
    for other in ("end:30", "blocks:40", None):
        with pytest.raises(MixtraceError, match="other settings") as refused:
            mixtrace.fit(long_song, out, unseen=other, **choices)
        assert "--fresh" in str(refused.value)


def test_a_real_search_learns_nothing_from_the_unseen_part(long_song: Path, tmp_path: Path):
    """From files, pruning included: noise in place of the unseen end changes no bit of the graph.

    The song is at the rate of the search, for resampling blurs the edge, and is not aligned, which
    reads all of the mix.
    """
    rng = np.random.default_rng(0)
    for path in (long_song / "mix.wav", *(long_song / "tracks").iterdir()):
        audio, _ = soundfile.read(path)
        soundfile.write(path, audio, 30_000, subtype="FLOAT")
    config = SearchConfig(
        preset="paper", policy="dry-wet", tolerance=5.0, console_steps=1, rounds=1, round_steps=1
    )

    def files(folder: str) -> tuple[bytes, bytes]:
        out = tmp_path / folder
        mixtrace.fit(long_song, out, method=PublishedSearch(config), align=False, unseen="end:40")
        return (out / "graph.json").read_bytes(), (out / "params.safetensors").read_bytes()

    found = files("TRUE")
    mix, rate = soundfile.read(long_song / "mix.wav")
    mix[round(0.6 * len(mix)) :] = 0.1 * rng.standard_normal((len(mix) - round(0.6 * len(mix)), 2))
    soundfile.write(long_song / "mix.wav", mix, rate, subtype="FLOAT")
    assert files("NOISE") == found


def test_the_songs_own_folder_is_refused(tiny_song: Path, fake: FakeSearch):
    before = sorted(tiny_song.rglob("*"))
    for folder in (tiny_song, tiny_song / "tracks", tiny_song / "tracks" / ".."):
        with pytest.raises(MixtraceError, match="output folder of its own"):
            mixtrace.fit(tiny_song, folder, fresh=True)
    assert sorted(tiny_song.rglob("*")) == before


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"method": PublishedSearch(SearchConfig(tolerance=-1.0))}, "tolerance"),
        ({"method": PublishedSearch(SearchConfig(preset="garage"))}, "preset"),
        ({"device": "toaster"}, "--device cpu"),
        ({"runs": 0}, "Expected a number of runs from 1 to 1000; got 0"),
        ({"runs": 2, "method": PublishedSearch(SearchConfig(seed=2**63 - 1))}, "seed from 0"),
        ({"unseen": "40"}, "end:40"),
        ({"unseen": "end:40"}, "this one has 5.0 s"),
        ({"mix": "absent.wav"}, "absent.wav"),
    ],
)
def test_bad_choices_leave_nothing_behind(
    tiny_song: Path, tmp_path: Path, fake: FakeSearch, choice: dict[str, Any], message: str
):
    with pytest.raises(MixtraceError, match=message):
        mixtrace.fit(tiny_song, tmp_path / "OUT", **choice)
    assert not (tmp_path / "OUT").exists()
    assert fake.calls == []


def test_a_bad_track_leaves_nothing_behind(tiny_song: Path, tmp_path: Path, fake: FakeSearch):
    (tiny_song / "tracks" / "04_Text.wav").write_text("no audio")
    with pytest.raises(MixtraceError, match=r"04_Text\.wav"):
        mixtrace.fit(tiny_song, tmp_path / "OUT")
    assert not (tmp_path / "OUT").exists()


def test_an_interrupted_search_still_leaves_a_result(
    tiny_song: Path, tmp_path: Path, fake: FakeSearch
):
    fake.interrupted = True
    found = mixtrace.fit(tiny_song, tmp_path / "OUT", method=PublishedSearch(SHORT))
    assert found.inversion.ended == "stopped"
    assert json.loads((tmp_path / "OUT" / "fit.json").read_text())["ended"] == "stopped"
    read_graph(tmp_path / "OUT" / "graph.json")


def test_what_makes_a_result_doubtful_is_printed_and_shown(
    tiny_song: Path, tmp_path: Path, fake: FakeSearch, capsys: pytest.CaptureFixture[str]
):
    mix = tiny_song / "mix.wav"
    audio, rate = soundfile.read(mix, always_2d=True)
    soundfile.write(mix, audio.mean(1), rate)
    found = mixtrace.fit(tiny_song, tmp_path / "OUT", method=PublishedSearch(SHORT), page=False)
    assert any(note.startswith("took mix.wav") for note in found.notes)
    print_fit(found)
    printed = capsys.readouterr().out
    assert "- the mix is mono: both channels are equal" in printed
    assert "took mix.wav" not in printed
    assert "The mix is mono: both channels are equal." in str(mixtrace.show(tmp_path / "OUT"))


def test_a_damaged_checkpoint_is_told_once_and_the_one_before_it_taken(
    tiny_song: Path,
    tmp_path: Path,
    fake: FakeSearch,
    capsys: pytest.CaptureFixture[str],
):
    fake.interrupted = True
    for _ in range(2):
        mixtrace.fit(tiny_song, tmp_path / "OUT", method=PublishedSearch(SHORT))
    last = tmp_path / "OUT" / "checkpoint.safetensors"
    last.write_bytes(last.read_bytes()[:-1] + b"\xff")
    fake.interrupted = False
    found = mixtrace.fit(tiny_song, tmp_path / "OUT", method=PublishedSearch(SHORT))
    (warning,) = found.warnings
    assert "went on from the state that was stored before it" in warning
    assert found.notes[-1] == warning
    print_fit(found)
    assert capsys.readouterr().out.count("checkpoint.safetensors is damaged") == 1
    assert not (tmp_path / "OUT" / "checkpoint.previous.safetensors").exists()
    assert mixtrace.fit(tiny_song, tmp_path / "OUT", method=PublishedSearch(SHORT)).warnings == ()


def test_without_a_folder_nothing_is_written(tiny_song: Path, tmp_path: Path, fake: FakeSearch):
    before = sorted(tmp_path.rglob("*"))
    found = mixtrace.fit(tiny_song, method=PublishedSearch(SHORT))
    assert found.folder is None
    assert found.mix.shape == (2, 5 * 22_050)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.fixture
def mixed_song(tmp_path: Path) -> Path:
    """Return a song of three tracks and one that is not in its mix, 14 s at 22.05 kHz."""
    folder, rng, time = tmp_path / "song", np.random.default_rng(3), 14 * 22_050
    (folder / "tracks").mkdir(parents=True)
    audio = {name: 0.1 * rng.standard_normal((time, 1)) for name in ("a", "b", "c", "other")}
    for number, (name, samples) in enumerate(audio.items(), 1):
        samples *= 0.05 + np.repeat(rng.random(28) ** number, time // 28)[:, None]
        soundfile.write(folder / "tracks" / f"{name}.wav", samples, 22_050, subtype="FLOAT")
    mix = audio["a"] + audio["b"] + audio["c"]
    soundfile.write(folder / "mix.wav", mix, 22_050, subtype="FLOAT")
    return folder


def test_a_track_that_is_not_in_the_mix_is_left_out_and_kept_as_unused(
    mixed_song: Path, tmp_path: Path, fake: FakeSearch
):
    found = mixtrace.fit(mixed_song, tmp_path / "OUT", method=PublishedSearch(SHORT))
    assert [track.name for track in fake.calls[0][0].tracks] == ["a", "b", "c"]
    stored = read_graph(tmp_path / "OUT" / "graph.json")
    assert [track.name for track in stored.tracks] == ["a", "b", "c"]
    assert [track.name for track in stored.unused] == ["other"]
    assert stored.unused == found.stored.unused
    assert "other  [track, not heard in the mix, left out]" in str(mixtrace.show(tmp_path / "OUT"))
    page = (tmp_path / "OUT" / "report.html").read_text("utf-8")
    assert "not heard in the mix: other" in page
    rendering = mixtrace.render(tmp_path / "OUT", mixed_song)
    np.testing.assert_array_equal(rendering.mix, found.mix)


def test_force_takes_every_track(mixed_song: Path, fake: FakeSearch):
    found = mixtrace.fit(mixed_song, method=PublishedSearch(SHORT), force=True)
    assert [track.name for track in found.stored.tracks] == ["a", "b", "c", "other"]
    assert not found.stored.unused


def test_the_mix_of_another_song_is_refused_unless_forced(
    mixed_song: Path, tmp_path: Path, fake: FakeSearch
):
    for name in ("a", "b", "c"):
        (mixed_song / "tracks" / f"{name}.wav").unlink()
    with pytest.raises(MixtraceError, match="none of them can be heard in it: other"):
        mixtrace.fit(mixed_song, tmp_path / "OUT", method=PublishedSearch(SHORT))
    assert not (tmp_path / "OUT").exists()
    assert "fit and capture would refuse it" in str(mixtrace.show(mixed_song))
    mixtrace.fit(mixed_song, method=PublishedSearch(SHORT), force=True)
    assert len(fake.calls) == 1


def test_a_real_search_from_song_to_rendering(tiny_song: Path, tmp_path: Path):
    """The whole way with one track and few steps: what is stored renders to the stored mix."""
    for name in ("02_Bass.wav", "03_Voice.wav"):
        (tiny_song / "tracks" / name).unlink()
    config = SearchConfig(
        preset="paper", policy="dry-wet", tolerance=5.0, console_steps=1, rounds=1, round_steps=1
    )
    found = mixtrace.fit(tiny_song, tmp_path / "OUT", method=PublishedSearch(config), align=False)
    assert len(found.inversion.graph.processors) < len(found.inversion.console.processors)
    rendering = mixtrace.render(tmp_path / "OUT", tiny_song)
    np.testing.assert_array_equal(rendering.mix, found.mix)
    stored, _ = soundfile.read(tmp_path / "OUT" / "mix.wav", dtype="float32")
    np.testing.assert_allclose(stored.T, found.mix, atol=1e-6)  # 24 bits: half a step is 6e-8
    assert "01_Kick" in str(mixtrace.show(tmp_path / "OUT"))
    again = mixtrace.fit(tiny_song, tmp_path / "OUT", method=PublishedSearch(config), align=False)
    assert again.inversion.graph == found.inversion.graph
    np.testing.assert_array_equal(again.mix, found.mix)
