"""Stems: which ways belong to which, frozen gains, and that they add up to the mix."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.io.wavfile
import torch
from planted_desk import EDGES, NODES, RATE_HZ, STRIPS, planted_desk, planted_tracks, settings_of

from mixtrace.errors import MixtraceError
from mixtrace.exporting import Project
from mixtrace.exporting.stems import gains, sharing
from mixtrace.exporting.stems.gains import gain_of
from mixtrace.exporting.stems.parts import Part, apart, by_last_strip, by_track
from mixtrace.exporting.targets import TARGETS
from mixtrace.graph import MAIN, Edge, Graph, Node, Strip
from mixtrace.processors import PROCESSORS, DynamicsProcessor, Settings, processor
from mixtrace.rendering import render_song

SPLITS = (by_track, by_last_strip, apart)

ROUNDING_DB = -110.0
"""Stems and mix are rounded to 32 bits at every block sum: found -131, the demand is -90."""


def written(target: str, project: Project, folder: Path) -> tuple[str, ...]:
    folder.mkdir()
    return TARGETS[target].write(project, folder, lambda *step: None)


def audio_of(path: Path) -> np.ndarray:
    rate, audio = scipy.io.wavfile.read(path)
    assert rate == RATE_HZ
    return audio.T


def below_db(difference: np.ndarray, reference: np.ndarray) -> float:
    energy = np.linalg.norm(difference.astype(float)) / np.linalg.norm(reference.astype(float))
    return 20.0 * np.log10(energy + 1e-15)


@pytest.fixture(scope="module")
def stems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "stems"
    written("stems", planted_desk(), folder)
    return folder


def test_the_mix_is_the_rendered_one(stems: Path):
    project = planted_desk()
    tracks = [torch.from_numpy(track) for track in project.tracks]
    mix = render_song(project.graph, project.settings, tracks, RATE_HZ).numpy()
    assert np.array_equal(audio_of(stems / "mix.wav"), mix)


@pytest.mark.parametrize("folder", ["tracks", "buses", "tracks and returns"])
def test_stems_add_up_to_the_mix(stems: Path, folder: str):
    files = sorted((stems / folder).glob("*.wav"))
    assert len(files) == {"tracks": 3, "buses": 3, "tracks and returns": 4}[folder]
    mix = audio_of(stems / "mix.wav")
    each = [audio_of(file) for file in files]
    assert below_db(sum(each) - mix, mix) < ROUNDING_DB
    # None of them is what the others are for: without one there is a difference that is heard.
    for one in each:
        assert below_db(sum(each) - one - mix, mix) > -40.0


def test_the_residual_is_what_the_mix_leaves_of_the_songs_own(stems: Path):
    residual, mix = audio_of(stems / "residual.wav"), audio_of(stems / "mix.wav")
    assert np.array_equal(residual, planted_desk().mix - mix)


def test_the_table_lists_every_stem(stems: Path):
    with (stems / "stems.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    files = {str(file.relative_to(stems)) for file in stems.glob("*/*.wav")}
    assert {row["file"] for row in rows} == files


def test_notes_say_how_the_master_is_shared_and_how_near_the_sums_are(tmp_path: Path):
    notes = written("stems", replace(planted_desk(), mix=None), tmp_path / "stems")
    assert sum("add up to mix.wav within -1" in note for note in notes) == 3
    (shared,) = [note for note in notes if "the gain that the whole mix gave rise to" in note]
    assert "the limiter of mix" in shared and "the gate" not in shared
    assert any("no residual.wav" in note for note in notes)
    assert not (tmp_path / "stems" / "residual.wav").exists()


def test_a_desk_without_buses_and_returns_has_stems_of_tracks_alone(tmp_path: Path):
    nodes = {1: Node("input", 1), 2: Node("input", 2), 3: Node("mix", 3), 4: Node("output", 3)}
    strips = {1: Strip("a", "track"), 2: Strip("b", "track"), 3: Strip("mix", "master")}
    graph = Graph(strips, nodes, (Edge(1, 3), Edge(2, 3), Edge(3, 4)))
    project = Project("two", RATE_HZ, graph, Settings.of({}), planted_tracks()[:2])
    (told, _) = written("stems", project, tmp_path / "stems")
    assert "add up to mix.wav" in told  # and nothing of compression where there is none
    assert [path.name for path in (tmp_path / "stems").iterdir() if path.is_dir()] == ["tracks"]


def ways(graph: Graph, edges: frozenset[Edge] | None = None) -> int:
    """Return how many ways lead from tracks to the mix, by all edges or by some."""
    count = dict.fromkeys(graph.inputs, 1)
    for i in graph.order:
        feeds = [e for e in graph.feeds[i] if e.port == MAIN and (edges is None or e in edges)]
        count[i] = count.get(i, 0) + sum(count.get(edge.source, 0) for edge in feeds)
    return count[graph.output]


def nested() -> Graph:
    """Return a bus in a bus, a return that feeds another, and a bus that sends to a return."""
    strips = {1: Strip("a", "track"), 2: Strip("b", "track"), 3: Strip("inner", "bus")}
    strips |= {4: Strip("outer", "bus"), 5: Strip("first", "return")}
    strips |= {6: Strip("second", "return"), 7: Strip("mix", "master")}
    nodes = {1: Node("input", 1), 2: Node("input", 2)}
    nodes |= {number: Node("mix", number) for number in range(3, 8)} | {8: Node("output", 7)}
    pairs = [(1, 3), (2, 3), (2, 4), (2, 5), (3, 4), (3, 5), (4, 6), (5, 6), (5, 7), (6, 7), (4, 7)]
    edges = tuple(Edge(*pair) for pair in [*pairs, (1, 7), (7, 8)])
    return Graph(strips, nodes, edges)


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("graph", [Graph(STRIPS, NODES, EDGES), nested()])
def test_every_way_to_the_mix_is_in_one_part(split, graph: Graph):
    parts = split(graph)
    assert sum(ways(graph, part.edges) for part in parts) == ways(graph)
    assert all(ways(graph, part.edges) for part in parts)


def test_parts_are_called_after_where_their_ways_part():
    def names(parts: tuple[Part, ...]) -> list[str]:
        return [part.name for part in parts]

    graph = nested()
    assert names(by_track(graph)) == ["a", "b"]
    assert names(by_last_strip(graph)) == ["a", "outer", "first", "second"]
    assert names(apart(graph)) == ["a", "b", "first", "second"]


def dynamics() -> list[str]:
    return [kind for kind, entry in PROCESSORS.items() if isinstance(entry, DynamicsProcessor)]


def working(kind: str, **values: float) -> Settings:
    """Return settings with which a dynamics processor works on the voice, mixed with the dry."""
    level_db = -14.0 if kind.endswith("gate") else -30.0
    levels = {spec.name: level_db for spec in processor(kind).params if spec.name == "threshold_db"}
    return Settings.of({0: settings_of(kind, wet=0.8, **(levels | values))})


def processed(kind: str, settings: Settings, audio: torch.Tensor) -> torch.Tensor:
    (stack,) = settings.groups([0])
    output = processor(kind).forward(audio[None], stack.values, RATE_HZ)[0]
    return torch.lerp(audio, output, float(stack.wet))


SOFTEST_DB = -120.0
"""A product of 32-bit numbers, rounded in another order."""


@pytest.mark.parametrize("kind", dynamics())
@pytest.mark.parametrize("linked", [0.0, 1.0])
def test_a_gain_is_what_the_processor_does(kind: str, linked: float):
    own = {"linked": linked} if kind == "compressor" else {}
    own |= {"gain_db": 12.0} if kind == "limiter" else {}
    settings, audio = working(kind, **own), torch.from_numpy(planted_tracks()[1])
    (stack,) = settings.groups([0])
    wanted = processed(kind, settings, audio)
    assert below_db((wanted - audio).numpy(), audio.numpy()) > -30.0, "it does nothing"
    gain = gain_of(stack, audio, None, RATE_HZ)
    assert below_db((audio * gain - wanted).numpy(), wanted.numpy()) < SOFTEST_DB


@pytest.mark.parametrize("kind", ["compressor", "limiter"])
def test_the_gain_of_an_unknown_processor_is_a_quotient(monkeypatch, kind: str):
    monkeypatch.setattr(gains, "_KEYED", ())
    monkeypatch.setattr(gains, "_PROBED", {})
    own = {"gain_db": 12.0} if kind == "limiter" else {}
    settings, audio = working(kind, **own), torch.from_numpy(planted_tracks()[1])
    (stack,) = settings.groups([0])
    wanted = processed(kind, settings, audio)
    gain = gain_of(stack, audio, None, RATE_HZ)
    # Where the sound is 60 dB below its peak the gain is drawn between samples.
    assert below_db((audio * gain - wanted).numpy(), wanted.numpy()) < -90.0
    assert bool(torch.isfinite(gain_of(stack, 0.0 * audio, None, RATE_HZ)).all())


def test_what_nobody_can_share_is_refused(monkeypatch, tmp_path: Path):
    monkeypatch.setattr(sharing, "_SATURATION", "none")
    with pytest.raises(MixtraceError, match="Export to another target"):
        written("stems", planted_desk(), tmp_path / "stems")


def test_the_song_is_rendered_as_often_as_memory_asks_for(monkeypatch):
    project, shared = planted_desk(), [13, 14, 19]

    def blocks() -> set[int]:
        totals = set[int]()
        steps = sharing.entering(project, shared, lambda step, done, total: totals.add(total))
        assert [i for i, _, _ in steps] == shared
        return totals

    (at_once,) = blocks()
    monkeypatch.setattr(sharing, "_AT_ONCE_BYTES", 1)
    assert blocks() == {len(shared) * at_once}
