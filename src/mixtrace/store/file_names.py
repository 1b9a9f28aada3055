"""What of a stranger's name can stand in a file's name."""

from mixtrace.names import shortened

__all__ = ["file_name"]

_LONGEST = 60
_LONGEST_BYTES = 180
"""File systems hold 255 in a name: this leaves room for what callers write around it."""


def file_name(name: str) -> str:
    """Return what of a stranger's name can stand in a file's name on any system.

    >>> file_name("../a:b*c"), file_name("Lead Vox #2 (wet)")
    ('_a_b_c', 'Lead Vox _2 (wet)')
    """
    kept = "".join(c if c.isalnum() or c in " -_.()+&" else "_" for c in name)
    short = shortened(kept.lstrip(". "), _LONGEST, _LONGEST_BYTES)
    return short.rstrip(". ") or "unnamed"
