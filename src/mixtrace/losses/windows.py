"""The windows in which a whole song is compared: one definition for fit, prune and metrics."""

from mixtrace.errors import AudioError

__all__ = ["HOP_S", "WARM_UP_S", "WINDOW_S", "evaluation_windows"]

WINDOW_S = 3.8
"""Length of a window, warm-up included."""

WARM_UP_S = 1.0
"""The first part of a window, rendered but not counted."""

HOP_S = 2.8
"""What a window advances by: the counted part of one begins where that of the one before ends."""


def evaluation_windows(length_samples: int, sample_rate_hz: int) -> list[int]:
    """Return the first sample of every evaluation window of a song.

    The first window starts at 0, so the song's first second is never counted. The last one is the
    first whose counted part reaches the song's end; the song is zero-padded to the end of it.

    Args:
        length_samples: The song's length.
        sample_rate_hz: Its rate; window, warm-up and hop are rounded to samples.

    Returns:
        Start samples, ascending from 0, a hop apart.

    Raises:
        AudioError: The song ends within the first warm-up, so nothing would be counted.

    >>> evaluation_windows(180_000, 30_000)
    [0, 84000]
    """
    hop_samples = round(HOP_S * sample_rate_hz)
    counted_samples = length_samples - round(WARM_UP_S * sample_rate_hz)
    if counted_samples <= 0:
        raise AudioError(
            f"Expected a song of more than {WARM_UP_S} s, because a window's first second is not "
            f"counted; got {length_samples} samples at {sample_rate_hz} Hz. Pad it at its start."
        )
    return list(range(0, counted_samples, hop_samples))
