"""The two documents of a DAWproject: the project, and what it is called.

A track stands within the group that it feeds. A channel is heard by its destination alone, and by
sends, before its fader or behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from mixtrace.exporting.channels import Channel, Feed
from mixtrace.exporting.dawproject.devices import add_device
from mixtrace.exporting.dawproject.xml import Ids, real, switch, told
from mixtrace.exporting.faders import Fader
from mixtrace.exporting.project import Project
from mixtrace.exporting.rides import line_of, points_of
from mixtrace.names import printable
from mixtrace.store import mixtrace_version

__all__ = ["Strip", "is_sole", "metadata_of", "project_of"]

_TEMPO_BPM = 120.0
_ROLES = {"track": "regular", "bus": "submix", "return": "effect", "master": "master"}
_MOST_VOLUME = 4.0


@dataclass(frozen=True)
class Strip:
    """A track of the document.

    Attributes:
        channel: the channel that it stands for; None for one that is not heard.
        name: its own.
        fader: of the channel; its gain has what feeds on at a level of its own worked in.
        file: its audio within the archive; None where it plays none.
        muted: whether it is not to be heard.
        comment: what is to be known of it.
    """

    channel: Channel | None
    name: str
    fader: Fader
    file: str | None
    muted: bool = False
    comment: str = ""


def metadata_of(project: Project, notes: Sequence[str]) -> bytes:
    """Return what a program shows of the project before it is opened."""
    root = Element("MetaData")
    SubElement(root, "Title").text = printable(project.name)
    SubElement(root, "Comment").text = "\n".join(["Exported by mixtrace.", *notes])
    return _document(root)


def project_of(project: Project, strips: Sequence[Strip]) -> bytes:
    """Return the project: its tracks in groups, their devices, faders, sends and audio."""
    return _Document(project, strips).text()


def is_sole(channel: Channel) -> bool:
    """Return whether a channel is heard by one way alone, that of its output, at some level."""
    own = channel.feeds
    return len(own) == 1 and own[0].after == len(channel.processors) and own[0].key_of is None


class _Document:
    """Writes a project; the parts know each other by names."""

    def __init__(self, project: Project, strips: Sequence[Strip]) -> None:
        self._project, self._strips = project, strips
        self._ids = Ids()
        self._tracks = {strip.name: self._ids.new() for strip in strips}
        self._channels = {strip.name: self._ids.new() for strip in strips}
        self._volumes = {strip.name: self._ids.new() for strip in strips}

    def text(self) -> bytes:
        root = Element("Project", {"version": "1.0"})
        SubElement(root, "Application", {"name": "mixtrace", "version": mixtrace_version()})
        transport = SubElement(root, "Transport")
        real(transport, "Tempo", _TEMPO_BPM, "bpm", (20.0, 666.0), self._ids.new())
        time = {"denominator": "4", "numerator": "4", "id": self._ids.new()}
        SubElement(transport, "TimeSignature", time)
        structure = SubElement(root, "Structure")
        elements: dict[str, Element] = {}
        for strip in self._strips:
            parent = self._parent(strip)
            within = structure if parent is None else elements[parent]
            elements[strip.name] = self._track(within, strip)
        arrangement = SubElement(root, "Arrangement", {"id": self._ids.new()})
        facts = {"timeUnit": "seconds", "id": self._ids.new()}
        lanes = SubElement(arrangement, "Lanes", facts)
        for strip in self._strips:
            self._lanes(lanes, strip)
        SubElement(root, "Scenes")
        return _document(root)

    def _parent(self, strip: Strip) -> str | None:
        """Return the group that a track stands in."""
        leads = strip.channel.outputs if strip.channel else ()
        by_name = {other.name: other for other in self._strips}
        into = by_name[leads[0]].channel if leads else None
        return into.name if into is not None and into.role == "bus" else None

    def _track(self, within: Element, strip: Strip) -> Element:
        channel, role = strip.channel, strip.channel.role if strip.channel else "track"
        kind = "tracks" if self._is_group(strip) else "audio"
        facts = {"contentType": kind, "loaded": "true", "id": self._tracks[strip.name]}
        comment = {"comment": strip.comment} if strip.comment else {}
        track = SubElement(within, "Track", {**facts, "name": strip.name, **comment})
        facts = {"audioChannels": "2", "role": _ROLES[role], "solo": "false"}
        if role != "master":
            leads = channel.outputs if channel else ()
            (master,) = (s.name for s in self._strips if s.channel and s.channel.role == "master")
            if leads or channel is None:
                facts["destination"] = self._channels[leads[0] if leads else master]
        made = SubElement(track, "Channel", {**facts, "id": self._channels[strip.name]})
        nodes = channel.processors[: strip.fader.begin] if channel else ()
        if nodes:
            devices = SubElement(made, "Devices")
            for node in nodes:
                add_device(devices, self._ids, self._project.node(node))
        switch(made, "Mute", strip.muted, self._ids.new())
        pan = (strip.fader.pan + 1.0) / 2.0
        real(made, "Pan", pan, "normalized", (0.0, 1.0), self._ids.new())
        if channel and (sends := self._sends(channel)):
            self._add_sends(made, channel, strip.fader, sends)
        volume = self._volumes[strip.name]
        real(made, "Volume", strip.fader.gain, "linear", (0.0, _MOST_VOLUME), volume)
        return track

    def _is_group(self, strip: Strip) -> bool:
        return any(self._parent(other) == strip.name for other in self._strips)

    def _sends(self, channel: Channel) -> list[Feed]:
        """Return all feeds but the one that is the channel's destination."""
        direct = next((feed for feed in channel.feeds if channel.is_direct(feed)), None)
        return [feed for feed in channel.feeds if feed is not direct]

    def _add_sends(
        self, made: Element, channel: Channel, fader: Fader, sends: Sequence[Feed]
    ) -> None:
        within = SubElement(made, "Sends")
        for feed in sends:
            post = feed.after == len(channel.processors)
            facts = {"type": "post" if post else "pre", "id": self._ids.new()}
            facts["destination"] = self._channels[feed.into]
            send = SubElement(within, "Send", facts)
            switch(send, "Enable", True)
            real(send, "Volume", feed.gain, "linear", (0.0, _MOST_VOLUME), self._ids.new())

    def _lanes(self, lanes: Element, strip: Strip) -> None:
        facts = {"track": self._tracks[strip.name], "id": self._ids.new()}
        own = SubElement(lanes, "Lanes", facts)
        length_s = told(self._project.length_samples / self._project.sample_rate_hz)
        if strip.file is not None:
            clips = SubElement(own, "Clips", {"id": self._ids.new()})
            times = {"time": "0", "duration": length_s, "contentTimeUnit": "seconds"}
            facts = {**times, "playStart": "0", "name": strip.name}
            clip = SubElement(clips, "Clip", facts)
            rate = str(self._project.sample_rate_hz)
            about = {"duration": length_s, "channels": "2", "sampleRate": rate}
            audio = SubElement(clip, "Audio", {**about, "id": self._ids.new()})
            SubElement(audio, "File", {"path": strip.file})
        if strip.fader.ride is not None:
            points = SubElement(own, "Points", {"unit": "linear", "id": self._ids.new()})
            SubElement(points, "Target", {"parameter": self._volumes[strip.name]})
            found = points_of(line_of(self._project, strip.fader.ride))
            for moment, gain in zip(*found, strict=True):
                place = {"time": told(float(moment)), "value": told(strip.fader.gain * float(gain))}
                SubElement(points, "RealPoint", {**place, "interpolation": "linear"})


def _document(root: Element) -> bytes:
    indent(root)
    return tostring(root, "utf-8", xml_declaration=True) + b"\n"
