"""`fit`: from a song on disk to a stored result: invert, measure, store, publish."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32

from mixtrace.corpus import GainCurves
from mixtrace.descent import SongWindows
from mixtrace.errors import MixtraceError
from mixtrace.methods import Inversion, Method, Work, repeated
from mixtrace.metrics import Measures
from mixtrace.progress import OnProgress, Steps, ignored, steps_of
from mixtrace.recovery import Recovery
from mixtrace.runtime import give_back
from mixtrace.session import Song, find_song
from mixtrace.store import (
    FITS,
    Agreement,
    StoredGraph,
    agreement_told,
    session_fingerprint,
)
from mixtrace.unseen import Unseen
from mixtrace.verbs.evidence import loss_increases
from mixtrace.verbs.gains import measured_gains
from mixtrace.verbs.inverting import Found, Read, check_device, found_of, read_for_inversion
from mixtrace.verbs.outputs import named, result_folder
from mixtrace.verbs.results import Rendered, measure_result, publish_result, write_result
from mixtrace.verbs.runs import claimed, warnings_of
from mixtrace.verbs.sources import source_of

__all__ = ["Fit", "fit"]

_LEAST_GB = 0.1


@dataclass(frozen=True, eq=False)
class Fit:
    """What a fit found.

    Attributes:
        stored: the graph with its settings and tracks, as `graph.json` holds it.
        inversion: how it was found.
        mix: the estimate at the mix's own rate, [2, time].
        sample_rate_hz: that rate.
        measures: how well the estimate matches the mix.
        notes: what was assumed of the song, and the warnings.
        folder: where all this lies on disk, or None.
        lacking: why the page could not be made, in a sentence; empty where it was.
        warnings: what went wrong on the way and was mended, a sentence each.
        agreement: what several runs agree on; None where one alone has ended.
        increases: how much larger L_a is without each processor, in the order of the graph; None
            where that was not weighed.
        gains: of dynamics and rides over the song; None where they were not measured.
    """

    stored: StoredGraph
    inversion: Inversion
    mix: Float[np.ndarray, "2 time"]
    sample_rate_hz: int
    measures: Measures
    notes: tuple[str, ...]
    folder: Path | None
    lacking: str = ""
    warnings: tuple[str, ...] = ()
    agreement: Agreement | None = None
    increases: Float32[np.ndarray, " processor"] | None = None
    gains: GainCurves | None = None


def fit(
    song: Song | Path | str,
    output: Path | str | None = None,
    *,
    mix: Path | str | None = None,
    method: Method | None = None,
    runs: int = 1,
    align: bool = True,
    unseen: str | None = None,
    device: str = "cpu",
    fresh: bool = False,
    force: bool = False,
    audio: bool = True,
    page: bool = True,
    weigh: bool = False,
    gains: bool = False,
    memory_gb: float | None = None,
    on_progress: OnProgress = ignored,
) -> Fit:
    """Find the graph that made a mix from its tracks.

    Ctrl-C ends the search early with what was reached, and all else at once; a fit that was
    stopped or killed goes on from its checkpoint when it is called again with the same arguments.

    Args:
        song: a folder, a manifest or a found song.
        output: the folder for the result; None to write nothing.
        mix: the mix's file, where names do not tell it.
        method: how to find it; by default our recovery.
        runs: how often, from the method's seed and those after it; the best result is kept, with
            what all runs agree on. Ctrl-C keeps the best run that ended, or the one under way where
            none has.
        align: whether to measure how each track lies in the mix.
        unseen: what to hold out of the search, such as `end:40` or `blocks:40`, a percentage of the
            song: L_a is then measured on both parts. Aligning and judging tracks read all of it.
        device: where to search, `cpu` or `cuda`.
        fresh: whether to start anew and to replace another fit's result.
        force: whether to use all tracks, also those that are not heard in the mix.
        audio: whether to write audio: the estimate, and what the page plays.
        page: whether to make the page, and to measure what it tells.
        weigh: whether to measure what L_a is without each processor, where no page tells it.
        gains: whether to measure what dynamics and rides do to the level over the song.
        memory_gb: how much of the song may be kept in spectra beside its audio; less is slower.
        on_progress: called often, also while files are read and written.

    Raises:
        MixtraceError: a song, a choice or a folder that cannot be used.
        OSError: the folder cannot be made.
    """
    method = repeated(method or Recovery(), runs)
    chosen = dict(method.choices()) | ({} if unseen is None else {"unseen": unseen})
    apart = None if unseen is None else Unseen.parse(unseen)
    check_device(device)
    work = Work(device, None, _memory_bytes(memory_gb), on_progress)
    path = None if isinstance(song, Song) else named(song)
    song = song if isinstance(song, Song) else find_song(named(song), mix=mix)
    folder = None if output is None else result_folder(output, song.paths, FITS)
    report, page = steps_of(on_progress), page and folder is not None
    read = read_for_inversion(song, method, work, apart, align=align, force=force)
    fingerprint = session_fingerprint(read.session, chosen)
    with claimed(folder, fingerprint, FITS, fresh=fresh) as keeper:
        work = Work(device, keeper, work.memory_bytes, on_progress)
        inversion = method.invert(read.session, read.held_out, work)
        warnings = warnings_of(keeper)
        found = found_of(read, inversion)
        increases = _increases(read, inversion, work, report) if page or weigh else None
        del read  # makes room for the song at its own rate
        give_back()
        rendered = measure_result(song, found.stored, apart, report, page=page)
        notes, lacking = (*found.notes, *warnings), ""
        if folder is not None:
            source = source_of(path, mix, song, folder)
            facts = {"config": chosen, "fingerprint": fingerprint, "source": source}
            told = replace(found, notes=notes)

            def publish() -> None:
                if page and increases is not None:
                    publish_result(folder, found.stored, rendered, increases, report, audio=audio)

            lacking = write_result(folder, told, rendered, facts, keeper, publish, audio=audio)
        curves = _gains(found, rendered, report) if gains else None
    return Fit(
        found.stored,
        inversion,
        rendered.estimate,
        rendered.sample_rate_hz,
        rendered.measures,
        notes,
        folder,
        lacking,
        warnings,
        agreement_told(inversion.evidence["runs"]) if "runs" in inversion.evidence else None,
        increases,
        curves,
    )


def _increases(
    read: Read, inversion: Inversion, work: Work, report: Steps
) -> Float32[np.ndarray, " processor"]:
    """Weigh each processor; nobody waits for it who stopped the search."""
    if inversion.ended == "stopped":
        return np.full(len(inversion.graph.processors), np.nan, np.float32)
    return loss_increases(
        inversion.graph,
        inversion.settings,
        SongWindows(read.session, held_out=read.held_out, memory_bytes=work.memory_bytes),
        lambda done, total: report("weighing", done, total),
    )


def _gains(found: Found, rendered: Rendered, report: Steps) -> GainCurves:
    return measured_gains(
        found.stored,
        rendered.session,
        lambda done, total: report("measuring gains", done, total),
    )


def _memory_bytes(memory_gb: float | None) -> int | None:
    if memory_gb is None:
        return None
    if not _LEAST_GB <= memory_gb <= 1e6:
        raise MixtraceError(
            f"Expected at least {_LEAST_GB:g} GB of memory; got {memory_gb:g}. Give more."
        )
    return round(1e9 * memory_gb)
