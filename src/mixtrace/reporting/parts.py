"""What the report page is joined from."""

from dataclasses import dataclass

from markupsafe import Markup

__all__ = ["Part"]


@dataclass(frozen=True)
class Part:
    """A section of the page, with what it brings along.

    Attributes:
        html: its markup, everything from strangers escaped.
        style: CSS, without the tag.
        script: JavaScript, without the tag; it runs after the whole page is there.
    """

    html: Markup
    style: str = ""
    script: str = ""
