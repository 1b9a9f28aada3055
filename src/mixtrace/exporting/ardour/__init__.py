"""A session of Ardour 7, which plays what mixtrace renders, sample by sample."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mixtrace.exporting.ardour.chains import chains_of, too_much
from mixtrace.exporting.ardour.devices import expressible
from mixtrace.exporting.ardour.routes import Desk
from mixtrace.exporting.ardour.session import Session
from mixtrace.exporting.channels import Channel, Feed, distinct
from mixtrace.exporting.freezing import frozen
from mixtrace.exporting.project import Project
from mixtrace.names import shortened
from mixtrace.processors import processor
from mixtrace.progress import Steps
from mixtrace.store import file_name

__all__ = ["Ardour"]

_RESERVED = ("monitor", "auditioner", "click", "virtual keyboard", "session")

_LONGEST, _LONGEST_BYTES = 100, 180
"""Of a name. Ports are called after their channels, and hold 255 bytes with all that is around it:
Ardour 7.3 plays silence from those that are longer, and says nothing."""

_RATES_HZ = (44_100, 48_000, 88_200, 96_000, 176_400, 192_000)
"""Below them Ardour 7.3 plays silence."""


class Ardour:
    """Tracks, buses, returns and master with Ardour's own faders, sends and automation."""

    name = "ardour"
    about = "A session of Ardour 7: faders, sends, automation, plug-ins with knobs."

    def rate_hz(self, mix_rate_hz: int) -> int:
        """Return the mix's rate, a multiple of it, or what lies above it; see `Target`."""
        if mix_rate_hz in _RATES_HZ:
            return mix_rate_hz
        multiples = [rate for rate in _RATES_HZ if rate % mix_rate_hz == 0]
        above = [rate for rate in _RATES_HZ if rate > mix_rate_hz]
        return [*multiples, *above, _RATES_HZ[-1]][0]

    def write(self, project: Project, folder: Path, report: Steps) -> tuple[str, ...]:
        """Write the session's folder; see `Target`."""
        nodes = project.graph.processors
        strange = [i for i in nodes if not expressible(project.graph.nodes[i].kind)]
        strange += [i for channel in project.channels for i in too_much(project, channel)]
        notes = [_rendered(project, i) for i in strange]
        project = frozen(project, strange, report)
        notes += [_key_told(project, i) for i in project.graph.processors if project.graph.keyed(i)]
        session_name = file_name(project.name)
        audio = folder / "interchange" / session_name / "audiofiles"
        audio.mkdir(parents=True)
        session = Session(session_name, project.sample_rate_hz, project.length_samples)
        channels = _by_buses(project.channels)
        names = _names([*(channel.name for channel in channels), *project.idle])
        desk, chains = Desk(session, project, names), chains_of(project, channels)
        for done, channel in enumerate(channels, 1):
            file = None
            if channel.input is not None:
                file = _file(done, channel.name)
                project.write_audio(audio / file, project.track(channel.input))
            desk.add(channel, chains[channel.name], file, folder / "plugins")
            report("writing", done, len(names))
        for place, name in enumerate(project.idle):
            done = len(channels) + 1 + place
            project.write_audio(audio / _file(done, name), project.unused[place])
            desk.add_unused(name, _file(done, name))
            report("writing", done, len(names))
        session.write(folder / f"{session_name}.ardour")
        return tuple(notes)


def _file(number: int, name: str) -> str:
    return f"{number:02d} {file_name(name)}.wav"


def _rendered(project: Project, node: int) -> str:
    """Return what is said of a processor whose sound is played instead."""
    label = processor(project.graph.nodes[node].kind).label
    return (
        f"Ardour cannot carry the {label} of {project.graph.name(node)}: its sound, and all "
        "that comes before it, is played as it was rendered."
    )


def _key_told(project: Project, node: int) -> str:
    label = processor(project.graph.nodes[node].kind).label
    return (
        f"The {label} of {project.graph.name(node)} listens to another sound, which Ardour 7.3 "
        "lets come some milliseconds late where returns of the session have a latency of their own."
    )


def _by_buses(channels: Sequence[Channel]) -> list[Channel]:
    """Return the channels with buses between them where Ardour needs such.

    It has no sends to the master. And it has a side-chain meet what it acts on in time only where
    the output of a channel leads to it.
    """
    taken = [channel.name for channel in channels]
    (master,) = (channel.name for channel in channels if channel.role == "master")
    found, buses = [], []
    for channel in channels:
        feeds = []
        for feed in channel.feeds:
            key = feed.key_of is not None
            if key or (feed.into == master and not channel.is_direct(feed)):
                told = f"{channel.name} to {feed.into}{' side-chain' if key else ''}"
                (name,) = distinct([told], taken=taken)
                taken.append(name)
                leading = Feed(0, feed.into, key_of=feed.key_of, aside=key)
                buses.append(Channel(name, "bus", None, (), (leading,)))
                feeds.append(replace(feed, into=name, key_of=None, aside=True))
            else:
                feeds.append(feed)
        found.append(replace(channel, feeds=tuple(feeds)))
    return [*found[:-1], *buses, found[-1]]


def _names(own: Sequence[str]) -> Mapping[str, str]:
    """Return what each channel and unused track is called in Ardour.

    A colon tells its ports from names, some names are its own, and none may be too long.
    """
    legal = [
        shortened(name.replace(":", "-"), _LONGEST, _LONGEST_BYTES).rstrip(" .") for name in own
    ]
    return dict(zip(own, distinct(legal, taken=_RESERVED), strict=True))
