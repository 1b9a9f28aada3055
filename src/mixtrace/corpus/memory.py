"""How much memory the work on a song takes, before it is begun."""

__all__ = ["needed_bytes"]

_ALWAYS_BYTES = 1.2e9
_BYTES_A_SECOND = 0.8e6
"""Of one channel of a track; see docs/corpus.md, "Memory"."""


def needed_bytes(channels: int, seconds: float) -> int:
    """Return an estimate of the memory that a recovery of a song holds at most.

    Args:
        channels: of all tracks together.
        seconds: how long the song is.
    """
    return round(_ALWAYS_BYTES + _BYTES_A_SECOND * channels * seconds)
