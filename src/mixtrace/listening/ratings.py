"""Ratings as the page of a listening test hands them out, read from CSV and checked."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mixtrace.errors import StoreError
from mixtrace.listening.stimuli import ANCHORS_HZ
from mixtrace.names import printable
from mixtrace.store import is_plain_file, read_bytes

__all__ = ["COLUMNS", "HIGHEST", "LOWEST", "Rating", "read_ratings"]

LOWEST, HIGHEST = 0.0, 100.0
"""The ends of the scale."""

COLUMNS = ("test", "listener", "time", "song", "system", "role", "rating", "position")

_ROLES = ("reference", *ANCHORS_HZ, "system")
_MOST_BYTES, _MOST_ROWS, _MOST_CHARACTERS = 10_000_000, 100_000, 300


@dataclass(frozen=True)
class Rating:
    """How one listener rated one version of one excerpt.

    Attributes:
        test: The identity of the test.
        listener: A name or number.
        time: When the excerpt was done, as ISO 8601 has it.
        song: Whose excerpt it is.
        system: What was rated.
        role: `reference`, `low anchor`, `mid anchor` or `system`.
        rating: 0 to 100.
        position: Where it stood among the versions, from 1 on.
    """

    test: str
    listener: str
    time: str
    song: str
    system: str
    role: str
    rating: float
    position: int


def read_ratings(files: Iterable[Path]) -> tuple[Rating, ...]:
    """Return the ratings in files that the page of one test wrote.

    Raises:
        StoreError: No file, one that no page wrote, several tests, or the same rating twice.
    """
    ratings = [rating for file in files for rating in _read(file)]
    tests = {rating.test for rating in ratings}
    if len(tests) != 1:
        which = f"they are of {len(tests)} tests" if tests else "there is none"
        raise StoreError(
            f"Expected ratings of one listening test; {which}. Give the files of one test."
        )
    seen: set[tuple[str, str, str]] = set()
    for rating in ratings:
        place = (rating.listener, rating.song, rating.system)
        if place in seen:
            raise StoreError(
                f"Expected one rating of {rating.system} in {rating.song} by each listener; there "
                f"are two by {rating.listener}. Leave out the file that is there twice, or give "
                "listeners names of their own."
            )
        seen.add(place)
    _check_complete(ratings)
    return tuple(ratings)


def _check_complete(ratings: Sequence[Rating]) -> None:
    """Refuse ratings of which some are missing: means over others could not be compared."""
    every = {(rating.song, rating.system) for rating in ratings}
    for song in {rating.song for rating in ratings}:
        roles = {rating.role for rating in ratings if rating.song == song}
        if not {"reference", "system"} <= roles:
            raise StoreError(
                f"Expected ratings of the hidden reference and of a version of {song}; there are "
                f"of {' and '.join(sorted(roles))} alone. Give the files as they were downloaded."
            )
    for listener in dict.fromkeys(rating.listener for rating in ratings):
        own = {(each.song, each.system) for each in ratings if each.listener == listener}
        if own != every:
            song, system = min(every - own)
            raise StoreError(
                f"Expected every listener to have rated the same versions; {listener} has no "
                f"rating of {system} in {song}. Give the file as it was downloaded, or leave it "
                "out."
            )


def _read(file: Path) -> list[Rating]:
    if not file.is_file() or not is_plain_file(file):
        raise StoreError(
            f"Expected a CSV file of ratings; there is none at {file}. Give the files that "
            "listeners downloaded."
        )
    try:
        text = read_bytes(file, _MOST_BYTES).decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _damaged(file, "it cannot be read as CSV") from error
    if not rows and text.strip():
        raise _damaged(file, "it holds no rating")
    if not rows or tuple(rows[0]) != COLUMNS or len(rows) > _MOST_ROWS:
        raise _damaged(file, f"its columns should be {', '.join(COLUMNS)}")
    return [_rating(row, file, line) for line, row in enumerate(rows, 2)]


def _rating(row: Mapping[str | None, str | None], file: Path, line: int) -> Rating:
    texts = {name: row.get(name) or "" for name in COLUMNS}
    if None in row or any(not 0 < len(text) <= _MOST_CHARACTERS for text in texts.values()):
        raise _damaged(file, f"line {line} has not one value in each column")
    if texts["role"] not in _ROLES:
        raise _damaged(file, f"the role in line {line} is none of {', '.join(_ROLES)}")
    try:
        rating, position = float(texts["rating"]), int(texts["position"])
    except ValueError as error:
        raise _damaged(file, f"line {line} has no number as rating or position") from error
    if not LOWEST <= rating <= HIGHEST:
        raise _damaged(file, f"the rating in line {line} is not within 0 and 100")
    names = {
        name: printable(texts[name]) for name in ("test", "listener", "time", "song", "system")
    }
    return Rating(**names, role=texts["role"], rating=rating, position=position)


def _damaged(file: Path, why: str) -> StoreError:
    return StoreError(
        f"Expected the ratings of a listening test in {file}, as its page wrote them; {why}. "
        "Give the file as it was downloaded."
    )
