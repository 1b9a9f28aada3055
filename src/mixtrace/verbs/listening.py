"""`listening_test` and `listening_results`: mixes before people's ears, and what these say."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mixtrace.errors import StoreError
from mixtrace.listening import (
    MOST_SYSTEMS,
    PLOT_MARK,
    Item,
    ListeningResults,
    listening_page,
    make_item,
    ratings_plot,
    read_ratings,
)
from mixtrace.listening import listening_results as results_of
from mixtrace.names import printable
from mixtrace.progress import OnProgress, ignored, steps_of
from mixtrace.session import find_song
from mixtrace.session.audio import read_recording
from mixtrace.store import GRAPH, MIX_AUDIO, is_plain_file, put, read_head, stage
from mixtrace.store.whole_folder import whole_folder
from mixtrace.verbs.evaluating import stereo
from mixtrace.verbs.outputs import check_place, named
from mixtrace.verbs.reporting import is_page
from mixtrace.verbs.sources import find_source

__all__ = ["LISTENING_PAGE", "ListeningTest", "listening_results", "listening_test"]

LISTENING_PAGE = "listening-test.html"
_PLOT_SUFFIX = ".svg"
_ROLES = ("reference", "low anchor", "mid anchor")


@dataclass(frozen=True, eq=False)
class ListeningTest:
    """A test that was written.

    Attributes:
        page: The file to send to listeners.
        items: What is heard in it.
    """

    page: Path
    items: tuple[Item, ...]


@dataclass(eq=False)
class _Song:
    """A song with the files that are compared with its mix."""

    name: str
    mix_path: Path
    right_path: Path | None
    unpacked: object
    systems: dict[str, Path] = field(default_factory=dict)


def listening_test(
    versions: Sequence[Path | str],
    folder: Path | str,
    *,
    reference: Path | str | None = None,
    start_s: float | None = None,
    length_s: float = 10.0,
    seed: int = 0,
    on_progress: OnProgress = ignored,
) -> ListeningTest:
    """Write a page on which people rate mixes against the original, blind: a MUSHRA test.

    Args:
        versions: the output folders of fits, or audio files; `NAME=PATH` gives one another name
            than that of its folder or file. Results of several songs make an excerpt of each.
        folder: where the page is written; an earlier test there is replaced.
        reference: the original of audio files. Results know theirs.
        start_s: where excerpts begin; None for the loudest stretch of each song.
        length_s: how long they are, 2 to 12 s.
        seed: of the order in which items and versions are heard.
        on_progress: called after each song.

    Raises:
        MixtraceError: a result, a file or a folder that cannot be used, or too many versions.
    """
    if start_s is not None and not (math.isfinite(start_s) and start_s >= 0.0):
        raise StoreError(
            f"Expected excerpts to start at a second of the song; got {start_s:g}. Try 0."
        )
    place = named(folder)
    check_place(place.absolute().parent)
    _check_free(place)
    songs = _songs(versions, None if reference is None else named(reference))
    report, items = steps_of(on_progress), []
    for done, song in enumerate(songs, 1):
        items.append(_item(song, start_s, length_s))
        report("preparing", done, len(songs))
    page = listening_page(items, seed)
    with whole_folder(place) as made, stage(made) as part_of:
        put(part_of(LISTENING_PAGE), page.encode())
    return ListeningTest(place / LISTENING_PAGE, tuple(items))


def listening_results(
    files: Sequence[Path | str], plot: Path | str | None = None, *, screen: bool = True
) -> ListeningResults:
    """Tell what the ratings of a listening test say.

    Args:
        files: the CSV files that listeners downloaded.
        plot: where to write a picture of it as SVG, a name that ends so; None for none.
        screen: whether listeners are left out who do not hear the reference or the anchor.

    Raises:
        StoreError: a file that no test wrote, ratings of several tests, all listeners left out, or
            a picture that cannot be written.
    """
    place = None if plot is None else named(plot)
    if place is not None:
        _check_plot(place)
    results = results_of(read_ratings([named(file) for file in files]), screen=screen)
    if not results.overall:
        raise StoreError(
            f"Expected listeners who hear the hidden reference and the mid anchor; all "
            f"{results.listeners} are left out. See their ratings with --no-screening."
        )
    if place is not None:
        with stage(place.parent) as part_of:
            put(part_of(place.name), ratings_plot(results.overall).encode())
    return results


def _songs(versions: Sequence[Path | str], reference: Path | None) -> list[_Song]:
    """Return the songs of what is compared, each with its versions by name."""
    songs: dict[Path, _Song] = {}
    for version in versions:
        name, path = _named_version(version)
        found = _song_of(path, reference)
        song = songs.setdefault(found.mix_path.resolve(), found)
        name = printable(name)
        if not name:
            raise StoreError(
                f"Expected NAME=PATH; got no name in {version}. Give one before the =."
            )
        if name in song.systems or name in _ROLES:
            raise StoreError(
                f"Expected a name of its own for each version of {song.name}; '{name}' is there "
                "already. Give it as NAME=PATH."
            )
        song.systems[name] = path / MIX_AUDIO if path.is_dir() else path
        if len(song.systems) > MOST_SYSTEMS:
            raise StoreError(
                f"Expected {MOST_SYSTEMS} versions of a song at most, for nobody can compare more; "
                f"{song.name} has more. Make several tests."
            )
    names = [song.name for song in songs.values()]
    for number, song in enumerate(songs.values(), 1):
        song.name = f"{song.name} ({number})" if names.count(song.name) > 1 else song.name
    return list(songs.values())


def _named_version(version: Path | str) -> tuple[str, Path]:
    """Return a version's name and path: what stands before = names it, where that is no path."""
    text = str(version)
    name, equals, rest = text.partition("=")
    if equals and not os.path.lexists(text):
        return name, named(rest)
    path = named(version)
    whole = path.resolve()
    return (whole.name if path.is_dir() else whole.stem), path


def _song_of(path: Path, reference: Path | None) -> _Song:
    if not path.is_dir():
        if reference is None:
            raise StoreError(
                f"Expected the original to compare {path} with. Name its file with --reference."
            )
        return _Song(printable(reference.stem), reference, None, None)
    for name in (GRAPH, MIX_AUDIO):
        if not is_plain_file(path / name):
            raise StoreError(
                f"Expected the output folder of a fit with its {MIX_AUDIO}; {path} has no {name}. "
                "Give one that was made without --no-audio, or an audio file and --reference."
            )
    if reference is not None:
        return _Song(printable(reference.stem), reference, None, None)
    try:
        source, mix = find_source(path)
    except StoreError as error:
        raise StoreError(
            f"Expected a result whose song lies where it did, unchanged; that of {path} does not. "
            "Name its mix with --reference."
        ) from error
    song = find_song(source, mix=mix)
    return _Song(song.name, song.mix_path, song.mix_right_path, song.unpacked)


def _item(song: _Song, start_s: float | None, length_s: float) -> Item:
    original = read_recording(song.mix_path, right_path=song.right_path)
    rate = original.file_rate_hz
    systems = {
        name: stereo(read_recording(path, rate).audio) for name, path in song.systems.items()
    }
    return make_item(
        song.name,
        stereo(original.audio),
        systems,
        rate,
        start_s=start_s,
        length_s=length_s,
    )


def _check_free(folder: Path) -> None:
    """Refuse a folder that holds anything but a listening test: it will be replaced."""
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise StoreError(f"Expected a folder for the test; {folder} is a file. Choose another.")
    there = {path.name for path in folder.iterdir()}
    if there and not (there == {LISTENING_PAGE} and is_page(folder / LISTENING_PAGE)):
        raise StoreError(
            f"Expected a new or empty folder, or that of a listening test; {folder} holds other "
            "things. Choose another with -o."
        )


def _check_plot(file: Path) -> None:
    """Refuse another name than that of an SVG, and a place where another file lies."""
    if file.suffix.lower() != _PLOT_SUFFIX:
        raise StoreError(
            f"Expected a name that ends in {_PLOT_SUFFIX}, for that is what the picture is written "
            f"as; got {printable(file.name)}. Name it {printable(file.stem)}{_PLOT_SUFFIX}."
        )
    check_place(file.parent)
    mark = PLOT_MARK.encode()
    earlier = is_plain_file(file) and read_head(file, len(mark)) == mark
    if os.path.lexists(file) and not earlier:
        raise StoreError(
            f"Expected no file at {file}, or an earlier picture of ratings; there is one that "
            "mixtrace did not write. Choose another name."
        )
