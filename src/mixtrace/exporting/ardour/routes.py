"""Tracks and buses of Ardour: what a channel's sound passes, and where it goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from mixtrace.exporting.ardour.devices import SIDES, Ride, device
from mixtrace.exporting.ardour.lines import points_of
from mixtrace.exporting.ardour.plugins import Knob, LuaPlugin, Plugin
from mixtrace.exporting.ardour.session import Session
from mixtrace.exporting.ardour.xml import audio_time, controllable, io, processor
from mixtrace.exporting.channels import Channel, Feed
from mixtrace.exporting.project import Project

__all__ = ["Desk"]

_BALANCE = "http://ardour.org/plugin/panner_balance"
_CENTRE = 0.5
_MOST_GAIN = 2.0
"""As far as Ardour's faders go, +6 dB."""

_SILENCE = LuaPlugin(
    "sends alone",
    "Lets nothing through: this channel is heard by its sends. Ardour times by where a channel's "
    "output leads.",
    ("matrix",),
    tuple(Knob(name, name.replace("_", " "), 0.0, -1.0, 1.0) for name in SIDES),
)
"""Stands at the end of what no channel hears directly: an output that leads nowhere would be left
out where Ardour plans how early it has to begin."""

_PLACERS = ("fader", "gain_panning")


@dataclass(frozen=True)
class _Fader:
    """The channel's own fader and pan pot.

    Attributes:
        at: how many of the processors stand before it.
        gain: its level, an amplitude ratio.
        balance: 0 is left, 1 right.
        ride: what moves it; None where it stands still.
    """

    at: int
    gain: float = 1.0
    balance: float = _CENTRE
    ride: Ride | None = None


class Desk:
    """Writes the channels of a project into a session."""

    def __init__(self, session: Session, project: Project, names: Mapping[str, str]) -> None:
        """Number the channels, so that they can refer to one another.

        Args:
            session: where they go.
            project: whose they are.
            names: of each channel in the session.
        """
        self._session, self._project, self._names = session, project, names
        self._numbers = {name: session.ids.new() for name in names}
        self._master = names[next(c.name for c in project.channels if c.role == "master")]
        self._sends = 0
        self._order = 0

    def add(self, channel: Channel, file: str | None, plugins: Path) -> None:
        """Add a channel.

        Args:
            channel: it; those whose side-chains it feeds are added after it, or before.
            file: what it plays, in the folder of the session's audio; None for a bus.
            plugins: the folder for what plug-ins need.
        """
        aside = not channel.outputs and channel.role != "master"
        outputs = [self._master] if aside else [self._names[name] for name in channel.outputs]
        route = self._route(channel.name, channel.role, file, outputs)
        ids, rate = self._session.ids, self._project.sample_rate_hz
        devices = [device(self._project, node) for node in channel.processors]
        fader, replaced = _fader_of(self._project, channel, devices)
        for place in range(len(channel.processors) + 1):
            if place == fader.at:
                self._add_fader(route, fader)
            for feed in channel.sends:
                if feed.after == place:
                    self._add_send(route, feed, linked=place > replaced)
            if place < len(channel.processors) and place != replaced:
                node, put = channel.processors[place], devices[place]
                assert not isinstance(put, Ride)
                made = put.add(route, ids, plugins, rate)
                if self._project.graph.keyed(node):
                    self._add_side_chain(made, node)
        if aside:
            _SILENCE.add(route, ids, plugins, rate)
        self._close(route, channel.name, fader.balance)

    def add_unused(self, name: str, file: str) -> None:
        """Add a track that is not heard: muted, and fed to nothing but the master."""
        route = self._route(name, "track", file, [self._master], muted=True)
        self._add_fader(route, _Fader(0))
        self._close(route, name, _CENTRE)

    def _route(
        self,
        name: str,
        role: str,
        file: str | None,
        outputs: Sequence[str],
        *,
        muted: bool = False,
    ) -> Element:
        session, shown, number = self._session, self._names[name], self._numbers[name]
        ids = session.ids
        facts = {"version": "7002", "id": number, "name": shown, "default-type": "audio"}
        facts |= {"strict-io": "1", "active": "1", "denormal-protection": "0"}
        facts |= {"meter-point": "MeterPostFader", "disk-io-point": "DiskIOPreFader"}
        flags = "MasterOut" if role == "master" else "AudioTrack" if file else "AudioBus"
        if file is not None:
            facts |= {"mode": "Normal", "audio-playlist": session.add_playlist(shown, file, number)}
        route = SubElement(session.routes, "Route", facts)
        about = {"order": str(self._order), "flags": f"{flags},OrderSet", "color": "0"}
        SubElement(route, "PresentationInfo", about)
        self._order += 1
        led = [f"{other}/audio_in " for other in outputs]
        led = ["system:playback_"] if role == "master" else led
        io(route, ids, shown, "Input", "audio_in")
        io(route, ids, shown, "Output", "audio_out", led)
        about = {"mute-point": "PostFader,Listen,Main", "muted": str(int(muted))}
        SubElement(route, "MuteMaster", about)
        controllable(route, ids, "mute", float(muted), "Toggle,RealTime")
        if file is not None:
            processor(route, ids, f"player:{shown}", "diskreader")
        elif role != "master":
            processor(route, ids, "Return", "intreturn")
        return route

    def _add_fader(self, route: Element, fader: _Fader) -> None:
        ids, rate = self._session.ids, self._project.sample_rate_hz
        made = processor(route, ids, "Amp", "amp")
        if fader.ride is not None:
            lines = SubElement(made, "Automation")
            facts = {"automation-id": "gain", "id": ids.new(), "time-domain": "AudioTime"}
            facts |= {"interpolation-style": "Exponential", "state": "Play"}
            drawn = SubElement(lines, "AutomationList", facts)
            times, gains = points_of(fader.ride, rate)
            events = zip(times.tolist(), gains.tolist(), strict=True)
            text = "\n".join(f"{audio_time(at, rate)} {gain:.9g}" for at, gain in events)
            SubElement(drawn, "events").text = f"{text}\n"
        controllable(made, ids, "gaincontrol", fader.gain, "GainLike")

    def _add_send(self, route: Element, feed: Feed, *, linked: bool) -> None:
        """Add an internal send to a channel, or a send to its side-chain."""
        ids, into = self._session.ids, self._names[feed.into]
        self._sends += 1
        facts = {"own-input": "1", "own-output": "1", "bitslot": str(self._sends)}
        facts |= {"selfdestruct": "0"}
        if feed.key_of is None:
            facts |= {"role": "Aux", "target": self._numbers[feed.into], "allow-feedback": "0"}
            made = processor(route, ids, into, "intsend", **facts)
        else:
            name = f"send {self._sends}"
            made = processor(route, ids, name, "send", role="Send", **facts)
            io(made, ids, name, "Output", "audio_send", [f"{_side_chain(feed.key_of)}/audio_in "])
        self._add_panner(made, _CENTRE, linked=linked)
        controllable(made, ids, "gaincontrol", feed.gain, "GainLike,InlineControl")

    def _add_side_chain(self, made: Element, node: int) -> None:
        ids, name = self._session.ids, _side_chain(node)
        facts = {"own-input": "1", "own-output": "1"}
        about = processor(made, ids, name, "sidechain", **facts)
        io(about, ids, name, "Input", "audio_in")

    def _add_panner(self, parent: Element, balance: float, *, linked: bool) -> None:
        facts = {"bypassed": "0", "user-panner": _BALANCE, "linked-to-route": str(int(linked))}
        shell = SubElement(parent, "PannerShell", facts)
        SubElement(shell, "Panner", {"uri": _BALANCE, "type": "Stereo Balance"})
        if not linked:
            pannable = SubElement(parent, "Pannable")
            controllable(pannable, self._session.ids, "pan-azimuth", balance)

    def _close(self, route: Element, name: str, balance: float) -> None:
        ids, shown = self._session.ids, self._names[name]
        pannable = Element("Pannable")
        controllable(pannable, ids, "pan-azimuth", balance)
        route.insert(5, pannable)
        processor(route, ids, f"meter-{shown}", "meter")
        facts = {"own-input": "1", "own-output": "0", "output": shown, "role": "Main"}
        made = processor(route, ids, shown, "main-outs", **facts)
        self._add_panner(made, balance, linked=True)


def _side_chain(node: int) -> str:
    return f"side-chain {node}"


def _fader_of(
    project: Project, channel: Channel, devices: list[Plugin | Ride]
) -> tuple[_Fader, int]:
    """Return the channel's fader, and which of its processors it stands for, -1 for none."""
    count = len(devices)
    for place in reversed(range(count)):
        ride = devices[place]
        if isinstance(ride, Ride):
            start = float(ride.gain(np.zeros(1))[0])
            return _Fader(place, min(start, _MOST_GAIN), ride=ride), place
    for place in reversed(range(count)):
        node = channel.processors[place]
        if project.graph.nodes[node].kind in _PLACERS:
            left, right = np.diag(project.matrix(node)).tolist()
            gain = max(left, right)
            balance = 1.0 - 0.5 * left / gain if right >= left else 0.5 * right / gain
            panned = left != right
            last = place == count - 1
            if gain <= _MOST_GAIN and (last or not panned):
                return _Fader(place, gain, balance), place
            break
    return _Fader(count), -1
