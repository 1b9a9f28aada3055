"""Plain files of what was found: for hardware, for room-EQ programs, for whoever takes samples."""

from pathlib import Path

from mixtrace.exporting.files.curves import write_gains, write_responses
from mixtrace.exporting.files.room_eq import room_eq
from mixtrace.exporting.files.sheet import write_sheet
from mixtrace.exporting.project import Project
from mixtrace.exporting.stems import MIX, RESIDUAL, track_stems, write_mix, write_stems
from mixtrace.names import printable
from mixtrace.progress import Steps
from mixtrace.store import file_name

__all__ = ["Files"]

_EQUALIZER = "parametric_equalizer"


class Files:
    """A settings sheet, responses, gains, EQ text, stems of tracks and the residual."""

    name = "files"
    about = "Plain files: a settings sheet, responses and gains, EQ text, stems, the residual."

    def rate_hz(self, mix_rate_hz: int) -> int:
        """Return the mix's rate: files can have any; see `Target`."""
        return mix_rate_hz

    def write(self, project: Project, folder: Path, report: Steps) -> tuple[str, ...]:
        """Write the files; see `Target`."""
        write_sheet(project, folder)
        notes = _write_room_eq(project, folder)
        write_responses(project, folder / "responses", report)
        write_gains(project, folder / "gains", report)
        mix = write_mix(project, folder, report)
        (error_db,) = write_stems(project, (track_stems(project),), mix, folder, report)
        notes.append(f"The stems in tracks add up to {MIX} within {error_db:.0f} dB of it.")
        if project.mix is None:
            notes.append(f"There is no {RESIDUAL}: the song was read without its mix.")
        return tuple(notes)


def _write_room_eq(project: Project, folder: Path) -> list[str]:
    """Write the text of every parametric EQ; return sentences that say what is not in it."""
    notes = []
    for i in project.graph.of_kind(_EQUALIZER):
        place = folder / "room EQ"
        place.mkdir(exist_ok=True)
        name = printable(project.graph.name(i))
        text, unsaid = room_eq(name, project.node(i))
        (place / f"{i:03d} {file_name(name)}.txt").write_text(text, "utf-8")
        notes += [f"The EQ text of {name} cannot say {words}." for words in unsaid]
    return notes
