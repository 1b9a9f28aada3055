"""What was done to each track, read from tracks and mix by least squares."""

from mixtrace.captured.capture import capture_session
from mixtrace.captured.coherence import OCTAVES_HZ, SPAN_S
from mixtrace.captured.curves import LevelCurve
from mixtrace.captured.direct import direct_db, direct_frequencies_hz
from mixtrace.captured.responses import apply_responses, read_responses
from mixtrace.captured.results import Capture, CapturedTrack, Unread
from mixtrace.captured.shared import SharedGain
from mixtrace.captured.sounding import sounding_at
from mixtrace.captured.tails import BIN_S, Anatomy, anatomy, tail_likeness
from mixtrace.captured.whitening import Whitening, whitening_of

__all__ = [
    "BIN_S",
    "OCTAVES_HZ",
    "SPAN_S",
    "Anatomy",
    "Capture",
    "CapturedTrack",
    "LevelCurve",
    "SharedGain",
    "Unread",
    "Whitening",
    "anatomy",
    "apply_responses",
    "capture_session",
    "direct_db",
    "direct_frequencies_hz",
    "read_responses",
    "sounding_at",
    "tail_likeness",
    "whitening_of",
]
