"""`invert`: from a song on disk to what a method finds of its mix, in memory."""

from dataclasses import dataclass
from pathlib import Path

import torch

from mixtrace.errors import MixtraceError, SessionError
from mixtrace.methods import Inversion, Method, Work, why_not
from mixtrace.metrics import LOSS_RATE_HZ
from mixtrace.progress import steps_of
from mixtrace.recovery import Recovery
from mixtrace.session import Session, Song, Track, find_song, read_session, used_session
from mixtrace.store import StoredGraph, StoredTrack
from mixtrace.unseen import Range, Unseen
from mixtrace.verbs.outputs import named

__all__ = ["Found", "Read", "check_device", "found_of", "invert", "read_for_inversion"]

_DEVICES = ("cpu", "cuda")


@dataclass(frozen=True, eq=False)
class Read:
    """A song as a method is given it.

    Attributes:
        session: tracks that are used and mix, at the rate of L_a.
        unused: tracks of the song that are not heard in its mix.
        held_out: what of the mix nothing may depend on.
    """

    session: Session
    unused: tuple[StoredTrack, ...]
    held_out: list[Range]


@dataclass(frozen=True, eq=False)
class Found:
    """What a method found of a song.

    Attributes:
        stored: the graph with its settings and tracks, as `graph.json` holds it.
        inversion: how it was found.
        notes: what was assumed of the song.
    """

    stored: StoredGraph
    inversion: Inversion
    notes: tuple[str, ...]


def invert(
    song: Song | Path | str,
    method: Method | None = None,
    *,
    mix: Path | str | None = None,
    align: bool = True,
    unseen: str | None = None,
    force: bool = False,
    work: Work | None = None,
) -> Found:
    """Find the graph that made a mix from its tracks; nothing is written.

    Args:
        song: a folder, a manifest or a found song.
        method: how to find it; by default our recovery.
        mix: the mix's file, where names do not tell it.
        align: whether to measure how each track lies in the mix.
        unseen: what to hold out, such as `end:40` or `blocks:40`, a percentage of the song;
            aligning and judging tracks read all of it.
        force: whether to use all tracks, also those that are not heard in the mix.
        work: device, memory, progress, and where to store the work as it goes.

    Raises:
        MixtraceError: a song or a choice that cannot be used.
    """
    method, work = method or Recovery(), work or Work()
    check_device(work.device)
    song = song if isinstance(song, Song) else find_song(named(song), mix=mix)
    apart = None if unseen is None else Unseen.parse(unseen)
    read = read_for_inversion(song, method, work, apart, align=align, force=force)
    return found_of(read, method.invert(read.session, read.held_out, work))


def read_for_inversion(
    song: Song, method: Method, work: Work, unseen: Unseen | None, *, align: bool, force: bool
) -> Read:
    """Read a song at the rate of L_a, without the tracks that are not heard in its mix.

    Raises:
        SessionError: the song cannot be read, or the method is not made for it.
    """
    whole = read_session(
        song, sample_rate_hz=LOSS_RATE_HZ, align=align, progress=steps_of(work.on_progress)
    )
    session = used_session(whole, force=force)
    if why := why_not(method, session):
        raise SessionError(why)
    unused = tuple(_stored_track(t) for t in whole.tracks if t not in session.tracks)
    held_out = unseen.ranges(session.mix.shape[-1], LOSS_RATE_HZ) if unseen else []
    return Read(session, unused, held_out)


def found_of(read: Read, inversion: Inversion) -> Found:
    """Return a graph with the tracks that it was found from."""
    session = read.session
    tracks = tuple(_stored_track(track) for track in session.tracks)
    stored = StoredGraph(session.name, tracks, inversion.graph, inversion.settings, read.unused)
    return Found(stored, inversion, session.notes)


def check_device(device: str) -> None:
    """Refuse a device that this machine has not."""
    try:
        if torch.device(device).type not in _DEVICES:
            raise RuntimeError(f"{device} is none of {_DEVICES}")
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise MixtraceError(
            f"Expected a device that this machine has; '{device}' cannot be used. "
            "Pass --device cpu, or cuda where there is a GPU."
        ) from error


def _stored_track(track: Track) -> StoredTrack:
    return StoredTrack(track.name, track.group, track.alignment)
