"""Elements of DAWproject that many parts share; its schema has the order of all children fixed."""

from collections.abc import Iterator
from itertools import count
from xml.etree.ElementTree import Element, SubElement

__all__ = ["Ids", "real", "switch", "told"]


class Ids:
    """Names of a document's parts, each given once."""

    def __init__(self) -> None:
        """Begin to count."""
        self._numbers: Iterator[int] = count(1)

    def new(self) -> str:
        """Return a name that no other part has."""
        return f"id{next(self._numbers)}"


def told(value: float) -> str:
    """Return a number as text.

    >>> told(0.25), told(1e-7), told(2)
    ('0.25', '0.0000001', '2')
    """
    text = f"{value:.10f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def real(
    parent: Element,
    tag: str,
    value: float,
    unit: str,
    ends: tuple[float, float] | None = None,
    identity: str | None = None,
) -> Element:
    """Add a parameter that is a number."""
    facts = {} if ends is None else {"max": told(ends[1]), "min": told(ends[0])}
    facts |= {"unit": unit, "value": told(value), "name": tag}
    return SubElement(parent, tag, facts if identity is None else {**facts, "id": identity})


def switch(parent: Element, tag: str, on: bool, identity: str | None = None) -> Element:
    """Add a parameter that is on or off."""
    facts = {"value": str(on).lower(), "name": tag}
    return SubElement(parent, tag, facts if identity is None else {**facts, "id": identity})
