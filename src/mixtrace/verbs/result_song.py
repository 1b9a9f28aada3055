"""A result together with the song that it is of: what a verb needs that makes another of it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mixtrace.errors import SessionError, StoreError
from mixtrace.session import Alignment, Song, find_song
from mixtrace.store import FIT, JSON, StoredGraph, find_graph, is_plain_file, read_bytes, read_fit
from mixtrace.unseen import Unseen
from mixtrace.verbs.outputs import named
from mixtrace.verbs.rendering import stored_graph
from mixtrace.verbs.sources import differing, find_source
from mixtrace.wording import listed

__all__ = ["ResultSong", "check_apart", "result_song"]


@dataclass(frozen=True, eq=False)
class ResultSong:
    """A result, and its song.

    Attributes:
        stored: the result.
        facts: what its `fit.json` says; empty of a graph alone.
        digest: of its `graph.json`.
        path, mix: where the song lies.
        whole: what was found there.
        song: that, with the tracks that are used alone, in the order of the graph's inputs.
        notes: what of a song that was named is not as it was, in sentences.
    """

    stored: StoredGraph
    facts: Mapping[str, JSON]
    digest: str
    path: Path
    mix: Path | None
    whole: Song
    song: Song
    notes: tuple[str, ...]

    @property
    def alignments(self) -> dict[str, Alignment]:
        """How each track lies in the mix."""
        return {track.name: track.alignment for track in self.stored.tracks}

    @property
    def kept_choices(self) -> dict[str, JSON]:
        """What was chosen for the result that holds for one made of it as well."""
        known = self.facts.get("config", {})
        return {name: known[name] for name in ("unseen", "tolerance") if name in known}

    @property
    def unseen(self) -> Unseen | None:
        """What was held out of the search."""
        choices = self.kept_choices
        return Unseen.parse(str(choices["unseen"])) if "unseen" in choices else None


def result_song(place: Path, song: Path | str | None, mix: Path | str | None) -> ResultSong:
    """Read a result, and find its song.

    Args:
        place: the output folder of a fit, or a `graph.json`.
        song: the song; None for where the result says that it lies.
        mix: the mix of a song that is named, where names do not tell it.

    Raises:
        MixtraceError: either cannot be used, or the song has other tracks.
    """
    stored = stored_graph(place)
    graph = find_graph(place)
    assert graph is not None
    facts = read_fit(graph.parent) if is_plain_file(graph.with_name(FIT)) else {}
    if song is None:
        path, mix_path = find_source(place)
    else:
        path, mix_path = named(song), None if mix is None else Path(mix)
    found = find_song(path, mix=mix_path)
    by_name = {track.name: track for track in found.tracks}
    missing = [track.name for track in stored.tracks if track.name not in by_name]
    if missing:
        raise SessionError(
            f"Expected the tracks of {stored.song}, for which the graph was made; {found.name} has "
            f"no {listed(missing)}. Give the song of that graph."
        )
    used = replace(found, tracks=tuple(by_name[track.name] for track in stored.tracks))
    digest = hashlib.sha256(read_bytes(graph)).hexdigest()
    notes = () if song is None else differing(place, [t.name for t in used.tracks], path, mix_path)
    return ResultSong(stored, facts, digest, path, mix_path, found, used, notes)


def check_apart(place: Path, folder: Path) -> None:
    """Refuse to write where the result itself lies.

    Raises:
        StoreError: both are one folder.
    """
    if (place if place.is_dir() else place.parent).resolve() == folder.resolve():
        raise StoreError(
            f"Expected another folder than that of the result, which stays as it is; got {folder} "
            "for both. Choose another with -o."
        )
