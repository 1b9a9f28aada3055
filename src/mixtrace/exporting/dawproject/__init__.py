"""A DAWproject 1.0: one file that Bitwig, Studio One, Cubase and others open."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import torch
from jaxtyping import Float

from mixtrace.exporting.channels import Channel, distinct
from mixtrace.exporting.dawproject.archive import put, put_audio
from mixtrace.exporting.dawproject.devices import MOST_GAIN, has_device
from mixtrace.exporting.dawproject.document import Strip, is_sole, metadata_of, project_of
from mixtrace.exporting.dawproject.notes import (
    device_notes,
    output_notes,
    played_note,
    return_note,
    skipped_note,
)
from mixtrace.exporting.dawproject.standing_in import with_bands
from mixtrace.exporting.faders import Fader, fader_of, fader_part
from mixtrace.exporting.freezing import frozen
from mixtrace.exporting.project import Project
from mixtrace.exporting.splitting import split
from mixtrace.graph import remove_nodes
from mixtrace.progress import Steps
from mixtrace.rendering import render_song, render_taps
from mixtrace.session import Views
from mixtrace.store import file_name

__all__ = ["DawProject"]


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
        of_master = [i for i in _unsaid(project) if _strip_role(project, i) == "master"]
        project, notes = with_bands(project, of_master)
        skipped = [i for i in _unsaid(project) if i in of_master]
        notes += [skipped_note(project, i) for i in skipped]
        notes += ["A muted track plays the whole mix as rendered."] if of_master else []
        project = _without(project, skipped)
        while played := sorted(set(_unsaid(project)) - set(_aside(project))):
            notes += [played_note(project, i) for i in played]
            project = frozen(project, played, report)
        returns = _returns(project)
        notes += [return_note(project, i) for i in _aside(project)]
        stems = _stems(project, returns, report)
        project = _without(project, _aside(project))
        notes += device_notes(project)
        channels = split(project.channels, lambda channel: _cuts(project, channel))
        channels, audio = _with_stems(channels, returns, stems)
        notes += output_notes(channels)
        muted = [channel.name for channel in returns]
        strips = _strips(project, _levelled(channels), set(audio), muted)
        audio |= _audio(project, channels)
        if of_master:
            strips.append(_reference(strips))
            audio[strips[-1].name] = _mix(whole, report)
        place = folder / f"{file_name(project.name)}.dawproject"
        with ZipFile(place, "w") as archive:
            put(archive, "metadata.xml", metadata_of(project, notes))
            put(archive, "project.xml", project_of(project, strips))
            for done, strip in enumerate(strips, 1):
                if strip.file is not None:
                    put_audio(archive, strip.file, folder, project, audio[strip.name])
                report("writing", done, len(strips))
        return tuple(notes)


def _unsaid(project: Project) -> list[int]:
    """Return the processors that neither a device nor a fader can say."""
    return [
        i
        for channel in project.channels
        for i in channel.processors
        if not has_device(project.node(i)) and not fader_part(project, i, MOST_GAIN)
    ]


def _returns(project: Project) -> list[Channel]:
    """Return the returns whose sound is played beside them, so that their sends stay.

    Those with what the format cannot say, that are heard as they leave, and listen to nothing.
    """
    unsaid = set(_unsaid(project))
    return [
        channel
        for channel in project.channels
        if channel.role == "return"
        and unsaid & set(channel.processors)
        and all(f.after == len(channel.processors) and f.key_of is None for f in channel.feeds)
        and not any(project.graph.keyed(i) for i in channel.processors)
    ]


def _aside(project: Project) -> list[int]:
    """Return the unsaid processors of such returns."""
    unsaid = set(_unsaid(project))
    return [i for channel in _returns(project) for i in channel.processors if i in unsaid]


def _stems(
    project: Project, returns: Sequence[Channel], report: Steps
) -> list[Float[np.ndarray, "_channel time"]]:
    """Return what leaves some channels."""
    if not returns:
        return []
    last = [channel.processors[-1] for channel in returns]
    _, taps = render_taps(
        project.graph,
        project.settings,
        Views(torch.from_numpy, project.tracks),
        project.sample_rate_hz,
        last,
        progress=lambda done, total: report("rendering", done, total),
    )
    return [taps[i].numpy() for i in last]


def _with_stems(
    channels: Sequence[Channel],
    returns: Sequence[Channel],
    stems: Sequence[Float[np.ndarray, "_channel time"]],
) -> tuple[list[Channel], dict[str, Float[np.ndarray, "_channel time"]]]:
    """Return the channels with one more for each return, and what these play, by name."""
    names = distinct(
        [f"{channel.name} as rendered" for channel in returns],
        taken=[channel.name for channel in channels],
    )
    added = [
        Channel(name, "track", None, (), tuple(replace(feed, after=0) for feed in channel.feeds))
        for name, channel in zip(names, returns, strict=True)
    ]
    return [*channels, *added], dict(zip(names, stems, strict=True))


def _fader(project: Project, channel: Channel) -> Fader:
    return fader_of(project, channel, MOST_GAIN)


def _strip_role(project: Project, node: int) -> str:
    return project.graph.strips[project.graph.nodes[node].strip].role


def _without(project: Project, nodes: Collection[int]) -> Project:
    """Return the project with some processors bypassed."""
    if not nodes:
        return project
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
    """Return the channels, groups before what stands in them."""
    by_name = {channel.name: channel for channel in channels}
    found: dict[str, Channel] = {}

    def add(channel: Channel) -> None:
        sole = channel.feeds[0].into if is_sole(channel) else None
        into = channel.outputs[0] if channel.outputs else sole
        leads = None if into is None else by_name[into]
        if leads is not None and leads.role == "bus" and leads.name not in found:
            add(leads)
        found.setdefault(channel.name, channel)

    for channel in channels:
        add(channel)
    return list(found.values())


def _strips(
    project: Project, channels: Sequence[Channel], playing: Collection[str], muted: Collection[str]
) -> list[Strip]:
    """Return a strip for each channel and each unused track.

    Args:
        project: whose they are.
        channels: groups before what stands in them.
        playing: those that play audio beside those with an input.
        muted: those that are not to be heard.
    """
    strips = []
    for channel in channels:
        fader = _fader(project, channel)
        if is_sole(channel) and not channel.outputs:
            # A level on the only way out is as good as the fader.
            (feed,) = channel.feeds
            fader = replace(fader, gain=fader.gain * feed.gain)
            channel = replace(channel, feeds=(replace(feed, gain=1.0, aside=False),))
        plays = channel.input is not None or channel.name in playing
        file = _file(len(strips) + 1, channel.name) if plays else None
        comment = "Its sound is played from audio; put a reverb of your own here and unmute it."
        silent = channel.name in muted
        strips.append(Strip(channel, channel.name, fader, file, silent, comment if silent else ""))
    for name in project.idle:
        file = _file(len(strips) + 1, name)
        strips.append(Strip(None, name, Fader(0), file, True, "Not heard in the mix."))
    return strips


def _reference(strips: Sequence[Strip]) -> Strip:
    (master,) = (s.name for s in strips if s.channel and s.channel.role == "master")
    told, taken = f"{master} as rendered by mixtrace", [strip.name for strip in strips]
    (name,) = distinct([told], taken=taken)
    comment = "What the mix sounds like with what the master of this project has no words for."
    return Strip(None, name, Fader(0), _file(len(strips) + 1, name), True, comment)


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
    """Return where a channel has to be cut: what moves or places its sound ends a channel.

    And so does a way out that is neither before its fader nor behind it.
    """
    left_at = {feed.after for feed in channel.feeds}
    cuts, run = set[int](), set[str]()
    for place, node in enumerate(channel.processors):
        part = fader_part(project, node, MOST_GAIN)
        before_fader = part is not None and not run
        ends = part in run if part else bool(run)
        if ends or (place in left_at and not before_fader):
            cuts.add(place)
            run.clear()
        if part:
            run.add(part)
    return cuts
