"""What comes after an inversion: its mix rendered and measured, written, and shown on a page."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32

from mixtrace.metrics import Measures
from mixtrace.progress import Steps
from mixtrace.rendering import render_taps
from mixtrace.reporting.listening_plan import ListeningPlan, plan_listening
from mixtrace.reporting.listening_writer import listening_files, write_listening
from mixtrace.session import Session, Song, Views, read_session
from mixtrace.store import (
    EVIDENCE,
    FIT,
    FIT_SCHEMA,
    GRAPH,
    LIKENESS,
    LIKENESS_SCHEMA,
    METRICS,
    METRICS_SCHEMA,
    MIX_AUDIO,
    PARAMS,
    REFINED,
    REFINED_SCHEMA,
    RUNS,
    RUNS_SCHEMA,
    SIMPLIFIED,
    SIMPLIFIED_SCHEMA,
    SURENESS,
    SURENESS_SCHEMA,
    Checkpoint,
    StoredGraph,
    mixtrace_version,
    stage,
    write_document,
    write_evidence,
    write_graph,
)
from mixtrace.store.audio_files import write_audio
from mixtrace.units import db_from_ratio
from mixtrace.unseen import Unseen
from mixtrace.verbs.evidence import collect_evidence
from mixtrace.verbs.inverting import Found
from mixtrace.verbs.reporting import own_page
from mixtrace.verbs.reporting import report as make_report
from mixtrace.verbs.runs import measured, write_whole

__all__ = [
    "Estimate",
    "Rendered",
    "measure_result",
    "publish_result",
    "store_result",
    "too_loud",
    "write_result",
]

_DOCUMENTS = (
    (SURENESS, SURENESS_SCHEMA, "sureness"),
    (RUNS, RUNS_SCHEMA, "runs"),
    (SIMPLIFIED, SIMPLIFIED_SCHEMA, "simplified"),
    (LIKENESS, LIKENESS_SCHEMA, "likeness"),
    (REFINED, REFINED_SCHEMA, "refined"),
)
"""What a method may show for its result in a document of its own, and under which name."""


@dataclass(frozen=True, eq=False)
class Estimate:
    """What a graph makes of its tracks.

    Attributes:
        estimate: [2, time].
        sample_rate_hz: its rate.
        measures: how well it matches the mix; None where there is none.
    """

    estimate: Float[np.ndarray, "2 time"]
    sample_rate_hz: int
    measures: Measures | None


@dataclass(frozen=True, eq=False)
class Rendered(Estimate):
    """A result and its song at the mix's own rate.

    Attributes:
        measures: how well it matches.
        session: tracks and mix.
        plan: what a page will let one hear; None where no page is wanted.
        processed: for such a page what leaves some nodes.
    """

    measures: Measures
    session: Session
    plan: ListeningPlan | None
    processed: Mapping[int, Float[np.ndarray, "_channel span"]]


def too_loud(rendered: Estimate, why: str) -> tuple[str, ...]:
    """Return that a mix exceeds full scale and why, where it does."""
    peak_db = db_from_ratio(float(np.max(np.abs(rendered.estimate), initial=1e-9)))
    if peak_db <= 0.0:
        return ()
    return (
        f"The mix peaks {peak_db:.1f} dB above full scale and is written in floating point: {why}",
    )


def measure_result(
    song: Song, stored: StoredGraph, unseen: Unseen | None, report: Steps, *, page: bool = False
) -> Rendered:
    """Render the whole song at the mix's own rate, and measure how well it matches.

    Args:
        song: where the audio is.
        stored: the result.
        unseen: what was held out of the inversion: both parts are then measured apart.
        report: see `Steps`.
        page: whether a page will be made: its strips are then rendered, too.

    Raises:
        MixtraceError: a file of the song cannot be read.
    """
    alignments = {track.name: track.alignment for track in stored.tracks}
    by_name = {source.name: source for source in song.tracks}
    song = replace(song, tracks=tuple(by_name[name] for name in alignments))
    session = read_session(song, alignments=alignments, progress=report)
    rate = session.sample_rate_hz
    plan = plan_listening(stored.graph, session.audio, rate) if page else None
    mix, processed = render_taps(
        stored.graph,
        stored.settings,
        Views(torch.from_numpy, session.audio),
        rate,
        [strip.end for strip in plan.strips] if plan else [],
        span=plan.span if plan else None,
        progress=lambda done, total: report("rendering", done, total),
    )
    heard = {i: audio.numpy() for i, audio in processed.items()}
    estimate = mix.numpy()
    measures = measured(session, estimate, unseen, report)
    return Rendered(estimate, rate, measures, session, plan, heard)


def store_result(
    folder: Path, found: Found, rendered: Estimate, facts: Mapping[str, Any], *, audio: bool = True
) -> None:
    """Write the files of a result as one; what was told of an older result goes with it.

    Args:
        folder: a folder that is there.
        found: the result.
        rendered: its mix, and its measures where there are any.
        facts: what was chosen; JSON as it is.
        audio: whether to write the estimate's audio.

    Raises:
        StoreError: a file cannot be written.
    """
    inversion = found.inversion
    evidence = inversion.evidence
    told = {
        "mixtrace": mixtrace_version(),
        "song": found.stored.song,
        **facts,
        "recipe": inversion.recipe,
        "ended": inversion.ended,
        "why": inversion.why,
        "seconds": inversion.seconds,
        "processors": {
            "console": len(inversion.console.processors),
            "kept": len(inversion.graph.processors),
        },
        "losses": inversion.losses,
        "notes": list(found.notes),
        "removed": evidence.get("removed", []),
        "history": evidence.get("history", {"loss": [], "seconds": []}),
    }
    rate = {"sample_rate_hz": rendered.sample_rate_hz}
    outdated = {EVIDENCE} | own_page(folder) | listening_files(folder)
    if not audio:
        outdated.add(MIX_AUDIO)
    if rendered.measures is None:
        outdated.add(METRICS)
    documents = {
        name: (schema, evidence[key])
        for name, schema, key in _DOCUMENTS
        if evidence.get(key) is not None
    }
    outdated |= {name for name, _, _ in _DOCUMENTS} - documents.keys()
    with stage(folder, outdated) as part_of:
        if audio:
            write_audio(part_of(MIX_AUDIO), rendered.estimate, rendered.sample_rate_hz)
        write_graph(found.stored, part_of(GRAPH), part_of(PARAMS))
        if rendered.measures is not None:
            write_document(part_of(METRICS), METRICS_SCHEMA, rate | asdict(rendered.measures))
        for name, (schema, document) in documents.items():
            write_document(part_of(name), schema, document)
        write_document(part_of(FIT), FIT_SCHEMA, _finite(told))


def write_result(
    folder: Path,
    found: Found,
    rendered: Estimate,
    facts: Mapping[str, Any],
    keeper: Checkpoint | None,
    make_page: Callable[[], object],
    *,
    audio: bool,
) -> str:
    """Store what was found and make its page, as `write_whole` does; see `store_result`.

    Of a search that went to its end the checkpoint before the last is not needed any more.
    """

    def store() -> None:
        store_result(folder, found, rendered, facts, audio=audio)
        if keeper is not None and found.inversion.ended == "finished":
            keeper.forget_previous()

    return write_whole(folder, store, make_page)


def publish_result(
    folder: Path,
    stored: StoredGraph,
    rendered: Rendered,
    increases: Float32[np.ndarray, " processor"],
    report: Steps,
    *,
    audio: bool = True,
) -> None:
    """Write what the page tells of the audio, the audio that it plays, and the page.

    Args:
        folder: where the result lies.
        stored: the result.
        rendered: with `page`.
        increases: how much L_a rises without each processor; see `loss_increases`.
        report: see `Steps`.
        audio: whether the page has something to listen to.

    Raises:
        MixtraceError: something cannot be written.
    """
    session, plan = rendered.session, rendered.plan
    evidence = collect_evidence(
        stored,
        session,
        rendered.estimate,
        increases,
        lambda done, total: report("listening", done, total),
    )
    with stage(folder) as part_of:
        write_evidence(evidence, part_of(EVIDENCE))
    if plan is not None and audio:
        write_listening(
            folder,
            plan,
            target=session.mix,
            estimate=rendered.estimate,
            tracks=session.audio,
            processed=rendered.processed,
            sample_rate_hz=session.sample_rate_hz,
            report=lambda done, total: report("coding audio", done, total),
        )
    make_report(folder)


def _finite(value: Any) -> Any:
    """Return JSON values with None for each number that is not finite: a loss that diverged."""
    if isinstance(value, Mapping):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
