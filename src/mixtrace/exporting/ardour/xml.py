"""Elements of Ardour's session files that many parts share."""

from collections.abc import Iterator, Sequence
from itertools import count
from xml.etree.ElementTree import Element, SubElement

__all__ = ["SUPERCLOCKS_PER_S", "Ids", "audio_time", "controllable", "io", "processor"]

SUPERCLOCKS_PER_S = 282_240_000
"""Ardour's clock: every usual sample rate divides it."""

STEREO = ("1", "2")


class Ids:
    """Numbers of a session's parts, each given once."""

    def __init__(self) -> None:
        """Begin where a new session of Ardour does."""
        self._numbers: Iterator[int] = count(100)

    def new(self) -> str:
        """Return a number that no other part has."""
        return str(next(self._numbers))


def audio_time(samples: int, sample_rate_hz: int) -> str:
    """Return a moment as Ardour writes it."""
    return f"a{samples * SUPERCLOCKS_PER_S // sample_rate_hz}"


def processor(parent: Element, ids: Ids, name: str, kind: str, **facts: str) -> Element:
    """Add an entry of a channel's signal path, switched on."""
    about = {"id": ids.new(), "name": name, "active": "1", "user-latency": "0"}
    return SubElement(
        parent, "Processor", {**about, "use-user-latency": "0", "type": kind, **facts}
    )


def controllable(parent: Element, ids: Ids, name: str, value: float, flags: str = "") -> Element:
    """Add a control and where it stands."""
    facts = {"name": name, "id": ids.new(), "flags": flags, "value": f"{value:.17g}"}
    return SubElement(parent, "Controllable", facts)


def io(
    parent: Element,
    ids: Ids,
    name: str,
    direction: str,
    ports: str,
    connected: Sequence[str] = (),
) -> Element:
    """Add the two ports of one side of a channel.

    Args:
        parent: what they belong to.
        ids: numbers.
        name: whose they are.
        direction: `Input` or `Output`.
        ports: what stands before their numbers.
        connected: ports that each of them is connected to, as far as their numbers.
    """
    facts = {"name": name, "id": ids.new(), "direction": direction, "default-type": "audio"}
    made = SubElement(parent, "IO", facts)
    for number in STEREO:
        port = SubElement(made, "Port", {"type": "audio", "name": f"{name}/{ports} {number}"})
        for other in connected:
            SubElement(port, "Connection", {"other": f"{other}{number}"})
    return made
