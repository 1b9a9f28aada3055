"""Everything read of a song: responses and gains of its tracks, and what supports them."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mixtrace.captured.coherence import coherence
from mixtrace.captured.reading import Read, Reading
from mixtrace.captured.responses import apply_responses
from mixtrace.captured.results import Capture, CapturedTrack, Unread
from mixtrace.captured.shared import SharedGain, decibels, shared_gains
from mixtrace.captured.sounding import sounding
from mixtrace.captured.stored import Chosen
from mixtrace.keeper import Keeper
from mixtrace.parallel import side_by_side
from mixtrace.session import Progress, Session, Track

__all__ = ["capture_session"]

_HOLDS = 0.2  # below it a fifth of what is read of a track is true at most: noise to the others
_FAILS = "what is read on one part of the song fails on another"


def capture_session(
    session: Session,
    held_out: Sequence[tuple[int, int]] = (),
    progress: Progress = lambda what, done, total: None,
    keeper: Keeper | None = None,
) -> Capture:
    """Read a song; a track whose response fails on a part that it was not read on is left out.

    Args:
        session: mix and tracks, each where the mix has it.
        held_out: ranges [start, stop) of samples of the mix that are not read.
        progress: see `Progress`.
        keeper: where to store what was reached, and to go on from; None for nowhere.

    Raises:
        StoreError: what the keeper gives back is not of this song.
    """
    reasons = [(track, _unreadable(track)) for track in session.tracks]
    unread = [Unread(track.name, reason) for track, reason in reasons if reason is not None]
    tracks = [track for track, reason in reasons if reason is None]
    known = Chosen.load(keeper, [track.name for track in tracks])
    lost = known.left_out if known is not None else []
    while True:
        readable = [track for track in tracks if track.name not in lost]
        unread_now = unread + [Unread(name, _FAILS) for name in lost]
        if not readable:
            return _nothing(session, tuple(unread_now))
        reading = Reading(session, held_out, readable)
        read = reading.read(progress, keeper, lost, known)
        failed = [t.name for t, held in zip(readable, read.holds, strict=True) if held < _HOLDS]
        if lost or not failed:
            return _captured(reading, read, tuple(unread_now))
        lost, known = failed, None


def _unreadable(track: Track) -> str | None:
    if track.silent:
        return "it is silent"
    if track.duplicate_of is not None:
        return f"it is the same recording as {track.duplicate_of}, which stands for both"
    return None


def _nothing(session: Session, unread: tuple[Unread, ...]) -> Capture:
    """Return the capture of a song of which nothing can be read: silence."""
    silence = torch.zeros(session.mix.shape)
    return Capture(session.name, session.sample_rate_hz, 1.0, 0, (), (), unread, silence, 1.0, None)


def _captured(reading: Reading, read: Read, unread: tuple[Unread, ...]) -> Capture:
    """Return what was read with its estimate and evidence."""
    gains = reading.gains(read.factors)
    frame_s = reading.frame / reading.rate
    time_s = torch.arange(gains.shape[-1]) * frame_s
    dry = reading.under_gains(gains, reading.every)
    estimate = apply_responses(read.responses, dry, reading.lead)
    rest = reading.wet - reading.whitening.apply(estimate)
    heard, wet = reading.heard, reading.wet
    energy = float((wet * heard).square().sum())

    def track(k: int) -> CapturedTrack:
        responses = read.responses[:, reading.inputs[k]]
        part = apply_responses(responses, read.gained.pick([k]), reading.lead)
        name = reading.tracks[k].name
        own = SharedGain.of(name, (k,), reading.tracks, time_s, read.factors)
        return CapturedTrack(
            name=name,
            group=reading.tracks[k].group,
            responses=responses,
            curve=own.curve,
            gain_db=decibels(gains[k]),
            ride_db=own.ride_db,
            share=float((part * heard).square().sum()) / energy,
            holds=read.holds[k],
            coherence=coherence(part, rest + part, heard, reading.rate),
            sounding=sounding(reading.dry.pick([k])),
        )

    return Capture(
        song=reading.session.name,
        sample_rate_hz=reading.rate,
        frame_s=frame_s,
        lead=reading.lead,
        tracks=tuple(side_by_side(track, reading.every, 1 if reading.plan.large else 2)),
        shared=shared_gains(reading.tracks, time_s, read.factors),
        unread=unread,
        estimate=estimate,
        error_seen=_error(rest, wet, heard),
        error_unseen=_error(rest, wet, ~heard) if reading.held_out else None,
    )


def _error(
    rest: Float[Tensor, "2 time"], wet: Float[Tensor, "2 time"], where: Bool[Tensor, " time"]
) -> float:
    return float((rest * where).square().sum() / (wet * where).square().sum())
