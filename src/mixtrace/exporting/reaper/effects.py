"""JSFX of our own: REAPER's effects as text, with our equations and a slider for every number."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from jaxtyping import Float

from mixtrace.exporting.project import Project, Response
from mixtrace.exporting.reaper.rpp import number
from mixtrace.exporting.rides import line_of, points_of
from mixtrace.names import printable
from mixtrace.params import ParamSpec
from mixtrace.processors import (
    AutomationProcessor,
    FilterProcessor,
    MatrixProcessor,
    Processor,
    processor,
)
from mixtrace.store import file_name

__all__ = ["Effect", "effect", "expressible"]

_SCRIPTS = {
    "compressor": ("lines", "compressor"),
    "gate": ("lines", "maximum", "gate"),
    "limiter": ("lines", "maximum", "limiter"),
    "one_pole_compressor": ("one_pole_compressor", "one_pole"),
    "one_pole_gate": ("one_pole_gate", "one_pole"),
    "saturation": ("lines", "saturation"),
    "feedback_delay": ("feedback_delay",),
    "parametric_equalizer": ("lines", "parametric_equalizer"),
    "fader": ("lines", "fader"),
    "gain_panning": ("lines", "gain_panning"),
    "stereo_imager": ("lines", "stereo_imager"),
}
"""The kinds whose equations are written in EEL2, and where."""

_SECTIONS = ("@init", "@slider", "@block", "@sample")
_MOST_DB = 120.0
_SIDES = ("left from left", "left from right", "right from left", "right from right")
_RESPONSE = "filename:0,response.wav"
_PART = 2048
_MOST_WORDS = 32_000_000
"""Of an effect's memory, as far as REAPER goes: ten seconds at 96 kHz take 20 million."""

_STEP = 0.0001
"""Of a slider where a hand turns it."""

_FIRST_LIST, _LONGEST_LIST = 1024, 16
"""Where sliders of one name stand in an effect's memory, and how many there is room for."""


@dataclass(frozen=True)
class _Slider:
    """A slider: its default, its range, what it is called, the values that it chooses from.

    `words` are what these are called.
    """

    name: str
    start: float
    low: float
    high: float
    label: str
    choices: tuple[float, ...] = ()
    words: tuple[str, ...] = ()
    several: bool = False


@dataclass(frozen=True, eq=False)
class Effect:
    """An effect of a channel.

    Attributes:
        name: for people, and of its file.
        text: the file, where it needs no response.
        values: where its sliders stand.
        response: what it convolves with; `told` puts its place into the text.
    """

    name: str
    text: str
    values: tuple[float, ...]
    response: Response | None = None

    def told(self, data: str) -> str:
        """Return the file, with where its response lies below REAPER's folder for data."""
        return self.text.replace(_RESPONSE, f"filename:0,{data}", 1)


def expressible(project: Project, node: int) -> bool:
    """Return whether an effect can be written for a processor; else its sound is rendered."""
    entry = processor(project.graph.nodes[node].kind)
    if entry.kind in _SCRIPTS:
        return True
    if isinstance(entry, FilterProcessor):
        return _memory_words(project.response(node)) <= _MOST_WORDS
    return isinstance(entry, MatrixProcessor | AutomationProcessor)


def _memory_words(response: Response) -> int:
    """Return the memory that a convolver takes: see `convolver.eel`."""
    rows, frames = response.taps.shape
    return (4 * -(-frames // _PART) + 6) * 4 * _PART + rows * frames


def effect(project: Project, node: int) -> Effect:
    """Return the effect that stands for a processor that is `expressible`."""
    entry, settings = processor(project.graph.nodes[node].kind), project.node(node)
    if entry.kind in _SCRIPTS:
        sliders, values = [], []
        for spec in entry.params:
            own = settings.array(spec.name).reshape(-1).tolist()
            sliders += [_slider(spec, place) for place in range(len(own))]
            values += [_place(spec, value) for value in own]
        sliders.append(_Slider("wet", 1.0, 0.0, 1.0, "wet"))
        keyed = settings.keyed
        facts = {"keyed": int(keyed)} if "key" in entry.inputs else {}
        name = f"{_name(entry)} keyed" if keyed else _name(entry)
        text = _text(name, entry.about, _SCRIPTS[entry.kind], sliders, facts, 4 if keyed else 2)
        return Effect(name, text, (*values, settings.wet))
    if isinstance(entry, FilterProcessor):
        return _convolver(_name(entry), entry.about, project.response(node))
    if isinstance(entry, MatrixProcessor):
        return _matrix(entry, project.matrix(node))
    points = zip(*points_of(line_of(project, node)), strict=True)
    told = "".join(f"point({number(at)}, {number(gain)});\n" for at, gain in points)
    text = _text(_name(entry), entry.about, ("ride",), [], {}, 2)
    return Effect(_name(entry), text.replace("@block\n", f"{told}\n@block\n", 1), ())


def _name(entry: Processor) -> str:
    """Return what an effect is called: kinds of one label differ."""
    plain = file_name(entry.label.replace("/", " and "))
    return f"{plain} (one-pole)" if entry.kind.startswith("one_pole") else plain


def _convolver(name: str, about: str, response: Response) -> Effect:
    rows, frames = response.taps.shape
    facts = {"part": _PART, "rows": rows, "frames": frames, "lead": response.lead_samples}
    head = (_RESPONSE, f"options:maxmem={_MOST_WORDS}")
    text = _text(name, about, ("convolver",), [], facts, 2, head)
    return Effect(name, text, (), response)


def _matrix(entry: Processor, cells: Float[np.ndarray, "2 2"]) -> Effect:
    most = 10.0 ** (_MOST_DB / 20.0)
    starts = (1.0, 0.0, 0.0, 1.0)
    sliders = [
        _Slider(side.replace(" ", "_"), start, -most, most, side)
        for side, start in zip(_SIDES, starts, strict=True)
    ]
    text = _text(_name(entry), entry.about, ("matrix",), sliders, {}, 2)
    return Effect(_name(entry), text, tuple(cells.ravel().tolist()))


def _slider(spec: ParamSpec, place: int) -> _Slider:
    assert isinstance(spec.low, float) and isinstance(spec.high, float)
    start = spec.start[place % len(spec.start)] if isinstance(spec.start, tuple) else spec.start
    start = spec.low if start is None else start
    label, words = spec.label_of(place + 1), tuple(map(spec.choice_word, spec.choices))
    label = f"{label} ({spec.unit})" if spec.unit and not words else label
    several = bool(spec.shape)
    return _Slider(
        spec.name, float(start), spec.low, spec.high, label, spec.choices, words, several
    )


def _place(spec: ParamSpec, value: float) -> float:
    """Return where a slider stands for a value: of choices it tells the number."""
    if not spec.choices:
        return value
    return float(np.argmin(np.abs(np.array(spec.choices) - value)))


def _text(
    name: str,
    about: str,
    scripts: Sequence[str],
    sliders: Sequence[_Slider],
    facts: dict[str, int],
    inputs: int,
    head: Sequence[str] = (),
) -> str:
    """Return an effect's file."""
    pins = ("left", "right", "key left", "key right")[:inputs]
    lines = [
        f"desc:mixtrace {name}",
        f"// {printable(about)}",
        *head,
        *(_slider_line(number_, slider) for number_, slider in enumerate(sliders, 1)),
        *(f"in_pin:{pin}" for pin in pins),
        "out_pin:left",
        "out_pin:right",
        "",
    ]
    parts = _sections(scripts)
    begin = [f"{fact} = {value};" for fact, value in facts.items()] + _lists(sliders)
    reading = [_reading(number_, slider) for number_, slider in enumerate(sliders, 1)]
    reading = _placed(sliders, reading)
    for section, first in (("@init", begin), ("@slider", reading)):
        if first:
            parts[section] = ["\n".join(first) + "\n", *parts.get(section, [])]
    told = [f"{s}\n" + "\n".join(parts[s]) for s in _SECTIONS if s in parts]
    return "\n".join([*lines, *told])


def _slider_line(place: int, slider: _Slider) -> str:
    if slider.choices:
        names = ",".join(slider.words)
        start = slider.choices.index(min(slider.choices, key=lambda c: abs(c - slider.start)))
        last = len(slider.choices) - 1
        return f"slider{place}:{start}<0,{last},1{{{names}}}>{slider.label}"
    ends = ",".join(map(number, (slider.low, slider.high, _STEP)))
    return f"slider{place}:{number(slider.start)}<{ends}>{slider.label}"


def _lists(sliders: Sequence[_Slider]) -> list[str]:
    """Return where sliders of one name stand in memory, and how many they are."""
    names = [slider.name for slider in sliders if slider.several]
    found = []
    for place, name in enumerate(dict.fromkeys(names)):
        found.append(f"{name} = {_FIRST_LIST + place * _LONGEST_LIST};")
        found.append(f"{name}_count = {names.count(name)};")
    return found


def _placed(sliders: Sequence[_Slider], values: Sequence[str]) -> list[str]:
    """Return the lines that name the values of sliders."""
    found, counts = [], dict[str, int]()
    for slider, value in zip(sliders, values, strict=True):
        place = counts.get(slider.name, 0)
        counts[slider.name] = place + 1
        name = f"{slider.name}[{place}]" if slider.several else slider.name
        found.append(f"{name} = {value};")
    return found


def _reading(place: int, slider: _Slider) -> str:
    """Return the value of a slider as EEL2."""
    told = f"slider{place}"
    if not slider.choices or slider.choices == (0.0, 1.0):
        return told
    *others, last = slider.choices
    steps = [f"{told} < {number(i + 0.5)} ? {number(c)} : " for i, c in enumerate(others)]
    return "".join(steps) + number(last)


@cache
def _script(name: str) -> str:
    place = files("mixtrace.exporting.reaper") / "jsfx" / f"{name}.eel"
    return place.read_text("utf-8")


def _sections(scripts: Sequence[str]) -> dict[str, list[str]]:
    """Return the sections of some scripts, each joined; what comes before the first is theirs."""
    found: dict[str, list[str]] = {}
    for name in scripts:
        section, before, lines = "", list[str](), list[str]()
        for line in [*_script(name).splitlines(), "@end"]:
            if not line.startswith("@"):
                lines.append(line)
                continue
            if section:
                found.setdefault(section, []).append("\n".join([*before, *lines]).strip() + "\n")
                before = []
            else:
                before = lines
            section, lines = line.strip(), []
    return found
