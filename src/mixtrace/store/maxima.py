"""The most that is read of a stored result: checked before the work that it bounds.

docs/security.md lists these beside the maxima of other rooms.
"""

from typing import Annotated

from msgspec import Meta

from mixtrace.session.song import MOST_NAME_CHARACTERS

__all__ = [
    "LARGEST_ARRAYS_BYTES",
    "LARGEST_DOCUMENT_BYTES",
    "MOST_LEVEL_DB",
    "MOST_RESULT_S",
    "MOST_RUNS",
    "MOST_SEARCH_S",
    "MOST_STEPS",
    "Count",
    "Finite",
    "Level",
    "Name",
    "Note",
]

LARGEST_DOCUMENT_BYTES = 16_000_000
"""Of a JSON document, which takes twenty times as much memory; 200 000 steps of a search take 8."""

LARGEST_ARRAYS_BYTES = 256_000_000
"""Of a file of arrays or a table: 150 tracks for an hour take 90."""

MOST_LEVEL_DB = 1000.0
"""The square of its ratio still is a number, and silence in any precision lies within."""

MOST_RESULT_S = 24.0 * 3600.0
"""The length of what was measured of a song, of which at most six hours are read."""

MOST_RUNS = 1_000
"""Of one song from several seeds: of a short one they take a day."""

MOST_SEARCH_S = 366.0 * 24.0 * 3600.0
"""How long a search may have taken: the published recipe takes days on a CPU."""

MOST_STEPS = 1_000_000
"""Of a search: the published recipe takes some ten thousand."""

Finite = Annotated[float, Meta(ge=-1e12, le=1e12)]
"""A measured number: no loss, level or time is larger, and no sum or square of such overflows."""

Level = Annotated[float, Meta(ge=-MOST_LEVEL_DB, le=MOST_LEVEL_DB)]
"""A level or gain in dB."""

Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Name = Annotated[str, Meta(max_length=MOST_NAME_CHARACTERS)]
Note = Annotated[str, Meta(max_length=10_000)]
"""A sentence of what was assumed; some list all tracks."""
