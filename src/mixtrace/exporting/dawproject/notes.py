"""What is said of processors that the format cannot say, or not all of."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mixtrace.exporting.channels import Channel
from mixtrace.exporting.dawproject.devices import MOST_GAIN, has_device, left_out
from mixtrace.exporting.dawproject.document import is_sole
from mixtrace.exporting.project import Project
from mixtrace.names import plain_name
from mixtrace.processors import MatrixProcessor, processor
from mixtrace.units import db_from_ratio

__all__ = ["device_notes", "output_notes", "played_note", "return_note", "skipped_note"]


def played_note(project: Project, node: int) -> str:
    """Return what is said of a processor whose sound is played."""
    label, strip = _words(project, node)
    return (
        f"DAWproject has no words for the {label} of {strip} as it stands{_why(project, node)}: "
        "its sound, and all that comes before it, is played as it was rendered."
    )


def return_note(project: Project, node: int) -> str:
    """Return what is said of one on a return that is played beside itself."""
    label, strip = _words(project, node)
    return (
        f"DAWproject has no words for the {label} of {strip}{_why(project, node)}: what leaves "
        f"{strip} is played as it was rendered, and its sends lead to a muted channel."
    )


def skipped_note(project: Project, node: int) -> str:
    """Return what is said of one on the master that is left out."""
    label, strip = _words(project, node)
    return (
        f"DAWproject has no words for the {label} of {strip} as it stands{_why(project, node)}, "
        "and the master cannot be played without losing all tracks: it is left out."
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


def _why(project: Project, node: int) -> str:
    """Return what the format lacks for a processor, where it has a word for others of the kind."""
    settings = project.node(node)
    if isinstance(processor(settings.kind), MatrixProcessor):
        matrix = project.matrix(node)
        gain = float(np.diag(matrix).max())
        mixes = matrix[0, 1] or matrix[1, 0] or np.diag(matrix).min() < 0.0
        if mixes or gain <= MOST_GAIN:
            return ""
        most_db = db_from_ratio(MOST_GAIN)
        return f" (it adds {db_from_ratio(gain):.1f} dB; volumes end at +{most_db:.0f} dB here)"
    if not has_device(replace(settings, wet=1.0, keyed=False)):
        return ""
    reasons = ["listens to another sound"] * settings.keyed
    reasons += ["is mixed with the sound that enters it"] * (not has_device(settings))
    return f" (it {reasons[0]})" if reasons else ""


def _words(project: Project, node: int) -> tuple[str, str]:
    return processor(project.graph.nodes[node].kind).label, plain_name(project.graph.name(node))
