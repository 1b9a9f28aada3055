"""Stems that add up to the finished mix, and what the estimate leaves of the song's own."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from mixtrace.exporting.project import Project
from mixtrace.exporting.stems.parts import Part, apart, by_last_strip, by_track
from mixtrace.exporting.stems.sharing import Shares, entering, shared
from mixtrace.exporting.tables import Table
from mixtrace.graph import Edge
from mixtrace.names import plain_name
from mixtrace.processors import processor
from mixtrace.progress import Steps
from mixtrace.rendering import render_song
from mixtrace.session import Views
from mixtrace.session.song import listed
from mixtrace.store import file_name
from mixtrace.units import db_from_ratio

__all__ = [
    "MIX",
    "RESIDUAL",
    "StemSet",
    "Stems",
    "entering",
    "track_stems",
    "write_mix",
    "write_stems",
]

MIX, RESIDUAL = "mix.wav", "residual.wav"


@dataclass(frozen=True)
class StemSet:
    """Stems that add up to the mix.

    Attributes:
        folder: where they lie.
        about: what each of them is.
        parts: what each of them plays.
    """

    folder: str
    about: str
    parts: tuple[Part, ...]

    @property
    def files(self) -> dict[str, Part]:
        """The file of each part, by its path in the export."""
        named = enumerate(self.parts, 1)
        return {f"{self.folder}/{n:02d} {file_name(part.name)}.wav": part for n, part in named}


class Stems:
    """One file a track, a bus or a return, as it is heard in the mix."""

    name = "stems"
    about = "Stems of tracks, buses and returns that add up to the mix, and the residual."

    def rate_hz(self, mix_rate_hz: int) -> int:
        """Return the mix's rate: files can have any; see `Target`."""
        return mix_rate_hz

    def write(self, project: Project, folder: Path, report: Steps) -> tuple[str, ...]:
        """Write the folders of stems; see `Target`."""
        mix = write_mix(project, folder, report)
        sets = _sets(project)
        errors = write_stems(project, sets, mix, folder, report)
        notes = [
            f"The stems in {each.folder} add up to {MIX} within {error_db:.0f} dB of it."
            for each, error_db in zip(sets, errors, strict=True)
        ]
        notes += _sharing_note(project, sets)
        if project.mix is None:
            notes.append(f"There is no {RESIDUAL}: the song was read without its mix.")
        return tuple(notes)


def _sharing_note(project: Project, sets: tuple[StemSet, ...]) -> list[str]:
    """Return what is said of processors that several stems pass together; nothing without any."""
    graph = project.graph
    names = [
        f"the {processor(graph.nodes[i].kind).label} of {plain_name(graph.name(i))}"
        for i in shared(graph, [part for each in sets for part in each.parts])
    ]
    if not names:
        return []
    return [
        f"Several stems are heard at once by {listed(names)}: on each stem they act with the gain "
        "that the whole mix gave rise to, and saturation is shared out. That is how the stems add "
        "up; a stem played through the same processors alone would sound different."
    ]


def write_mix(project: Project, folder: Path, report: Steps) -> Float[np.ndarray, "2 time"]:
    """Write the rendered mix, and what it leaves of the song's own; return it."""
    mix = render_song(
        project.graph,
        project.settings,
        Views(torch.from_numpy, project.tracks),
        project.sample_rate_hz,
        progress=lambda done, total: report("rendering", done, total),
    ).numpy()
    project.write_audio(folder / MIX, mix)
    if project.mix is not None:
        project.write_audio(folder / RESIDUAL, project.mix - mix)
    return mix


def write_stems(
    project: Project,
    sets: tuple[StemSet, ...],
    mix: Float[np.ndarray, "2 time"],
    folder: Path,
    report: Steps,
) -> list[float]:
    """Write sets of stems and a table of them; return how far their sums are from the mix, in dB.

    The figure is the energy of what is left of the mix without the sum, over that of the mix.
    """
    shares = Shares(project, [part for each in sets for part in each.parts], report)
    table = Table(("file", "stem", "role", "what it is", "peak (dB re full scale)"))
    places: dict[frozenset[Edge], list[tuple[int, str]]] = {}
    for number, each in enumerate(sets):
        (folder / each.folder).mkdir()
        for file, part in each.files.items():
            places.setdefault(part.edges, []).append((number, file))
    left, peaks_db = [mix.copy() for _ in sets], dict[str, str]()
    for done, written in enumerate(places.values(), 1):
        number, file = written[0]
        audio = shares.audio(sets[number].files[file])
        for number, file in written:
            project.write_audio(folder / file, audio)
            left[number] -= audio
            peaks_db[file] = f"{db_from_ratio(float(np.abs(audio).max())):.2f}"
        report("writing", done, len(places))
    for each in sets:
        for file, part in each.files.items():
            table.add(file, part.name, part.role, each.about, peaks_db[file])
    table.write_csv(folder / "stems.csv")
    energy = float(np.linalg.norm(mix)) or 1.0
    return [db_from_ratio(float(np.linalg.norm(each)) / energy) for each in left]


def track_stems(project: Project) -> StemSet:
    """Return a stem for each track, with its share of all that it sends to."""
    about = "a track as it is heard in the mix, with its share of returns"
    return StemSet("tracks", about, by_track(project.graph))


def _sets(project: Project) -> tuple[StemSet, ...]:
    """Return the sets of stems, without those that would repeat the tracks."""
    graph = project.graph
    found = [track_stems(project)]
    into_master = by_last_strip(graph)
    if any(part.role == "bus" for part in into_master):
        about = "what enters the master here, as it leaves it: a bus, a return or a track without"
        found.append(StemSet("buses", about, into_master))
    if any(strip.role == "return" for strip in graph.strips.values()):
        about = "a track without returns, or a return, as it is heard in the mix"
        found.append(StemSet("tracks and returns", about, apart(graph)))
    return tuple(found)
