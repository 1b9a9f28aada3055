"""`transfer`: the tracks of one song, mixed so that they sound like another song's mix."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from mixtrace.errors import AudioError
from mixtrace.graph import build_console
from mixtrace.graph.console import ConsolePreset
from mixtrace.methods import Inversion, Work
from mixtrace.metrics.levels import integrated_loudness_lufs
from mixtrace.processors import Settings
from mixtrace.progress import OnProgress, Steps, ignored, steps_of
from mixtrace.rendering import render_taps
from mixtrace.reporting.listening_plan import plan_listening
from mixtrace.session import Views
from mixtrace.session.audio import read_recording
from mixtrace.store import (
    FITS,
    Likeness,
    StoredGraph,
    StoredTrack,
    mixtrace_version,
)
from mixtrace.transferring import TransferConfig, Transferred, transfer_features
from mixtrace.units import ratio_from_db
from mixtrace.verbs.dry_tracks import DryTracks, read_dry_tracks
from mixtrace.verbs.inverting import Found
from mixtrace.verbs.other_song import OtherSong, find_other
from mixtrace.verbs.outputs import named, result_folder
from mixtrace.verbs.results import too_loud, write_result
from mixtrace.verbs.runs import claimed
from mixtrace.verbs.sources import digest, source_of
from mixtrace.verbs.transfer_evidence import Mixed, publish_transfer

__all__ = ["Transfer", "transfer"]


@dataclass(frozen=True, eq=False)
class Transfer:
    """A song mixed like another.

    Attributes:
        stored: the graph with its settings and tracks, as `graph.json` holds it.
        likeness: how like the reference it is, and how like it equally loud tracks were.
        mix: what it makes of the tracks, [2, time].
        sample_rate_hz: its rate.
        notes: what was assumed, in sentences.
        folder: where all this lies on disk, or None.
        lacking: why the page could not be made, in a sentence; empty where it was.
        ended: `finished`, or `stopped` by the user before its end.
    """

    stored: StoredGraph
    likeness: Likeness
    mix: Float[np.ndarray, "2 time"]
    sample_rate_hz: int
    notes: tuple[str, ...]
    folder: Path | None
    lacking: str = ""
    ended: str = "finished"


def transfer(
    song: Path | str,
    reference: Path | str,
    output: Path | str | None = None,
    *,
    mix: Path | str | None = None,
    config: TransferConfig | None = None,
    align: bool = True,
    fresh: bool = False,
    audio: bool = True,
    page: bool = True,
    on_progress: OnProgress = ignored,
) -> Transfer:
    """Mix the tracks of one song so that they sound like another song's mix.

    Nothing of the song's own mix is used but where its tracks start. Ctrl-C ends the search early
    with what was reached; one that was killed goes on when it is called again.

    Args:
        song: the song, or a folder with its tracks alone.
        reference: an audio file: the other song's mix.
        output: the folder for the result; None to write nothing.
        mix: the song's own mix, where names do not tell it.
        config: what the user chose.
        align: whether to measure how each track lies in the song's mix.
        fresh: whether to replace another result in the folder.
        audio: whether to write audio.
        page: whether to make the page.
        on_progress: called often.

    Raises:
        MixtraceError: a song, a file, a choice or a folder that cannot be used.
        OSError: the folder cannot be made.
    """
    config, report = config or TransferConfig(), steps_of(on_progress)
    config.check()
    other = find_other(named(song), None if mix is None else Path(mix))
    liked = named(reference)
    if not liked.is_file():
        raise AudioError(
            f"Expected another song's mix, an audio file; there is none at {liked}. Correct "
            "--reference."
        )
    folder = None if output is None else result_folder(output, (*other.files, liked), FITS)
    choices = {
        "recipe": "transfer",
        "reference": liked.name,
        "steps": config.steps,
        "loudness_lufs": config.loudness_lufs,
        "seed": config.seed,
        "align": align,
    }
    fingerprint = _fingerprint(other, liked, choices)
    with claimed(folder, fingerprint, FITS, fresh=fresh) as keeper:
        dry, tracks, notes = _dry(other, align, report)
        heard = _reference(liked, dry.sample_rate_hz, config.loudness_lufs)
        found = transfer_features(
            [(track.name, track.group) for track in tracks],
            dry.tracks,
            heard,
            dry.sample_rate_hz,
            name=liked.stem,
            config=config,
            work=Work(keeper=keeper, on_progress=on_progress),
        )
        stored = StoredGraph(other.name, tracks, found.graph, found.settings)
        shown = page and audio and folder is not None
        rendered = _rendered(dry, stored, report, shown=shown)
        loud = too_loud(rendered, "no limiter is on the master. Ask for less with --loudness.")
        notes, lacking = (*loud, *notes), ""
        if folder is not None:
            source = source_of(other.path, other.mix_path, other.recordings, folder)
            facts = {"config": choices, "fingerprint": fingerprint, "source": source}
            told = Found(stored, _inversion(found, liked.stem), notes)

            def publish() -> None:
                if page:
                    publish_transfer(folder, stored, dry, rendered, heard, report)

            lacking = write_result(folder, told, rendered, facts, keeper, publish, audio=audio)
    return Transfer(
        stored,
        found.likeness,
        rendered.estimate,
        rendered.sample_rate_hz,
        notes,
        folder,
        lacking,
        found.ended,
    )


def _dry(
    other: OtherSong, align: bool, report: Steps
) -> tuple[DryTracks, tuple[StoredTrack, ...], tuple[str, ...]]:
    """Return the tracks, how each lies in the song, and what was found of that."""
    placed, notes = other.placed(report, align=align)
    tracks = tuple(
        StoredTrack(name, track.group, alignment) for name, (track, alignment) in placed.items()
    )
    names = [(track.name, track.group) for track in tracks]
    bare = StoredGraph(other.name, tracks, build_console(names, ConsolePreset((), ())), Settings())
    return read_dry_tracks(other.path, bare, other.mix_path, None, report), tracks, notes


def _reference(
    path: Path, sample_rate_hz: int, loudness_lufs: float
) -> Float[np.ndarray, "2 time"]:
    """Return the other song's mix at a rate and a loudness."""
    audio = read_recording(path, sample_rate_hz).audio
    stereo = np.broadcast_to(audio, (2, audio.shape[-1]))
    own = integrated_loudness_lufs(stereo, sample_rate_hz)
    if own is None:
        raise AudioError(
            f"Expected a reference that sounds; {path} is silent or shorter than 0.4 s. "
            "Give another song's mix."
        )
    return stereo * np.float32(ratio_from_db(loudness_lufs - own))


def _rendered(dry: DryTracks, stored: StoredGraph, report: Steps, *, shown: bool) -> Mixed:
    """Return the mix and, where a page will let one hear them, what leaves the strips."""
    plan = plan_listening(stored.graph, dry.tracks, dry.sample_rate_hz) if shown else None
    mix, processed = render_taps(
        stored.graph,
        stored.settings,
        Views(torch.from_numpy, dry.tracks),
        dry.sample_rate_hz,
        [strip.end for strip in plan.strips] if plan else [],
        span=plan.span if plan else None,
        progress=lambda done, total: report("rendering", done, total),
    )
    heard = {i: audio.numpy() for i, audio in processed.items()}
    return Mixed(mix.numpy(), dry.sample_rate_hz, None, plan, heard)


def _inversion(found: Transferred, reference: str) -> Inversion:
    return Inversion(
        found.graph,
        found.settings,
        found.graph,
        {},
        {"history": found.history, "likeness": found.likeness.document()},
        ended=found.ended,
        why=f"Dials were turned until the tracks sounded like {reference}.",
        seconds=found.seconds,
    )


def _fingerprint(other: OtherSong, reference: Path, choices: Mapping[str, Any]) -> str:
    """Return 64 hexadecimal digits that change with the song, the reference and the choices."""
    facts = [mixtrace_version(), digest(other.files), digest((reference,)), dict(choices)]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
