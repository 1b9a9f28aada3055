"""Captures made of numbers, for the tests of what is told of them."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace

from mixtrace.captured import OCTAVES_HZ, SPAN_S, direct_frequencies_hz
from mixtrace.metrics import measure
from mixtrace.store import (
    CAPTURE,
    GAINS,
    METRICS,
    METRICS_SCHEMA,
    StoredCapture,
    StoredCurve,
    StoredEcho,
    StoredResponse,
    write_capture,
    write_document,
    write_gains,
)
from mixtrace.unseen import Unseen

RATE_HZ = 44_100
LEAD_S = 0.03
SECONDS = 22.0
STEP_S = 0.001
GAIN_STEP_S = 0.005
HZ = direct_frequencies_hz(RATE_HZ)


def track(name: str, **changes: Any) -> StoredResponse:
    """Return a track whose direct part is flat: 6 dB down to the left, silent to the right."""
    times_s = np.arange(530) * STEP_S - LEAD_S
    energy_db = np.where(times_s < 0.0, -60.0, -20.0 - 60.0 * times_s / 0.9)
    energy_db[30], energy_db[280] = 0.0, -12.0
    spans = int(-(-SECONDS // SPAN_S))
    plain = StoredResponse(
        name=name,
        group="drums",
        delay_s=0.002,
        polarity=1,
        confidence=0.9,
        file=f"{name}.wav",
        channels=1,
        arrival_s=0.0003,
        direct_end_s=0.02,
        tail_db=-14.2,
        rt60_s=0.9,
        echoes=(StoredEcho(after_s=0.25, level_db=-11.5),),
        energy_db=tuple(energy_db.tolist()),
        direct_db=((-6.0,) * len(HZ), (-120.0,) * len(HZ)),
        sounds_db=(0.0,) * len(HZ),
        curve=StoredCurve(
            attack_ms=2.0,
            release_ms=160.0,
            levels_db=(-50.0, -30.0, -10.0),
            gains_db=(3.0, 1.0, -4.0),
            worth=0.05,
        ),
        share=0.123,
        holds=0.97,
        coherence=((0.8,) * spans,) * len(OCTAVES_HZ),
    )
    return replace(plain, **changes)


def capture(*tracks: StoredResponse, **changes: Any) -> StoredCapture:
    """Return a capture of tracks that share no tail."""
    likeness = np.where(np.eye(len(tracks), dtype=bool), 1.0, 0.03)
    plain = StoredCapture(
        mixtrace="0.1",
        song="A song",
        fingerprint="0" * 16,
        unseen=None,
        seconds=75.0,
        sample_rate_hz=RATE_HZ,
        lead_samples=round(LEAD_S * RATE_HZ),
        response_samples=round(0.53 * RATE_HZ),
        gain_step_s=GAIN_STEP_S,
        energy_step_s=STEP_S,
        span_s=SPAN_S,
        direct_hz=HZ,
        octaves_hz=OCTAVES_HZ,
        error_seen=0.052,
        error_unseen=None,
        notes=(),
        tracks=tracks,
        shared=(),
        unread=(),
        tail_likeness=tuple(tuple(row) for row in likeness.tolist()),
    )
    return replace(plain, **changes)


def write(folder: Path, stored: StoredCapture) -> Path:
    """Write a capture; the gains of all tracks swing between their lowest and -3 dB."""
    folder.mkdir(parents=True)
    write_capture(stored, folder / CAPTURE)
    times_s = (np.arange(round(SECONDS / GAIN_STEP_S)) + 0.5) * GAIN_STEP_S
    swing_db = 3.0 * np.cos(2.0 * np.pi * times_s / 4.0)
    gains_db = [swing_db if t.curve else np.zeros_like(swing_db) for t in stored.tracks]
    gains_db += [2.0 * swing_db for _ in stored.shared]
    write_gains(folder / GAINS, stored, np.array(gains_db))
    return folder


def write_metrics(folder: Path, unseen: str | None = None) -> dict[str, Any]:
    """Write measures of one noise against another beside a capture, and return them."""
    noise = np.random.default_rng(0).standard_normal((2, 2, round(SECONDS * RATE_HZ)))
    target, estimate = 0.1 * noise[0], 0.1 * (noise[0] + 0.1 * noise[1])
    apart = None if unseen is None else Unseen.parse(unseen)
    measures = asdict(
        measure(target=target, estimate=estimate, sample_rate_hz=RATE_HZ, unseen=apart)
    )
    write_document(folder / METRICS, METRICS_SCHEMA, {"sample_rate_hz": RATE_HZ} | measures)
    return measures
