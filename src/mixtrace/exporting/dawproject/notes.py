"""What is said of processors that the format cannot say, or not all of."""

from collections.abc import Sequence

from mixtrace.exporting.channels import Channel
from mixtrace.exporting.dawproject.devices import has_device, left_out
from mixtrace.exporting.dawproject.document import is_sole
from mixtrace.exporting.project import Project
from mixtrace.names import plain_name
from mixtrace.processors import processor

__all__ = ["device_notes", "output_notes", "played_note", "return_note", "skipped_note"]


def played_note(project: Project, node: int) -> str:
    """Return what is said of a processor whose sound is played."""
    label, strip = _words(project, node)
    return (
        f"DAWproject has no words for the {label} of {strip} as it stands: its sound, and all that "
        "comes before it, is played as it was rendered."
    )


def return_note(project: Project, node: int) -> str:
    """Return what is said of one on a return that is played beside itself."""
    label, strip = _words(project, node)
    return (
        f"DAWproject has no words for the {label} of {strip}: what leaves {strip} is played as it "
        "was rendered, and its sends lead to a muted channel."
    )


def skipped_note(project: Project, node: int) -> str:
    """Return what is said of one on the master that is left out."""
    label, strip = _words(project, node)
    return (
        f"DAWproject has no words for the {label} of {strip} as it stands, and the master cannot "
        "be played without losing all tracks: it is left out."
    )


def device_notes(project: Project) -> list[str]:
    """Return what devices of the format leave out of processors."""
    notes = []
    for node in project.graph.processors:
        settings = project.node(node)
        if has_device(settings) and (missing := left_out(settings)):
            label, strip = _words(project, node)
            notes.append(f"The {label} of {strip} is a device of the program: without {missing}.")
    return notes


def output_notes(channels: Sequence[Channel]) -> list[str]:
    """Return what is said of channels that sends alone lead from."""
    return [
        f"{channel.name} is heard by its sends alone: see that its output is off."
        for channel in channels
        if not channel.outputs and not is_sole(channel) and channel.role != "master"
    ]


def _words(project: Project, node: int) -> tuple[str, str]:
    return processor(project.graph.nodes[node].kind).label, plain_name(project.graph.name(node))
