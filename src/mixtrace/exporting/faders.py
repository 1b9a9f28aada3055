"""What of a channel is its own fader, pan pot and line of automation, where it ends with such."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from mixtrace.exporting.channels import Channel
from mixtrace.exporting.project import Project
from mixtrace.processors import AutomationProcessor, MatrixProcessor, processor

__all__ = ["Fader", "fader_of", "fader_part"]


@dataclass(frozen=True)
class Fader:
    """A channel's own fader and pan pot.

    Attributes:
        begin: how many processors come before it; those behind are what it stands for.
        gain: its level, the gain of the louder side, an amplitude ratio.
        pan: from -1, left alone, to 1, right alone; the softer side has 1 - abs(pan) of the gain.
        ride: the automation that moves it; None where it stands still.
    """

    begin: int
    gain: float = 1.0
    pan: float = 0.0
    ride: int | None = None


def fader_of(project: Project, channel: Channel, most_gain: float) -> Fader:
    """Return the fader for the last processors of a channel.

    At most one that places the sound and one that moves it, with no way out between them.

    Args:
        project: whose it is.
        channel: of the project.
        most_gain: as far as the program's faders go.
    """
    begin, placer, ride = len(channel.processors), None, None
    left_at = {feed.after for feed in channel.feeds}
    while begin > 0 and not (begin < len(channel.processors) and begin in left_at):
        node = channel.processors[begin - 1]
        part = fader_part(project, node, most_gain)
        if part == "ride" and ride is None:
            ride = node
        elif part == "place" and placer is None:
            placer = _placed(project, node, most_gain)
        else:
            break
        begin -= 1
    gain, pan = placer or (1.0, 0.0)
    return Fader(begin, gain, pan, ride)


def fader_part(project: Project, node: int, most_gain: float) -> Literal["ride", "place"] | None:
    """Return which part of a fader a processor can be; None for none."""
    entry = processor(project.graph.nodes[node].kind)
    if isinstance(entry, AutomationProcessor):
        return "ride"
    if isinstance(entry, MatrixProcessor) and _placed(project, node, most_gain) is not None:
        return "place"
    return None


def _placed(project: Project, node: int, most_gain: float) -> tuple[float, float] | None:
    """Return gain and pan of a matrix; None where it mixes the sides or exceeds the fader."""
    matrix = project.matrix(node)
    left, right = np.diag(matrix).tolist()
    gain = max(left, right)
    if matrix[0, 1] or matrix[1, 0] or min(left, right) < 0.0 or not 0.0 < gain <= most_gain:
        return None
    return (gain, 1.0 - left / gain) if right >= left else (gain, right / gain - 1.0)
