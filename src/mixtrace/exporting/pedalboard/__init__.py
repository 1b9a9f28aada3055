"""A Python program that mixes with Spotify's pedalboard, and the same as JSON."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from mixtrace.exporting.channels import Channel
from mixtrace.exporting.freezing import frozen
from mixtrace.exporting.pedalboard.devices import (
    STANDING_IN,
    Device,
    device,
    expressible,
)
from mixtrace.exporting.pedalboard.wiring import feeds_of, in_order
from mixtrace.exporting.project import Project
from mixtrace.names import printable
from mixtrace.processors import processor
from mixtrace.progress import Steps
from mixtrace.store import file_name
from mixtrace.store.audio_files import write_float_audio

__all__ = ["PedalboardSource"]

SCHEMA = "mixtrace.pedalboard/1"

_RATE = "RATE_HZ = 48_000\n"
_CHANNELS = "CHANNELS: Sequence[Channel] = ()\n"
"""The lines of the player that a mix has its own in place of."""


class PedalboardSource:
    """`mix.py`, which runs on its own, `mix.json`, dry tracks and responses."""

    name = "pedalboard"
    about = "A Python program that mixes with pedalboard's plug-ins, and the same as JSON."

    def rate_hz(self, mix_rate_hz: int) -> int:
        """Return the mix's rate: files can have any; see `Target`."""
        return mix_rate_hz

    def write(self, project: Project, folder: Path, report: Steps) -> tuple[str, ...]:
        """Write the program and what it plays; see `Target`."""
        graph = project.graph
        strange = [i for i in graph.processors if not expressible(graph.nodes[i].kind)]
        notes = [
            f"Nothing stands for the {processor(graph.nodes[i].kind).label} of "
            f"{printable(graph.name(i))}: "
            "its sound, and all that comes before it, is played as it was rendered."
            for i in strange
        ]
        notes += [words for kind, words in STANDING_IN.items() if kind in graph.kinds()]
        project = frozen(project, strange, report)
        channels = in_order(project.channels)
        (folder / "dry").mkdir()
        written = _Responses(project, folder)
        tracks, chains = [], []
        for number, channel in enumerate(channels, 1):
            tracks.append(None)
            if channel.input is not None:
                tracks[-1] = f"dry/{number:02d} {file_name(channel.name)}.wav"
                project.write_audio(folder / tracks[-1], project.track(channel.input))
            chains.append([device(project, node, written) for node in channel.processors])
            report("writing", number, len(channels))
        program = _program(project, channels, tracks, chains)
        (folder / "mix.py").write_text(program, "utf-8")
        document = _document(project, channels, tracks, chains)
        text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
        (folder / "mix.json").write_text(f"{text}\n", "utf-8")
        return tuple(notes)


class _Responses:
    """Writes responses of filters, and returns the names of their files."""

    def __init__(self, project: Project, folder: Path) -> None:
        self._project, self._folder = project, folder

    def __call__(self, node: int) -> str:
        project = self._project
        (self._folder / "responses").mkdir(exist_ok=True)
        strip = file_name(project.graph.name(node))
        file = f"responses/{node:03d} {strip} {project.graph.nodes[node].kind}.wav"
        taps = project.response(node).taps
        write_float_audio(self._folder / file, taps, project.sample_rate_hz)
        return file


def _program(
    project: Project,
    channels: list[Channel],
    tracks: list[str | None],
    chains: list[list[Device]],
) -> str:
    """Return the player with a mix in it.

    Text from strangers is written by `repr`, as a literal of one line that nothing ends early.
    """
    lines = ["CHANNELS = ("]
    for channel, track, chain in zip(channels, tracks, chains, strict=True):
        lines += ["    Channel(", f"        name={channel.name!r},"]
        lines += ["        chain=["]
        lines += [f"            {made.code()}," for made in chain]
        lines += ["        ],", "        feeds=["]
        for feed in feeds_of(channels, channel):
            words = ", ".join(f"{name}={value!r}" for name, value in feed.items())
            lines.append(f"            Feed({words}),")
        lines += ["        ],", f"        track={track!r},", "    ),"]
    lines.append(")")
    source = files("mixtrace.exporting.pedalboard").joinpath("player.py").read_text("utf-8")
    assert source.count(_RATE) == source.count(_CHANNELS) == 1
    source = source.replace(_RATE, f"RATE_HZ = {project.sample_rate_hz}\n")
    own = "\n".join(lines)
    return source.replace(_CHANNELS, f"{own}\n") + '\n\nif __name__ == "__main__":\n    main()\n'


def _document(
    project: Project,
    channels: list[Channel],
    tracks: list[str | None],
    chains: list[list[Device]],
) -> dict[str, Any]:
    kinds = project.graph.nodes
    told = [
        {
            "name": channel.name,
            "role": channel.role,
            "track": track,
            "chain": [
                {"processor": kinds[node].kind, **made.table()}
                for node, made in zip(channel.processors, chain, strict=True)
            ],
            "feeds": feeds_of(channels, channel),
        }
        for channel, track, chain in zip(channels, tracks, chains, strict=True)
    ]
    return {
        "schema": SCHEMA,
        "song": project.name,
        "sample_rate_hz": project.sample_rate_hz,
        "channels": told,
    }
