"""Tracks and buses of Ardour: what a channel's sound passes, and where it goes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from mixtrace.exporting.ardour.chains import CENTRE, Chain, Fader, Keyed
from mixtrace.exporting.ardour.lines import points_of
from mixtrace.exporting.ardour.session import Session
from mixtrace.exporting.ardour.xml import audio_time, controllable, io, processor
from mixtrace.exporting.channels import Channel, Feed
from mixtrace.exporting.project import Project

__all__ = ["Desk"]

_BALANCE = "http://ardour.org/plugin/panner_balance"


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

    def add(self, channel: Channel, chain: Chain, file: str | None, plugins: Path) -> None:
        """Add a channel.

        Args:
            channel: it.
            chain: what its sound passes.
            file: what it plays, in the folder of the session's audio; None for a bus.
            plugins: the folder for what plug-ins need.
        """
        outputs = [f"{self._names[name]}/audio_in " for name in channel.outputs]
        keys = [feed.key_of for feed in channel.feeds if feed.key_of is not None]
        outputs += [f"{_side_chain(node)}/audio_in " for node in keys]
        outputs = outputs or [f"{self._master}/audio_in "]
        route = self._route(channel.name, channel.role, file, outputs)
        ids, rate = self._session.ids, self._project.sample_rate_hz
        balance, passed = CENTRE, False
        for entry in chain:
            if isinstance(entry, Fader):
                self._add_fader(route, entry)
                balance, passed = entry.balance, True
            elif isinstance(entry, Feed):
                self._add_send(route, entry, linked=passed)
            elif isinstance(entry, Keyed):
                made = entry.plugin.add(route, ids, plugins, rate)
                self._add_side_chain(made, entry.node)
            else:
                entry.add(route, ids, plugins, rate)
        self._close(route, channel.name, balance)

    def add_unused(self, name: str, file: str) -> None:
        """Add a track that is not heard: muted, and fed to nothing but the master."""
        route = self._route(name, "track", file, [f"{self._master}/audio_in "], muted=True)
        self._add_fader(route, Fader())
        self._close(route, name, CENTRE)

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
        led = ["system:playback_"] if role == "master" else outputs
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

    def _add_fader(self, route: Element, fader: Fader) -> None:
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
        """Add an internal send to a channel."""
        ids, into = self._session.ids, self._names[feed.into]
        self._sends += 1
        facts = {"own-input": "1", "own-output": "1", "bitslot": str(self._sends)}
        facts |= {"selfdestruct": "0", "role": "Aux", "target": self._numbers[feed.into]}
        made = processor(route, ids, into, "intsend", **facts, **{"allow-feedback": "0"})
        self._add_panner(made, CENTRE, linked=linked)
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
        if shown != name:
            SubElement(route, "Comment").text = name


def _side_chain(node: int) -> str:
    return f"side-chain {node}"
