"""The song in a plain folder: which file is the mix, which are tracks, and how they are grouped."""

import os
from collections.abc import Sequence
from pathlib import Path

from mixtrace.errors import SessionError
from mixtrace.names import plain_name, printable
from mixtrace.session.folders import (
    audio_below,
    audio_files,
    folder_groups,
    innermost,
    refuse_result,
    visible,
)
from mixtrace.session.groups import guess_group
from mixtrace.session.halves import AudioFile, join_halves
from mixtrace.session.mix_names import MIX_FOLDERS, TRACK_FOLDERS, is_whole_mix, mix_rank
from mixtrace.session.song import Song, TrackSource, listed

__all__ = ["find_tracks", "read_folder"]


def read_folder(folder: Path, mix_path: Path | None, name: str) -> Song:
    """Return the song in a folder, with notes of what was assumed and passed over.

    Args:
        folder: with `tracks/` or other folders of tracks and a mix, or with loose audio files.
        mix_path: the mix's file, None to find it.
        name: the song's name.

    Raises:
        SessionError: no mix or several, no track, two of one name.
    """
    outer = visible(folder)
    tracks_folder = _tracks_folder(outer)
    beside = join_halves(audio_files(outer))
    inside, others = _candidates(outer, tracks_folder, beside, mix_path)
    notes: list[str] = []
    if mix_path is not None:
        mix = AudioFile("", mix_path)
    else:
        mix = _find_mix(folder, outer, beside, inside, lone=tracks_folder is not None)
        notes.append(f"took {_shown(mix)} for the mix")
    mix_files = {os.path.realpath(p) for p in _paths(mix)}
    rest = [f for f in inside if not mix_files & {os.path.realpath(p) for p in _paths(f)}]
    sources = [f for f in rest if mix_path is not None or not is_whole_mix(f.name)] or rest
    used = {p for f in (mix, *sources) for p in _paths(f)}
    passed_over = [
        *(p for p in outer if not p.is_dir() and p not in used),
        *(p for p in others if p not in used),
        *(p for f in rest for p in _paths(f) if p not in used and p not in outer),
    ]
    shown = [printable(p.name) + "/" * p.is_dir() for p in dict.fromkeys(passed_over)]
    notes += [f"ignored {listed(shown)}"] if shown else []
    tracks, how = _tracks(sources)
    halves = [t.name for t in tracks if t.right_path]
    notes += [f"left and right are two files: {listed(halves)}"] if halves else []
    return Song(name, mix.path, tracks, (*notes, how), mix.right_path)


def find_tracks(folder: Path) -> tuple[TrackSource, ...]:
    """Return the tracks in a folder that needs no mix, or none.

    Raises:
        SessionError: a folder that cannot be read, a whole disk, or a result of ours.
    """
    inner = innermost(folder)
    refuse_result(inner)
    outer = visible(inner)
    beside = join_halves(audio_files(outer))
    return _tracks(_candidates(outer, _tracks_folder(outer), beside, None)[0])[0]


def _tracks_folder(outer: Sequence[Path]) -> Path | None:
    """Return the folder that is called as that of the tracks is, the surest name first."""
    named = {p.name.casefold(): p for p in reversed(outer) if p.is_dir()}
    found = [named[n] for n in TRACK_FOLDERS if n in named]
    return next((p for p in found if audio_below(p)[0]), found[0] if found else None)


def _candidates(
    outer: Sequence[Path],
    tracks_folder: Path | None,
    beside: list[AudioFile],
    mix_path: Path | None,
) -> tuple[list[AudioFile], list[Path]]:
    """Return the files that may be tracks, and what else lies where they do."""
    folders = [p for p in outer if p.is_dir()]
    if tracks_folder is not None:
        audio, others = audio_below(tracks_folder)
        return join_halves(audio), [*(p for p in folders if p != tracks_folder), *others]
    if mix_path is None:
        loose = [f for f in beside if not is_whole_mix(f.name)]
    else:
        loose = [f for f in beside if os.path.realpath(f.path) != os.path.realpath(mix_path)]
    lone = mix_path is None and len(loose) == 1 and len(beside) == 1
    taken = [
        p
        for p in folders
        if (lone or not loose or guess_group(p.name) != "other")
        and p.name.casefold() not in MIX_FOLDERS
        and audio_below(p)[0]
    ]
    found = [audio_below(p) for p in taken]
    audio = [file for files, _ in found for file in files]
    inside = [*beside, *join_halves(audio)]
    rest = [p for p in folders if p not in taken]
    return inside, [*rest, *(p for _, others in found for p in others)]


def _find_mix(
    folder: Path,
    outer: Sequence[Path],
    beside: list[AudioFile],
    inside: list[AudioFile],
    *,
    lone: bool,
) -> AudioFile:
    """Return the one file named as a mix, the surest name first: beside the tracks, then among.

    `lone` allows any name where only one file comes into question.
    """
    in_folders = [p for p in outer if p.is_dir() and p.name.casefold() in MIX_FOLDERS]
    nearby = join_halves([file for p in in_folders for file in audio_below(p)[0]])
    among = [f for f in inside if f not in beside]
    called_so = [f for f in beside if f.name.casefold() == folder.resolve().name.casefold()]
    best = _best(beside) or _best(nearby) or (nearby if len(nearby) == 1 else [])
    if (lone or among) and len(beside) == 1:
        best = best or beside
    best = best or _best([f for f in among if is_whole_mix(f.name)]) or called_so
    if len(best) == 1:
        return best[0]
    wanted = f"Expected a mix in {folder}, called mix, *_mix or *master*;"
    if not best:
        raise SessionError(f"{wanted} there is none. Put it there, or choose it with --mix.")
    names = [_shown(f) for f in best]
    if len(set(names)) < len(names):
        names = [printable(f.path.relative_to(folder).as_posix()) for f in best]
    raise SessionError(
        f"{wanted} {listed(names)} could all be it. Rename it, choose it with --mix, or name the "
        "folder of one song."
    )


def _best(files: list[AudioFile]) -> list[AudioFile]:
    """Return those whose names are the surest of a mix."""
    ranks = [(rank, f) for f in files if (rank := mix_rank(f.name)) is not None]
    return [f for rank, f in ranks if rank == min(r for r, _ in ranks)]


def _tracks(files: list[AudioFile]) -> tuple[tuple[TrackSource, ...], str]:
    """Return the tracks with names of their own and groups, and how the groups were found."""
    folders = folder_groups([f.path for f in files], guess_group)
    spelt: dict[str, str] = {}  # one bus for `Drums/`, `drums/` and what is guessed to be drums
    for named in (plain_name(n) for n in folders if n):
        spelt.setdefault(named.casefold(), named)
        spelt.setdefault(guess_group(named), named)
    spelt.pop("other", None)
    tracks = []
    for file, name, from_folder in zip(files, _names(files), folders, strict=True):
        group = plain_name(from_folder or "") or guess_group(file.name)
        group = spelt.get(group.casefold(), group)
        tracks.append(TrackSource(name, file.path, group, file.right_path))
    guessed = sum(not f for f in folders)
    if guessed == len(files):
        return tuple(tracks), "groups from file names"
    some = f", those of {guessed} tracks from file names" if guessed else ""
    return tuple(tracks), f"groups from folders{some}"


def _names(files: list[AudioFile]) -> list[str]:
    """Return a name for each file: where files in several folders share one, with the folder's."""
    names = [f.name for f in files]
    parents = [f.path.parent for f in files]
    for _ in range(8):
        folded = [n.casefold() for n in names]
        places = {n: {p for p, o in zip(parents, folded, strict=True) if o == n} for n in folded}
        shared = [len(places[n]) > 1 for n in folded]
        if not any(shared):
            break
        pieces = zip(names, parents, shared, strict=True)
        names = [plain_name(f"{p.name} {n}") if s else n for n, p, s in pieces]
        parents = [p.parent if s else p for p, s in zip(parents, shared, strict=True)]
    return names


def _paths(file: AudioFile) -> list[Path]:
    return [file.path, *([file.right_path] if file.right_path else [])]


def _shown(file: AudioFile) -> str:
    return listed([printable(p.name) for p in _paths(file)])
