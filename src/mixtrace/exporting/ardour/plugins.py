"""The two kinds of plug-ins that a session has: Lua with our own equations, and a convolver.

A Lua processor lies in the session file itself; nothing has to be installed for it. Its knobs are
the parameters of the processor, in their units. The convolver is x42's zeroconvolv (LV2), which
loads a response from the session's folder.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

import numpy as np
from jaxtyping import Float

from mixtrace.exporting.ardour.xml import Ids, controllable, processor
from mixtrace.exporting.project import Response
from mixtrace.store.audio_files import write_float_audio

__all__ = ["Convolver", "Knob", "LuaPlugin", "Plugin"]

_CONVOLVER = "http://gareus.org/oss/lv2/zeroconvolv#Stereo"
_STATE = "state1"
_LATE_SAMPLES = 64
"""What zeroconvolv is late by beside a response's own lead. It tells so once it runs, too late for
an export that begins at once."""

LATENCY_STEP_SAMPLES = 64
"""Every plug-in is late by a multiple of this: Ardour 7.3 loses samples, some in every 4096, where
it delays by a number that is no multiple of 16 to have all channels meet."""

_SHOWN = ("", "dB", "Hz")
"""Units that Ardour shows beside a number."""

_ROWS_OF_FOUR = (0, 2, 1, 3)
"""zeroconvolv takes right from left before left from right."""


@dataclass(frozen=True)
class Knob:
    """A knob of a Lua processor.

    Attributes:
        name: as the script reads it; those of one name are a list there.
        label: for people, with a number where there are several.
        value: where it stands.
        low, high: its range.
        unit: in which.
        choices: the only values that it takes, by what they are called; empty for all between.
        several: whether it is one of a list.
    """

    name: str
    label: str
    value: float
    low: float
    high: float
    unit: str = ""
    choices: Mapping[str, float] = field(default_factory=dict)
    several: bool = False


@dataclass(frozen=True)
class LuaPlugin:
    """A processor of our own in Lua.

    Attributes:
        name: for people.
        about: what it does.
        scripts: the files that make it up, in `lua`, without their endings.
        knobs: in the order in which they are shown.
        keyed: whether it has a side-chain, two further inputs.
        latency_samples: how far it looks ahead, which what leaves it is late by. Lua tells so
            once it runs, too late for an export that begins at once.
    """

    name: str
    about: str
    scripts: tuple[str, ...]
    knobs: tuple[Knob, ...]
    keyed: bool = False
    latency_samples: int = 0

    @property
    def late_samples(self) -> int:
        """By how much what leaves it is late."""
        return _stepped(self.latency_samples)

    @property
    def source(self) -> str:
        """The whole script."""
        lua = files("mixtrace.exporting.ardour") / "lua"
        parts = [(lua / f"{name}.lua").read_text("utf-8") for name in ("lines", *self.scripts)]
        running = (lua / "running.lua").read_text("utf-8")
        return "\n".join([self._head(), *parts, running])

    def add(self, route: Element, ids: Ids, plugins: Path, sample_rate_hz: int) -> Element:
        """Add it to a channel; it needs no files."""
        source = self.source.encode()
        unique = hashlib.sha1(source, usedforsecurity=False).hexdigest()
        facts = {"unique-id": unique, "count": "1", "custom": "0"}
        made = processor(route, ids, self.name, "luaproc", **facts)
        if self.latency_samples:
            _tell_latency(made, self.late_samples)
        _configure(made, 4 if self.keyed else 2)
        own = SubElement(made, "luaproc", {"parameter-changed-since-last-preset": "0"})
        script = SubElement(own, "script", {"lua": "Lua 5.3"})
        script.text = base64.b64encode(source).decode()
        for number, knob in enumerate(self.knobs):
            SubElement(own, "Port", {"id": str(number), "value": f"{knob.value:.9g}"})
        for number, knob in enumerate(self.knobs):
            controllable(made, ids, knob.label, knob.value).set("parameter", str(number))
        return made

    def _head(self) -> str:
        """Return what tells Ardour of the processor, and the script of its knobs."""
        about = {"type": "dsp", "name": self.name, "category": "mixtrace", "license": "MIT"}
        about |= {"author": "mixtrace", "description": self.about}
        told = ", ".join(f"[{_quoted(key)}] = {_quoted(text)}" for key, text in about.items())
        ports = "".join(f"    {_port(knob)},\n" for knob in self.knobs)
        return (
            f"ardour {{ {told} }}\n\nKEYED = {str(self.keyed).lower()}\nKNOBS = {len(self.knobs)}\n"
            f"STEP = {LATENCY_STEP_SAMPLES}\n"
            f"\nfunction dsp_params ()\n  return {{\n{ports}  }}\nend\n\n"
            f"function knobs (c)\n  return {{ {self._reading()} }}\nend\n"
        )

    def _reading(self) -> str:
        """Return the knobs as fields of a table, lists where there are several of one name."""
        places: dict[str, list[int]] = {}
        for number, knob in enumerate(self.knobs, 1):
            places.setdefault(knob.name, []).append(number)
        lists = {knob.name for knob in self.knobs if knob.several}
        found = []
        for name, numbers in places.items():
            read = ", ".join(f"c[{number}]" for number in numbers)
            found.append(f"{name} = {{ {read} }}" if name in lists else f"{name} = {read}")
        return ", ".join(found)


@dataclass(frozen=True, eq=False)
class Convolver:
    """A response that every sound is convolved with.

    Attributes:
        name: for people.
        response: at the session's rate.
    """

    name: str
    response: Response

    @property
    def late_samples(self) -> int:
        """By how much what leaves it is late."""
        return _stepped(self.response.lead_samples) + _LATE_SAMPLES

    def add(self, route: Element, ids: Ids, plugins: Path, sample_rate_hz: int) -> Element:
        """Add it to a channel, and write its response."""
        facts = {"unique-id": _CONVOLVER, "count": "1", "custom": "0"}
        made = processor(route, ids, self.name, "lv2", **facts)
        _tell_latency(made, self.late_samples)
        _configure(made, 2)
        state = {"parameter-changed-since-last-preset": "0", "state-dir": _STATE}
        SubElement(made, "lv2", state)
        folder = plugins / made.get("id", "") / _STATE
        folder.mkdir(parents=True)
        lead = self.late_samples - _LATE_SAMPLES
        taps = np.pad(self._channels(), ((0, 0), (lead - self.response.lead_samples, 0)))
        write_float_audio(folder / "response.wav", taps, sample_rate_hz)
        (folder / "manifest.ttl").write_text(_MANIFEST, "utf-8")
        (folder / "state.ttl").write_text(_STATE_FILE.replace("LEAD", str(lead)), "utf-8")
        return made

    def _channels(self) -> Float[np.ndarray, "row time"]:
        taps = self.response.taps
        return taps[list(_ROWS_OF_FOUR)] if len(taps) == 4 else taps


Plugin = LuaPlugin | Convolver
"""What can be put into a channel: `add` does so; `late_samples` tells by how much it is late."""

_MANIFEST = f"""@prefix lv2: <http://lv2plug.in/ns/lv2core#> .
@prefix pset: <http://lv2plug.in/ns/ext/presets#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .

<state.ttl>
	a pset:Preset ;
	lv2:appliesTo <{_CONVOLVER}> ;
	rdfs:seeAlso <state.ttl> .
"""

_STATE_FILE = f"""@prefix lv2: <http://lv2plug.in/ns/lv2core#> .
@prefix pset: <http://lv2plug.in/ns/ext/presets#> .
@prefix state: <http://lv2plug.in/ns/ext/state#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

<>
	a pset:Preset ;
	lv2:appliesTo <{_CONVOLVER}> ;
	state:state [
		<http://gareus.org/oss/lv2/zeroconvolv#ir> <response.wav> ;
		<http://gareus.org/oss/lv2/zeroconvolv#predelay> "0"^^xsd:int ;
		<http://gareus.org/oss/lv2/zeroconvolv#artificial_latency> "LEAD"^^xsd:int ;
	] .
"""


def _configure(made: Element, inputs: int) -> None:
    """Tell how many channels a plug-in has, each connected to the channel's of its number."""
    for name, count in (("ConfiguredInput", 2), ("CustomSinks", inputs), ("ConfiguredOutput", 2)):
        counted = SubElement(made, name)
        SubElement(counted, "Channels", {"type": "audio", "count": str(count)})
    SubElement(made, "PresetOutput")
    for name, count in (("InputMap-0", inputs), ("OutputMap-0", 2)):
        mapped = SubElement(made, name)
        for number in map(str, range(count)):
            SubElement(mapped, "Channelmap", {"type": "audio", "from": number, "to": number})
    SubElement(made, "ThruMap")


def _stepped(samples: int) -> int:
    return -(-samples // LATENCY_STEP_SAMPLES) * LATENCY_STEP_SAMPLES


def _tell_latency(made: Element, samples: int) -> None:
    made.set("user-latency", str(samples))
    made.set("use-user-latency", "1")


def _port(knob: Knob) -> str:
    """Return a knob as Lua declares it; units that Ardour does not show stand in its name."""
    facts = [
        'type = "input"',
        f"name = {_quoted(knob.label if knob.unit in _SHOWN else f'{knob.label}, {knob.unit}')}",
        f"min = {knob.low!r}",
        f"max = {knob.high!r}",
        f"default = {knob.value!r}",
        f"unit = {_quoted(knob.unit)}",
    ]
    if knob.choices:
        points = ", ".join(f"[{_quoted(name)}] = {c!r}" for name, c in knob.choices.items())
        facts.append(f"enum = true, scalepoints = {{ {points} }}")
    elif knob.unit == "Hz":
        facts.append("logarithmic = true")
    return f"{{ {', '.join(facts)} }}"


def _quoted(text: str) -> str:
    r"""Return text as Lua reads it, whatever stands in it.

    >>> _quoted('say "a\\b"')
    '"say \\"a\\\\b\\""'
    """
    kept = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + kept.replace("\n", "\\n").replace("\r", "\\r") + '"'
