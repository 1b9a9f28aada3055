"""Measures how far what was exported lies from what mixtrace renders.

    python benchmarks/exports.py [--to ardour] [--planted] [RESULT SONG]...

Prints a row for each result with its song, with the processor time that the export took; before
them, with `--planted`, one for each kind of processor, one for a desk with sends and parallel
chains, and one for a side-chain. Ardour's sessions are played by the program itself (Debian's
packages ardour and x42-plugins), those of `pedalboard` by the program that was written, stems are
added up, and DAWproject's files are played by a host of the tests.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import scipy.signal
import soundfile
import torch
from export_players import PLAYERS, PROGRAM, ardour_mix, null_db
from jaxtyping import Float

import mixtrace
from mixtrace.exporting import Project, target
from mixtrace.graph import KEY, Edge, Graph, Strip
from mixtrace.processors import NodeSettings, Settings, processor
from mixtrace.rendering import render_song

__all__ = ["PROGRAM", "ardour_mix", "desk", "keyed", "kinds", "null_db", "rendered", "slots_db"]

_HOSTS = Path(__file__).resolve().parents[1] / "tests" / "exporting"

RATE_HZ = 44_100
SLOT_S = 1.5
_BEGIN_S = 0.1
"""Of silence: what an EQ rings ahead of the song's first sample is rendered nowhere, and a
compressor behind it would hear it in Ardour."""

_WAVE = np.sin(np.linspace(0.0, 20.0, 1024))

_ONE_BY_ONE: dict[str, tuple[float, dict[str, object]]] = {
    "fader": (1.0, {"level_db": -3.0, "pan": 0.3}),
    "gain_panning": (0.9, {"gain_db": [-3.0, -7.0]}),
    "stereo_imager": (0.7, {"side_gain_db": 4.0}),
    "parametric_equalizer": (
        0.9,
        {
            "high_pass_hz": 60.0,
            "high_pass_db_per_octave": 24.0,
            "low_pass_hz": 12_000.0,
            "low_pass_db_per_octave": 6.0,
            "low_shelf_db": -3.0,
            "high_shelf_db": 4.0,
            "bell_hz": [51.0, 1500.0, 9000.0],
            "bell_db": [15.0, -4.0, 6.0],
            "bell_q": [6.8, 2.0, 0.8],
        },
    ),
    "compressor": (1.0, {"threshold_db": -30.0, "ratio": 4.0, "look_ahead_ms": 3.0}),
    "gate": (1.0, {"threshold_db": -25.0, "range_db": -30.0, "look_ahead_ms": 2.0}),
    "limiter": (1.0, {"gain_db": 8.0, "ceiling_db": -6.0}),
    "one_pole_compressor": (0.9, {"threshold_db": -30.0, "slope": -0.7}),
    "one_pole_gate": (0.9, {"threshold_db": -30.0, "slope": -2.0}),
    "saturation": (0.5, {"drive_db": 15.0, "bias": 0.2}),
    "feedback_delay": (0.2, {"time_ms": 123.4, "feedback": 0.4, "ping_pong": 0.3}),
    "equalizer": (1.0, {"magnitude_db": 6.0 * _WAVE}),
    "parametric_reverb": (0.2, {}),
    "noise_reverb": (0.2, {}),
    "twenty_tap_delay": (0.2, {"taps": (0.05, 0.5)}),
    "captured_reverb": (0.2, {}),
    "fader_automation": (1.0, {"knot_s": [0.3, 0.6, 1.2], "knot_db": [-12.0, 0.0, -6.0]}),
    "gain_automation": (0.9, {"ride_db": 3.0 * _WAVE[::16], "duration_s": 2.0 * SLOT_S}),
}
"""The kinds, in the order in which they sound, with a weight and settings that are heard."""


def kinds(rate_hz: int = RATE_HZ) -> tuple[Project, tuple[str, ...]]:
    """Return a song in which one track after the other sounds, each through one kind."""
    names, slot = tuple(_ONE_BY_ONE), round(SLOT_S * rate_hz)
    nodes, edges, settings, tracks = [], [], {}, []
    for place, name in enumerate(names):
        wet, values = _ONE_BY_ONE[name]
        nodes += [("input", name), (name, name)]
        edges += [Edge(2 * place, 2 * place + 1), Edge(2 * place + 1, 2 * len(names))]
        settings[2 * place + 1] = _settings(name, wet, values, place * SLOT_S)
        track = np.zeros((2, slot * len(names)), np.float32)
        track[:, place * slot : (place + 1) * slot] = _sound(SLOT_S, rate_hz, place)
        tracks.append(track)
    graph = Graph.of([*nodes, ("output", "master")], edges)
    return Project("one by one", rate_hz, graph, Settings.of(settings), tracks), names


def desk(rate_hz: int = RATE_HZ) -> Project:
    """Return a song of strangers' names with sends, a bus and a parallel chain."""
    kick, voice, bass = 'K<i>ck & "co"\'s', "声/низ:", "bass"
    told = (
        ("input", kick),
        ("equalizer", kick),
        ("input", voice),
        ("saturation", voice),
        ("fader", voice),
        ("send", voice),
        ("input", bass),
        ("compressor", bass),
        ("fader", bass),
        ("mix", "hall"),
        ("captured_reverb", "hall"),
        ("mix", "bus"),
        ("compressor", "bus"),
        ("mix", "bus"),
        ("stereo_imager", "bus"),
        ("mix", "master"),
        ("limiter", "master"),
        ("output", "master"),
    )
    edges = (
        *(Edge(0, 1), Edge(1, 11), Edge(2, 3), Edge(3, 4), Edge(3, 5), Edge(4, 15), Edge(5, 9)),
        *(Edge(6, 7), Edge(7, 8), Edge(8, 11), Edge(9, 10)),
        *(Edge(10, 15, -3.0), Edge(11, 12), Edge(11, 13), Edge(12, 13, -6.0), Edge(13, 14)),
        *(Edge(14, 15), Edge(15, 16), Edge(16, 17)),
    )
    changed = {
        5: (1.0, {"level_db": -8.0}),
        7: (1.0, {"threshold_db": -30.0, "ratio": 4.0}),
        10: (1.0, {}),
    }
    settings = {
        i: _settings(kind, *changed.get(i, _ONE_BY_ONE.get(kind, (1.0, {}))), 0.0)
        for i, (kind, _) in enumerate(told)
        if kind not in ("input", "mix", "output")
    }
    graph = Graph.of(told, edges)
    strips = {
        number: Strip("hall", "return") if strip.name == "hall" else strip
        for number, strip in graph.strips.items()
    }
    tracks = [_sound(2.0 * SLOT_S, rate_hz, number) for number in range(4)]
    graph = Graph(strips, graph.nodes, graph.edges)
    return Project(
        "../Söng: <1>", rate_hz, graph, Settings.of(settings), tracks[:3], ("BASS",), tracks[3:]
    )


def keyed(rate_hz: int = RATE_HZ) -> Project:
    """Return a song whose kick makes a compressor of the bass act, before a limiter."""
    told = (
        *(("input", "kick"), ("fader", "kick"), ("input", "bass"), ("compressor", "bass")),
        *(("mix", "master"), ("limiter", "master"), ("output", "master")),
    )
    edges = (
        *(Edge(0, 1), Edge(1, 4), Edge(1, 3, 6.0, KEY), Edge(2, 3), Edge(3, 4), Edge(4, 5)),
        Edge(5, 6),
    )
    settings = {
        i: _settings(kind, *_ONE_BY_ONE[kind], 0.0)
        for i, (kind, _) in enumerate(told)
        if kind in _ONE_BY_ONE
    }
    tracks = [_sound(2.0 * SLOT_S, rate_hz, number) for number in range(2)]
    return Project("keyed", rate_hz, Graph.of(told, edges), Settings.of(settings), tracks)


def rendered(project: Project) -> Float[np.ndarray, "2 time"]:
    """Return what mixtrace makes of a project."""
    tracks = [torch.from_numpy(np.ascontiguousarray(track)) for track in project.tracks]
    return render_song(project.graph, project.settings, tracks, project.sample_rate_hz).numpy()


def slots_db(
    *, target: Float[np.ndarray, "2 time"], estimate: Float[np.ndarray, "2 time"], count: int
) -> list[float]:
    """Return `null_db` of each of so many equal parts."""
    pairs = zip(np.split(target, count, 1), np.split(estimate, count, 1), strict=True)
    return [null_db(target=one, estimate=other) for one, other in pairs]


def _settings(kind: str, wet: float, values: dict[str, object], begin_s: float) -> NodeSettings:
    """Return settings, those not told as a search starts, with moments from a beginning on."""
    found = {}
    for spec in processor(kind).params:
        value = values.get(spec.name, spec.start)
        if value is None:
            value = spec.physical(torch.full(spec.shape, spec.init))
        if spec.name == "taps" and kind == "captured_reverb":
            fall = np.exp(-np.arange(6000) / 900.0)[:, None]
            value = np.random.default_rng(1).standard_normal((6000, 4)) * fall
        one = torch.as_tensor(np.asarray(value), dtype=torch.float32)
        whole = one if spec.varies and one.ndim else one.expand(spec.shape).clone()
        found[spec.name] = whole + begin_s if spec.name == "knot_s" else whole
    if kind == "gain_automation":  # its points begin at the song's start: they go on through it
        found["duration_s"] = torch.tensor(SLOT_S * len(_ONE_BY_ONE))
    return NodeSettings(kind, found, wet)


def _sound(duration_s: float, rate_hz: int, seed: int) -> Float[np.ndarray, "2 time"]:
    """Return notes and noise in stereo, as recordings have them below 18 kHz."""
    rng, time_s = np.random.default_rng(seed), np.arange(round(duration_s * rate_hz)) / rate_hz
    decay = np.exp(-8.0 * ((2.3 * time_s + 0.37 * seed) % 1.0))
    decay *= np.clip((time_s - _BEGIN_S) / 0.01, 0.0, 1.0)
    note = 2.0 * np.pi * 55.0 * (2 + seed % 7) * time_s
    sides = [
        np.sin(note + phase) + 0.5 * np.sin(9.1 * note) + 0.3 * rng.standard_normal(len(time_s))
        for phase in (0.0, 0.7)
    ]
    low = scipy.signal.butter(8, min(18_000.0, 0.4 * rate_hz), fs=rate_hz, output="sos")
    heard = scipy.signal.sosfiltfilt(low, 0.3 * decay * np.stack(sides))
    return heard.astype(np.float32)


def _planted(name: str, folder: Path) -> None:
    """Print the rows of the planted songs."""
    chosen = target(name)
    project, names = kinds()
    for told, each in (("kinds", project), ("desk", desk()), ("side-chain", keyed())):
        place = folder / told
        place.mkdir()
        chosen.write(each, place, lambda *step: None)
        want = rendered(each)
        for way, got in PLAYERS[name](place, want).items():
            if each is not project:
                level_db = null_db(target=want, estimate=got)
                print(f"| a {told} | {way} | {level_db:.0f} | |", flush=True)
                continue
            parts = slots_db(target=want, estimate=got, count=len(names))
            for kind, level_db in zip(names, parts, strict=True):
                print(f"| `{kind}` | {way} | {level_db:.0f} | |", flush=True)


def _song(name: str, result: Path, song: Path, folder: Path) -> None:
    """Print the rows of a result."""
    begin, began = time.perf_counter(), time.process_time()
    exported = mixtrace.export(result, name, folder, song=song)
    took = f"{time.perf_counter() - begin:.0f}, {time.process_time() - began:.0f}"
    rate_hz = None
    if name == "ardour":  # which plays nothing below 44.1 kHz
        (first, *_) = folder.glob("interchange/*/audiofiles/*.wav")
        rate_hz = soundfile.info(first).samplerate
    want = mixtrace.render(result, song, sample_rate_hz=rate_hz).mix
    for way, got in PLAYERS[name](folder, want).items():
        heard = got[:, : want.shape[1]]
        level_db = null_db(target=want[:, : heard.shape[1]], estimate=heard)
        print(f"| {song.name} | {way} | {level_db:.0f} | {took} |", flush=True)
    print(f"{song.name}: {' '.join(exported.notes) or 'nothing is left out.'}", file=sys.stderr)


def main() -> None:
    """Read the arguments and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", default="ardour", choices=PLAYERS)
    parser.add_argument("--planted", action="store_true")
    parser.add_argument("pairs", nargs="*", type=Path, help="results, each with its song")
    chosen = parser.parse_args()
    if chosen.to == "ardour" and shutil.which(PROGRAM) is None:
        raise SystemExit(f"Expected {PROGRAM} to be installed; install Debian's ardour.")
    sys.path.insert(0, str(_HOSTS))
    print("| what | played by | difference, dB of the mix | seconds: wall, processor |")
    print("| --- | --- | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        if chosen.planted:
            _planted(chosen.to, Path(folder))
        for number, pair in enumerate(zip(chosen.pairs[::2], chosen.pairs[1::2], strict=True)):
            _song(chosen.to, *pair, Path(folder) / f"song {number}")


if __name__ == "__main__":
    main()
