"""Writes the true mix of known songs as graphs of our own processors: the best a search can find.

    python benchmarks/known_transcribed.py SONGS RESULTS

`known_score.py SONGS RESULTS` then tells how well our processors can say what other engines did,
and so which score a search could reach. Every dial is set to the truth; reverbs are the responses
of their engines, levels of echoes are set until they are as loud as in truth.
"""

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from jaxtyping import Float
from known_curves import relative_db
from known_engines import RATE_HZ, process
from known_facts import TRUTH

from mixtrace.graph import Edge, Graph, Node, Strip
from mixtrace.processors import NodeSettings, Settings, processor
from mixtrace.rendering import render_taps
from mixtrace.session import Alignment
from mixtrace.store import GRAPH, PARAMS, StoredGraph, StoredTrack, write_graph

__all__ = ["transcribed"]

Told = Mapping[str, Any]

_RESPONSE_S = 2.5  # of a captured reverb
_HALF = 0.5  # weight at which an insert's sound is measured


def transcribed(song: Path) -> StoredGraph:
    """Return the truth of a song as a graph."""
    truth = json.loads((song / TRUTH).read_text("utf-8"))
    desk = _Desk()
    for strip in truth["strips"]:
        desk.add(strip)
    desk.connect(truth["strips"])
    tracks = [strip["name"] for strip in truth["strips"] if strip["role"] == "track"]
    audio = [_read(song / "tracks" / f"{name}.wav") for name in tracks]
    desk.level(audio)
    stored = tuple(StoredTrack(name, "", Alignment(0.0, 1, 1.0, 0.0)) for name in tracks)
    return StoredGraph(song.name, stored, desk.graph, Settings.of(desk.settings))


class _Desk:
    """A graph as it grows, strip by strip."""

    def __init__(self) -> None:
        self.settings: dict[int, NodeSettings] = {}
        self._strips: dict[int, Strip] = {}
        self._nodes: dict[int, Node] = {}
        self._edges: list[Edge] = []
        self._ends: dict[str, tuple[int, int]] = {}
        self._inserts: list[tuple[int, int, float]] = []

    @property
    def graph(self) -> Graph:
        return Graph(self._strips, self._nodes, tuple(self._edges))

    def add(self, told: Told) -> None:
        """Add a strip with its processors and its fader."""
        number = len(self._strips)
        self._strips[number] = Strip(told["name"], told["role"], "")
        first = last = self._node("input" if told["role"] == "track" else "mix", number)
        echoes = []
        for effect in told["processors"]:
            last = self._behind(last, number, _TRANSCRIBE[effect["type"]](effect))
            if "wet_db" in effect:
                echoes.append((last, effect["wet_db"]))
        level_db = told["level_db"]
        if told["family"] == "reverb":
            level_db += _return_db(told["processors"][-1], self.settings[last])
        last = self._behind(last, number, _node("fader", level_db=level_db, pan=told["pan"]))
        self._inserts += [(node, last, wet_db) for node, wet_db in echoes]
        if told["role"] == "master":
            output = self._node("output", number)
            self._edges.append(Edge(last, output))
        self._ends[told["name"]] = first, last

    def connect(self, strips: list[Told]) -> None:
        """Add what leads from strip to strip."""
        for number, told in enumerate(strips):
            _, last = self._ends[told["name"]]
            if told["feeds"]:
                self._edges.append(Edge(last, self._ends[told["feeds"]][0]))
            for name, send in told["sends"].items():
                sent = self._behind(last, number, _node("send", level_db=send["level_db"]))
                self._edges.append(Edge(sent, self._ends[name][0]))

    def level(self, audio: list[torch.Tensor]) -> None:
        """Set the weight of each insert so that it is as loud as in truth, and its fader too."""
        for node, fader, wet_db in self._inserts:
            (before,) = [edge.source for edge in self._edges if edge.destination == node]
            own = self.settings[node]
            self.settings[node] = NodeSettings(own.kind, own.values, _HALF)
            settings = Settings.of(self.settings)
            _, tapped = render_taps(self.graph, settings, audio, RATE_HZ, {before, node})
            dry, both = (tapped[i].expand(2, -1).double() for i in (before, node))
            wet = both / _HALF - dry
            own_db = relative_db(float(wet.square().sum()), float(dry.square().sum()))
            gain = 10.0 ** ((wet_db - own_db) / 20.0)
            weight = gain / (1.0 + gain)
            self.settings[node] = NodeSettings(own.kind, own.values, weight)
            level_db = self.settings[fader].number("level_db") + 20.0 * np.log10(1.0 + gain)
            pan = self.settings[fader].number("pan")
            self.settings[fader] = _node("fader", level_db=level_db, pan=pan)

    def _node(self, kind: str, strip: int) -> int:
        number = len(self._nodes)
        self._nodes[number] = Node(kind, strip)
        return number

    def _behind(self, before: int, strip: int, settings: NodeSettings) -> int:
        number = self._node(settings.kind, strip)
        self.settings[number] = settings
        self._edges.append(Edge(before, number))
        return number


def _node(kind: str, **dials: object) -> NodeSettings:
    """Return a node with some dials, the others at rest."""
    values = {
        spec.name: torch.as_tensor(
            dials.get(spec.name, spec.start if spec.neutral is None else spec.neutral)
        ).float()
        for spec in processor(kind).params
    }
    return NodeSettings(kind, values)


def _equalizer(told: Told) -> NodeSettings:
    bells = [band for band in told["bands"] if band["shape"] == "bell"]
    columns = {"bell_hz": "frequency_hz", "bell_db": "gain_db", "bell_q": "q"}
    rest = {"frequency_hz": 1000.0, "gain_db": 0.0, "q": 1.0}
    dials: dict[str, object] = {
        name: [band[key] for band in bells or [rest]] for name, key in columns.items()
    }
    for band in told["bands"]:
        shape = band["shape"]
        if shape == "high_pass":
            slope = 6.0 if told["engine"] == "pedalboard" else 12.0
            dials |= {"high_pass_hz": band["frequency_hz"], "high_pass_db_per_octave": slope}
        elif shape != "bell":
            dials |= {f"{shape}_hz": band["frequency_hz"], f"{shape}_db": band["gain_db"]}
    return _node("parametric_equalizer", **dials)


def _compressor(told: Told) -> NodeSettings:
    names = ("threshold_db", "ratio", "attack_ms", "release_ms", "knee_db", "make_up_db")
    switches = {"detector": float(told["detector"] == "rms"), "linked": float(told["linked"])}
    switches["smoothing"] = 1.0  # all three engines smooth the level
    return _node("compressor", **{name: told[name] for name in names}, **switches)


def _gate(told: Told) -> NodeSettings:
    names = ("threshold_db", "attack_ms", "release_ms")
    return _node("gate", range_db=-40.0, **{name: told[name] for name in names})


def _limiter(told: Told) -> NodeSettings:
    names = ("gain_db", "ceiling_db", "release_ms", "look_ahead_ms")
    return _node("limiter", **{name: told[name] for name in names})


def _ride(told: Told) -> NodeSettings:
    moments_s, gains_db = zip(*told["knots"], strict=True)
    return _node("fader_automation", knot_s=moments_s, knot_db=gains_db)


def _delay(told: Told) -> NodeSettings:
    straight = {"damping_hz": 20_000.0, "ping_pong": 0.0, "length_s": 4.0}
    return _node("feedback_delay", time_ms=told["time_ms"], feedback=told["feedback"], **straight)


def _reverb(told: Told) -> NodeSettings:
    impulses = np.zeros((2, 2, round(_RESPONSE_S * RATE_HZ)), np.float32)
    impulses[0, 0, 0] = impulses[1, 1, 0] = 1.0
    left, right = (process(told, impulse) for impulse in impulses)
    taps = np.stack([left[0], right[0], left[1], right[1]], -1)
    still = {"decay_factor": 1.0, "tone_db_per_octave": 0.0, "pre_delay_ms": 0.0}
    return _node("captured_reverb", taps=taps, stored_rate_hz=float(RATE_HZ), **still)


_TRANSCRIBE: Mapping[str, Callable[[Told], NodeSettings]] = {
    "eq": _equalizer,
    "compressor": _compressor,
    "gate": _gate,
    "limiter": _limiter,
    "saturation": lambda told: _node("saturation", drive_db=max(told["drive_db"], 0.0)),
    "ride": _ride,
    "delay": _delay,
    "reverb": _reverb,
}


def _return_db(told: Told, ours: NodeSettings) -> float:
    """Return by how much louder an engine's reverb is than ours, whose response has unit energy."""
    noise = np.zeros((2, round((1.0 + _RESPONSE_S) * RATE_HZ)), np.float32)
    noise[:, :RATE_HZ] = 0.1 * np.random.default_rng(0).standard_normal((2, RATE_HZ))
    values = {name: value[None] for name, value in ours.values.items()}
    rendered = processor(ours.kind).forward(torch.from_numpy(noise)[None], values, RATE_HZ)
    loud = np.square(process(told, noise), dtype=np.float64).sum()
    return relative_db(loud, float(rendered.double().square().sum()))


def _read(path: Path) -> Float[torch.Tensor, "_channel time"]:
    audio, _ = soundfile.read(path, dtype="float32", always_2d=True)
    return torch.from_numpy(np.ascontiguousarray(audio.T))


def main() -> None:
    """Read the arguments, write a result for every song."""
    parser = argparse.ArgumentParser(description="Write true mixes as graphs of our processors.")
    parser.add_argument("songs", type=Path, help="folder of known songs")
    parser.add_argument("results", type=Path, help="folder for the results, a folder a song")
    given = parser.parse_args()
    for truth in sorted(given.songs.glob(f"*/{TRUTH}")):
        folder = given.results / truth.parent.name
        folder.mkdir(parents=True, exist_ok=True)
        write_graph(transcribed(truth.parent), folder / GRAPH, folder / PARAMS)
        print(truth.parent.name, flush=True)


if __name__ == "__main__":
    main()
