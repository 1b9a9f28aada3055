"""The tracks of a REAPER project: folders, effects, faders, envelopes and sends.

The master is a track that holds all others as its folder; REAPER's own master stays at 0 dB. A
track that has a side-chain has four channels: the key arrives on the third and fourth.
"""

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from mixtrace.exporting.channels import Channel, Feed, distinct
from mixtrace.exporting.faders import Fader, fader_of
from mixtrace.exporting.project import Project
from mixtrace.exporting.reaper.effects import Effect, effect
from mixtrace.exporting.reaper.rpp import Block, guid, quoted, text_of
from mixtrace.exporting.rides import line_of, points_of
from mixtrace.exporting.splitting import split
from mixtrace.processors import AutomationProcessor, processor
from mixtrace.progress import Steps
from mixtrace.store import file_name
from mixtrace.store.audio_files import write_float_audio

__all__ = ["Desk"]

_MOST_GAIN = 10.0 ** (12.0 / 20.0)
"""As far as REAPER's faders go by themselves."""

_POST_FADER, _PRE_EFFECTS, _PRE_FADER = 0, 1, 3
_NO_LAW = 1
"""A pan law of 0 dB: in the centre both sides are as they were."""

_BALANCE = 3
"""The pan mode that turns the farther side down, and mixes none into the other."""

_SLIDERS = 64


class Desk:
    """Writes a project's channels as tracks.

    Attributes:
        effects_name: the folder of its effects, below REAPER's own.
        notes: what is carried otherwise than a person would expect.
    """

    def __init__(self, project: Project, folder: Path) -> None:
        """Take the project, and the folder that all is written to."""
        self._project, self._folder = project, folder
        self._channels = _ordered(split(project.channels, lambda c: _cuts(project, c)))
        self._places = {channel.name: i for i, (channel, _) in enumerate(self._channels)}
        self.effects_name = f"mixtrace/{_plain(project.name)}"
        self.notes: list[str] = []
        self._files: dict[str, str] = {}

    def text(self, report: Steps) -> str:
        """Write audio and effects; return the project file."""
        rate_hz = self._project.sample_rate_hz
        made = Block("REAPER_PROJECT", "0.1", quoted("6.0"), 0)
        made.line("RIPPLE", 0)
        made.line("PANLAW", _NO_LAW)
        made.line("PANMODE", _BALANCE)
        made.line("SAMPLERATE", rate_hz, 1, 0)
        made.line("TEMPO", 120, 4, 4)
        made.line("MASTER_VOLUME", 1, 0, -1, -1, 1)
        names = [*(channel.name for channel, _ in self._channels), *self._project.idle]
        closes = _closes([depth for _, depth in self._channels])
        for done, (channel, _) in enumerate(self._channels):
            self._track(made, channel, closes[done])
            report("writing", done + 1, len(names))
        for place, name in enumerate(self._project.idle):
            done = len(self._channels) + place
            track = self._begin(made, name, Fader(0), 0, 2)
            track.line("MUTESOLO", 1, 0, 0)
            track.line("MAINSEND", 0, 0)
            self._item(track, done, name, self._project.unused[place])
            report("writing", done + 1, len(names))
        return text_of(made)

    def _track(self, made: Block, channel: Channel, close: int) -> None:
        project, fader = self._project, _fader(self._project, channel)
        keyed = any(project.graph.keyed(node) for node in channel.processors[: fader.begin])
        track = self._begin(made, channel.name, fader, close, 4 if keyed else 2)
        parent = self._parent(channel)
        is_master = channel.role == "master"
        # What has more channels than two would send all of them to its folder.
        track.line("MAINSEND", int(is_master or (parent is not None and not keyed)), 0)
        for source, feed in self._received(channel):
            self._receive(track, source, feed)
        self._chain(track, channel, fader)
        if fader.ride is not None:
            self._envelope(track, fader.ride)
        if channel.input is not None:
            place = self._places[channel.name]
            self._item(track, place, channel.name, project.track(channel.input))

    def _begin(self, made: Block, name: str, fader: Fader, close: int, count: int) -> Block:
        track = made.block("TRACK", guid("track", name))
        track.line("NAME", quoted(name))
        track.line("VOLPAN", fader.gain, fader.pan, _NO_LAW, -1, 1)
        track.line("PANMODE", _BALANCE)
        track.line("AUTOMODE", 0)
        track.line("ISBUS", *((1, 1) if close > 0 else (2, close) if close < 0 else (0, 0)))
        track.line("NCHAN", count)
        track.line("FX", 1)
        track.line("TRACKID", guid("track", name))
        return track

    def _parent(self, channel: Channel) -> str | None:
        """Return the folder that a channel's output leads to by itself."""
        return channel.outputs[0] if channel.outputs else None

    def _received(self, channel: Channel) -> list[tuple[Channel, Feed]]:
        """Return what a channel hears beside what its folder holds."""
        found = []
        for source, _ in self._channels:
            in_folder = self._parent(source) == channel.name and not self._has_key(source)
            for feed in source.feeds:
                if feed.into != channel.name:
                    continue
                if in_folder and source.is_direct(feed):
                    in_folder = False
                else:
                    found.append((source, feed))
        return found

    def _has_key(self, channel: Channel) -> bool:
        fader = _fader(self._project, channel)
        return any(self._project.graph.keyed(i) for i in channel.processors[: fader.begin])

    def _receive(self, track: Block, source: Channel, feed: Feed) -> None:
        fader = _fader(self._project, source)
        mode = _POST_FADER
        if feed.after < len(source.processors):
            mode = _PRE_FADER if feed.after == fader.begin else _PRE_EFFECTS
        into = 0 if feed.key_of is None else 2
        facts = (mode, feed.gain, 0, 0, 0, 0, 0, into, "-1:U", 0, -1, "''")
        track.line("AUXRECV", self._places[source.name], *facts)

    def _chain(self, track: Block, channel: Channel, fader: Fader) -> None:
        nodes = channel.processors[: fader.begin]
        if not nodes:
            return
        chain = track.block("FXCHAIN")
        chain.line("SHOW", 0)
        chain.line("LASTSEL", 0)
        chain.line("DOCKED", 0)
        for node in nodes:
            made = effect(self._project, node)
            entry = processor(self._project.graph.nodes[node].kind)
            if isinstance(entry, AutomationProcessor):
                self.notes.append(
                    f"The {entry.label} of {channel.name} stands before other effects: it is a "
                    "table inside an effect of its own, and no envelope."
                )
            chain.line("BYPASS", 0, 0, 0)
            script = chain.block("JS", quoted(self._file(made, channel, node)), quoted(""))
            values: list[str | float] = list(made.values)
            script.line(*values, *["-"] * (_SLIDERS - len(values)))
            chain.line("FLOATPOS", 0, 0, 0, 0)
            chain.line("FXID", guid("effect", channel.name, node))
            chain.line("WAK", 0, 0)

    def _file(self, made: Effect, channel: Channel, node: int) -> str:
        """Write an effect, unless another one is as it; return its place below Effects."""
        own = f"{_plain(channel.name)} {node}" if made.response or not made.values else ""
        told = f"{made.name} {own}".strip()
        data = f"{self.effects_name}/{told}.wav"
        text = made.told(data)
        if text not in self._files:
            (name,) = distinct([told], taken=list(self._files.values()))
            self._files[text] = name
            _write(self._folder / "Effects" / self.effects_name / f"{name}.jsfx", text)
        if made.response is not None:
            wave = self._folder / "Data" / data
            wave.parent.mkdir(parents=True, exist_ok=True)
            write_float_audio(wave, made.response.taps, self._project.sample_rate_hz)
        return f"{self.effects_name}/{self._files[text]}.jsfx"

    def _envelope(self, track: Block, node: int) -> None:
        envelope = track.block("VOLENV2")
        envelope.line("EGUID", guid("envelope", node))
        envelope.line("ACT", 1, -1)
        envelope.line("VIS", 1, 1, 1)
        envelope.line("LANEHEIGHT", 0, 0)
        envelope.line("ARM", 0)
        envelope.line("DEFSHAPE", 0, -1, -1)
        envelope.line("VOLTYPE", 0)
        for moment, gain in zip(*points_of(line_of(self._project, node)), strict=True):
            envelope.line("PT", float(moment), float(gain), 0)

    def _item(
        self, track: Block, place: int, name: str, audio: Float[np.ndarray, "_channel time"]
    ) -> None:
        path = f"audio/{place + 1:02d} {file_name(name)}.wav"
        (self._folder / "audio").mkdir(exist_ok=True)
        self._project.write_audio(self._folder / path, audio)
        item = track.block("ITEM")
        item.line("POSITION", 0)
        item.line("LENGTH", self._project.length_samples / self._project.sample_rate_hz)
        item.line("LOOP", 0)
        item.line("FADEIN", 0, 0, 0)
        item.line("FADEOUT", 0, 0, 0)
        item.line("IGUID", guid("item", name))
        item.line("NAME", quoted(name))
        source = item.block("SOURCE", "WAVE")
        source.line("FILE", quoted(path))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8", newline="\n")


def _fader(project: Project, channel: Channel) -> Fader:
    return fader_of(project, channel, _MOST_GAIN)


def _cuts(project: Project, channel: Channel) -> set[int]:
    """Return where a channel has to be cut: at a way out that REAPER has not, before a second key.

    It can send what enters a track, what enters its fader, and what leaves it.
    """
    ways = {0, _fader(project, channel).begin, len(channel.processors)}
    keyed = [i for i, node in enumerate(channel.processors) if project.graph.keyed(node)]
    return ({feed.after for feed in channel.feeds} - ways) | set(keyed[1:])


def _ordered(channels: Sequence[Channel]) -> list[tuple[Channel, int]]:
    """Return the channels in the order of their folders, each with how deep it lies."""
    inside: dict[str | None, list[Channel]] = {}
    by_name = {channel.name: channel for channel in channels}
    (master,) = (channel for channel in channels if channel.role == "master")
    for channel in channels:
        if channel is not master:
            folder = channel.outputs[0] if channel.outputs else master.name
            inside.setdefault(folder, []).append(channel)
    found: list[tuple[Channel, int]] = []
    waiting = [(master.name, 0)]
    while waiting:
        name, depth = waiting.pop()
        found.append((by_name[name], depth))
        waiting += [(channel.name, depth + 1) for channel in reversed(inside.get(name, []))]
    return found


def _closes(depths: Sequence[int]) -> Mapping[int, int]:
    """Return for each track 1 where it opens a folder, or how many it closes, below zero."""
    following = [*depths[1:], 0]
    return {
        i: after - depth for i, (depth, after) in enumerate(zip(depths, following, strict=True))
    }


def _plain(name: str) -> str:
    """Return a name of few letters that no two names share: REAPER reads it in its files.

    >>> _plain("Lead Vox #2 (wet)")
    'Lead Vox 2 wet 5d18'
    """
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    kept = "".join(c if c.isalnum() or c in " -_" else "" for c in letters)[:32]
    unique = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:4]
    return " ".join([*kept.split(), unique])
