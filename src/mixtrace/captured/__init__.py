"""What was done to each track, read from tracks and mix by least squares."""

from mixtrace.captured.correlations import correlate
from mixtrace.captured.responses import apply_responses, read_responses
from mixtrace.captured.whitening import Whitening, whitening_of

__all__ = [
    "Whitening",
    "apply_responses",
    "correlate",
    "read_responses",
    "whitening_of",
]
