"""Songs as people have them, read into tidy sessions: found, checked, resampled and aligned."""

from mixtrace.session.align import estimate_alignments
from mixtrace.session.alignment import Alignment, apply_alignment
from mixtrace.session.contents import doubtful
from mixtrace.session.find import find_song
from mixtrace.session.groups import GROUPS, guess_group
from mixtrace.session.scratch import Views
from mixtrace.session.session import Progress, Session, Track, read_session
from mixtrace.session.song import Song, TrackSource
from mixtrace.session.wrong_mix import used_session, wrong_mix

__all__ = [
    "GROUPS",
    "Alignment",
    "Progress",
    "Session",
    "Song",
    "Track",
    "TrackSource",
    "Views",
    "apply_alignment",
    "doubtful",
    "estimate_alignments",
    "find_song",
    "guess_group",
    "read_session",
    "used_session",
    "wrong_mix",
]
