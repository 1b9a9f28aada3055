"""A project of REAPER: tracks, folders, sends, envelopes, and effects of our own as JSFX."""

from pathlib import Path

from mixtrace.exporting.freezing import frozen
from mixtrace.exporting.project import Project
from mixtrace.exporting.reaper.desk import Desk
from mixtrace.exporting.reaper.effects import expressible
from mixtrace.names import plain_name
from mixtrace.processors import processor
from mixtrace.progress import Steps
from mixtrace.store import file_name

__all__ = ["Reaper"]

_NOTE = """\
1. In REAPER choose Options > Show REAPER resource path; copy Effects and Data from here into it.
2. Open {name}.rpp from here; its effects are found as JS: {folder}.
"""


class Reaper:
    """Tracks in folders with REAPER's own faders, sends and envelopes; effects as JSFX."""

    name = "reaper"
    about = "A project of REAPER: tracks, folders, sends, envelopes, JSFX with sliders."

    def rate_hz(self, mix_rate_hz: int) -> int:
        """Return the mix's rate; see `Target`."""
        return mix_rate_hz

    def write(self, project: Project, folder: Path, report: Steps) -> tuple[str, ...]:
        """Write the project, its audio, its effects and how to install them; see `Target`."""
        nodes = project.graph.processors
        strange = [i for i in nodes if not expressible(project, i)]
        notes = [_rendered(project, i) for i in strange]
        project = frozen(project, strange, report)
        name = file_name(project.name)
        desk = Desk(project, folder)
        text = desk.text(report)
        (folder / f"{name}.rpp").write_text(text, "utf-8", newline="\n")
        (folder / "INSTALL.txt").write_text(
            _NOTE.format(name=name, folder=desk.effects_name), "utf-8", newline="\n"
        )
        return (*notes, *desk.notes)


def _rendered(project: Project, node: int) -> str:
    """Return what is said of a processor whose sound is played instead."""
    label = processor(project.graph.nodes[node].kind).label
    strip = plain_name(project.graph.name(node))
    return (
        f"No effect is written for the {label} of {strip}: its sound, and all that comes before "
        "it, is played as it was rendered."
    )
