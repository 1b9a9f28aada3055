"""`capture`: from a song on disk to what was done to each track, read by least squares."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePath

import numpy as np
from jaxtyping import Float

from mixtrace.captured import Capture, Unread, capture_session
from mixtrace.errors import SessionError, StoreError
from mixtrace.metrics import Measures
from mixtrace.progress import Progress, Steps, steps_of
from mixtrace.session import Session, Song, find_song, read_session, used_session
from mixtrace.store import (
    CAPTURE,
    CAPTURES,
    ESTIMATE_AUDIO,
    GAINS,
    METRICS,
    METRICS_SCHEMA,
    RESIDUAL_AUDIO,
    RESPONSES,
    Checkpoint,
    StoredCapture,
    read_capture,
    session_fingerprint,
    stage,
    write_capture,
    write_document,
    write_gains,
)
from mixtrace.store.audio_files import write_audio, write_float_audio
from mixtrace.unseen import Unseen
from mixtrace.verbs.capture_facts import CaptureFacts, gains_db, stored_capture
from mixtrace.verbs.outputs import named, result_folder
from mixtrace.verbs.reporting import own_page
from mixtrace.verbs.reporting import report as make_report
from mixtrace.verbs.runs import claimed, measured, warnings_of, write_whole

__all__ = ["Captured", "capture"]


@dataclass(frozen=True, eq=False)
class Captured:
    """What was read of a song.

    Attributes:
        stored: as `capture.json` holds it.
        gains_db: of its tracks over the song, then those that several share, as `gains.csv` holds
            them.
        capture: the responses and gains themselves.
        session: the song at the mix's own rate.
        measures: how well the estimate matches the mix.
        folder: where all this lies on disk, or None.
        lacking: why the page could not be made, in a sentence; empty where it was.
        warnings: what went wrong on the way and was mended, a sentence each.
    """

    stored: StoredCapture
    gains_db: Float[np.ndarray, "gain time"]
    capture: Capture
    session: Session
    measures: Measures
    folder: Path | None
    lacking: str = ""
    warnings: tuple[str, ...] = ()


def capture(
    song: Song | Path | str,
    output: Path | str | None = None,
    *,
    mix: Path | str | None = None,
    align: bool = True,
    unseen: str | None = None,
    fresh: bool = False,
    force: bool = False,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Captured:
    """Read by least squares what was done to each track of a mix: its responses and its gain.

    A capture that was stopped or killed goes on where it was when it is called again with the same
    arguments.

    Args:
        song: a folder, a manifest or a found song.
        output: the folder for the result; None to write nothing.
        mix: the mix's file, where names do not tell it.
        align: whether to measure how each track lies in the mix.
        unseen: what not to read of the mix, such as `end:40` or `blocks:40`, a percentage of the
            song: L_a is then measured on both parts. Aligning and judging tracks read all of it.
        fresh: whether to start anew and to replace another capture.
        force: whether to read all tracks, also those that are not heard in the mix.
        on_progress: called often, also while files are read and written.

    Raises:
        MixtraceError: a song, a choice or a folder that cannot be used, or nothing that can be
            read.
        OSError: the folder cannot be made.
    """
    began = time.monotonic()
    apart = None if unseen is None else Unseen.parse(unseen)
    song = song if isinstance(song, Song) else find_song(named(song), mix=mix)
    folder = None if output is None else result_folder(output, song.paths, CAPTURES)
    report = steps_of(on_progress)
    session, unheard = _heard(read_session(song, align=align, progress=report), force)
    held_out = apart.ranges(session.mix.shape[-1], session.sample_rate_hz) if apart else []
    fingerprint = session_fingerprint(session, {"capture": str(apart), "force": force})
    with claimed(folder, fingerprint, CAPTURES, fresh=fresh) as keeper:
        found = capture_session(session, held_out, report, keeper)
        found = _checked(replace(found, unread=(*found.unread, *unheard)))
        measures = measured(session, found.estimate.numpy(), apart, report)
        warnings = warnings_of(keeper)
        facts = CaptureFacts(
            fingerprint,
            str(apart) if apart else None,
            time.monotonic() - began,
            (*session.notes, *warnings),
        )
        stored = stored_capture(found, {t.name: t for t in session.tracks}, facts)
        result = Captured(
            stored, gains_db(found), found, session, measures, folder, warnings=warnings
        )
        if folder is not None and keeper is not None:
            result = replace(result, lacking=_written(folder, result, keeper, report))
    return result


def _heard(whole: Session, force: bool) -> tuple[Session, list[Unread]]:
    """Return the tracks that are to be read, and which are left out."""
    session = used_session(whole, force=force)
    left_out = [track.name for track in whole.tracks if track not in session.tracks]
    return session, [Unread(name, "it is not heard in the mix") for name in left_out]


def _checked(found: Capture) -> Capture:
    """Return a capture; refuse one of nothing."""
    if not found.tracks:
        reasons = "; ".join(f"{u.name}: {u.reason}" for u in found.unread)
        raise SessionError(
            f"Expected a track that can be read; there is none ({reasons}). "
            "mixtrace fit needs no phase: try it instead."
        )
    return found


def _written(folder: Path, result: Captured, keeper: Checkpoint, report: Steps) -> str:
    """Write the result, forget how far it was, make its page, and return what that lacks."""

    def write() -> None:
        _write(folder, result, report)
        keeper.forget()

    return write_whole(folder, write, lambda: make_report(folder))


def _write(folder: Path, result: Captured, report: Steps) -> None:
    """Write the result's files as one; the document that names them comes last."""
    stored, found, session = result.stored, result.capture, result.session
    steps = len(stored.tracks) + 2
    with stage(folder, own_page(folder) | _responses_of(folder)) as part_of:
        for number, (named, track) in enumerate(zip(stored.tracks, found.tracks, strict=True)):
            report("writing", number, steps)
            channels = track.responses.transpose(0, 1).flatten(0, 1).numpy()
            write_float_audio(part_of(f"{RESPONSES}/{named.file}"), channels, stored.sample_rate_hz)
        write_gains(part_of(GAINS), stored, result.gains_db)
        report("writing", steps - 2, steps)
        estimate = found.estimate.numpy()
        write_audio(part_of(ESTIMATE_AUDIO), estimate, stored.sample_rate_hz)
        write_audio(part_of(RESIDUAL_AUDIO), session.mix - estimate, stored.sample_rate_hz)
        report("writing", steps - 1, steps)
        rate = {"sample_rate_hz": stored.sample_rate_hz}
        write_document(part_of(METRICS), METRICS_SCHEMA, rate | asdict(result.measures))
        write_capture(stored, part_of(CAPTURE))
    report("writing", steps, steps)


def _responses_of(folder: Path) -> set[str]:
    """Return the response files that an earlier capture in the folder names as its own.

    There are none where its document cannot be read; a name that leads elsewhere is none of them.
    """
    try:
        names = {track.file for track in read_capture(folder).tracks}
    except StoreError:
        return set()
    return {f"{RESPONSES}/{name}" for name in names if PurePath(name).name == name}
