"""A DAWproject 1.0: one file that Bitwig, Studio One, Cubase and others open."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import numpy as np
import torch
from jaxtyping import Float

from mixtrace.exporting.channels import Channel
from mixtrace.exporting.dawproject.devices import has_device, left_out
from mixtrace.exporting.dawproject.document import Strip, metadata_of, project_of
from mixtrace.exporting.faders import Fader, fader_of
from mixtrace.exporting.freezing import frozen
from mixtrace.exporting.project import Project
from mixtrace.exporting.splitting import split
from mixtrace.graph import remove_nodes
from mixtrace.processors import processor
from mixtrace.progress import Steps
from mixtrace.rendering import render_song
from mixtrace.session import Views
from mixtrace.store import file_name

__all__ = ["DawProject"]

_MOST_GAIN = 4.0
_BEGIN = (1980, 1, 1, 0, 0, 0)
"""The first moment that a ZIP can tell: two exports of one result are the same file."""


class DawProject:
    """Tracks, groups, sends and automation, with the devices that the format has."""

    name = "dawproject"
    about = "A DAWproject 1.0: tracks, groups, sends, automation, EQ, compressors, limiters."

    def rate_hz(self, mix_rate_hz: int) -> int:
        """Return the mix's rate; see `Target`."""
        return mix_rate_hz

    def write(self, project: Project, folder: Path, report: Steps) -> tuple[str, ...]:
        """Write one archive; see `Target`."""
        whole = project
        unsaid = _unsaid(project)
        skipped = [i for i in unsaid if _strip_role(project, i) == "master"]
        notes = [_skipped_note(project, i) for i in skipped]
        if skipped:
            project = _without(project, skipped)
        while played := _unsaid(project):
            notes += [_played_note(project, i) for i in played]
            project = frozen(project, played, report)
        notes += _device_notes(project)
        channels = _levelled(split(project.channels, lambda channel: _cuts(project, channel)))
        notes += _output_notes(channels)
        strips, audio = _strips(project, channels), _audio(project, channels)
        place = folder / f"{file_name(project.name)}.dawproject"
        with ZipFile(place, "w") as archive:
            _put(archive, "metadata.xml", metadata_of(project, notes))
            if skipped:
                strips.append(_reference(strips))
                audio[strips[-1].name] = _mix(whole, report)
            _put(archive, "project.xml", project_of(project, strips))
            for done, strip in enumerate(strips, 1):
                if strip.file is not None:
                    _put_audio(archive, strip.file, folder, project, audio[strip.name])
                report("writing", done, len(strips))
        return tuple(notes)


def _unsaid(project: Project) -> list[int]:
    """Return the processors that neither a device nor a fader can say."""
    found = []
    for channel in project.channels:
        fader = _fader(project, channel)
        found += [i for i in channel.processors[: fader.begin] if not has_device(project.node(i))]
    return found


def _fader(project: Project, channel: Channel) -> Fader:
    return fader_of(project, channel, _MOST_GAIN)


def _strip_role(project: Project, node: int) -> str:
    return project.graph.strips[project.graph.nodes[node].strip].role


def _without(project: Project, nodes: Collection[int]) -> Project:
    """Return the project with some processors bypassed."""
    graph = remove_nodes(project.graph, nodes)
    tracks = dict(zip(project.graph.inputs, range(len(project.tracks)), strict=True))
    idle = [i for i in project.graph.inputs if i not in graph.nodes]
    return replace(
        project,
        graph=graph,
        settings=project.settings.only(graph.processors),
        tracks=Views(project.tracks.__getitem__, [tracks[i] for i in graph.inputs]),
        unused_names=(*project.unused_names, *map(project.graph.name, idle)),
        unused=[*project.unused, *(project.track(i) for i in idle)],
    )


def _levelled(channels: Sequence[Channel]) -> list[Channel]:
    """Return the channels, groups before what stands in them, each part in the order given."""
    by_name = {channel.name: channel for channel in channels}
    found: dict[str, Channel] = {}

    def add(channel: Channel) -> None:
        into = by_name[channel.feeds[0].into] if _is_sole(channel) else None
        leads = by_name[channel.outputs[0]] if channel.outputs else into
        if leads is not None and leads.role == "bus" and leads.name not in found:
            add(leads)
        found.setdefault(channel.name, channel)

    for channel in channels:
        add(channel)
    return list(found.values())


def _is_sole(channel: Channel) -> bool:
    """Return whether a channel is heard by one way alone, that of its output, at some level."""
    own = channel.feeds
    return len(own) == 1 and own[0].after == len(channel.processors) and own[0].key_of is None


def _strips(project: Project, channels: Sequence[Channel]) -> list[Strip]:
    strips = []
    for channel in channels:
        fader = _fader(project, channel)
        if _is_sole(channel) and not channel.outputs:
            # A level on the only way out is as good as the fader.
            (feed,) = channel.feeds
            fader = replace(fader, gain=fader.gain * feed.gain)
            channel = replace(channel, feeds=(replace(feed, gain=1.0, aside=False),))
        file = None if channel.input is None else _file(len(strips) + 1, channel.name)
        strips.append(Strip(channel, channel.name, fader, file))
    for name in project.idle:
        file = _file(len(strips) + 1, name)
        strips.append(Strip(None, name, Fader(0), file, "Not heard in the mix."))
    return strips


def _reference(strips: Sequence[Strip]) -> Strip:
    (master,) = (s.name for s in strips if s.channel and s.channel.role == "master")
    name = f"{master} as rendered by mixtrace"
    comment = "What the mix sounds like with what this project leaves out of the master."
    return Strip(None, name, Fader(0), _file(len(strips) + 1, name), comment)


def _audio(
    project: Project, channels: Sequence[Channel]
) -> dict[str, Float[np.ndarray, "_channel time"]]:
    """Return what each track plays, by its name."""
    found = {c.name: project.track(c.input) for c in channels if c.input is not None}
    return found | dict(zip(project.idle, project.unused, strict=True))


def _mix(project: Project, report: Steps) -> Float[np.ndarray, "2 time"]:
    tracks = Views(torch.from_numpy, project.tracks)
    return render_song(
        project.graph,
        project.settings,
        tracks,
        project.sample_rate_hz,
        progress=lambda done, total: report("rendering", done, total),
    ).numpy()


def _file(number: int, name: str) -> str:
    return f"audio/{number:02d} {file_name(name)}.wav"


def _cuts(project: Project, channel: Channel) -> set[int]:
    """Return where a channel has a way out that is neither before its fader nor behind it."""
    ways = {_fader(project, channel).begin, len(channel.processors)}
    return {feed.after for feed in channel.feeds} - ways


def _put(archive: ZipFile, name: str, content: bytes) -> None:
    entry = ZipInfo(name, _BEGIN)
    entry.compress_type = ZIP_DEFLATED
    archive.writestr(entry, content)


def _put_audio(
    archive: ZipFile,
    name: str,
    folder: Path,
    project: Project,
    audio: Float[np.ndarray, "_channel time"],
) -> None:
    passing = folder / "audio.wav"
    project.write_audio(passing, audio)
    entry = ZipInfo(name, _BEGIN)
    entry.compress_type, entry.file_size = ZIP_STORED, passing.stat().st_size
    with passing.open("rb") as source, archive.open(entry, "w") as into:
        while part := source.read(1 << 20):
            into.write(part)
    passing.unlink()


def _words(project: Project, node: int) -> tuple[str, str]:
    return processor(project.graph.nodes[node].kind).label, project.graph.name(node)


def _played_note(project: Project, node: int) -> str:
    label, strip = _words(project, node)
    return (
        f"DAWproject has no words for the {label} of {strip} as it stands: its sound, and all that "
        "comes before it, is played as it was rendered."
    )


def _skipped_note(project: Project, node: int) -> str:
    label, strip = _words(project, node)
    return (
        f"DAWproject has no words for the {label} of {strip} as it stands, and the master cannot "
        "be played without losing all tracks: it is left out. A muted track plays the whole mix."
    )


def _device_notes(project: Project) -> list[str]:
    notes = []
    for node in project.graph.processors:
        settings = project.node(node)
        if has_device(settings) and (missing := left_out(settings)):
            label, strip = _words(project, node)
            notes.append(f"The {label} of {strip} is a device of the program: without {missing}.")
    return notes


def _output_notes(channels: Sequence[Channel]) -> list[str]:
    return [
        f"{channel.name} is heard by its sends alone: see that its output is off."
        for channel in channels
        if not channel.outputs and not _is_sole(channel) and channel.role != "master"
    ]
