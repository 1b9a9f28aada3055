"""Mixes made by code whose gains over time are known: one cause each, and none at all.

Six tracks of notes at 24 kHz, 30 s, mixed with gain, pan and a reverb on half of them: drums of
three tracks, a bass, two voices. Every mix has the same tracks; what moves its gains differs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pedalboard
import scipy.signal
from jaxtyping import Float
from known_measures import BLOCK_S, gain_db

from mixtrace.session import Alignment, Session, Track

__all__ = ["CAUSES", "Made", "made"]

Audio = Float[np.ndarray, "channel time"]

RATE_HZ = 24_000
TIME = 30 * RATE_HZ
BLOCK = round(BLOCK_S * RATE_HZ)
GROUPS = ("drums", "drums", "drums", "bass", "vocals", "vocals")
GAINS = ((0.5, 0.5), (0.6, 0.3), (0.3, 0.7), (0.6, 0.6), (0.5, 0.5), (0.2, 0.5))
WET = (1, 2, 4)
NOTES_S = ((0.05, 0.2), (0.1, 0.3), (0.05, 0.15), (0.3, 1.0), (0.2, 1.2), (0.2, 0.8))


@dataclass(frozen=True, eq=False)
class Made:
    """A mix and the gains that made it.

    Attributes:
        session: tracks and mix.
        gains_db: true gain of each track in blocks of 5 ms, [track, block].
    """

    session: Session
    gains_db: Float[np.ndarray, "track block"]


Stage = Callable[[Audio], Audio]


@dataclass(frozen=True)
class Cause:
    """What moves gains: stages on tracks, on the drums' bus, on the master."""

    tracks: Mapping[int, Stage]
    bus: Stage | None = None
    master: Stage | None = None


def _effect(effect: pedalboard.Plugin) -> Stage:
    return lambda audio: effect(audio.astype(np.float32), RATE_HZ)


def _compressor(threshold_db: float, ratio: float, attack_ms: float, release_ms: float) -> Stage:
    return _effect(
        pedalboard.Compressor(
            threshold_db=threshold_db, ratio=ratio, attack_ms=attack_ms, release_ms=release_ms
        )
    )


def _ride(points_s: tuple[float, ...], points_db: tuple[float, ...]) -> Stage:
    gain_db = np.interp(np.arange(TIME) / RATE_HZ, points_s, points_db)
    return lambda audio: audio * (10 ** (gain_db / 20)).astype(np.float32)


_RIDE = _ride((0, 6, 9, 17, 20, 30), (0, 0, 5, 5, -4, -4))
CAUSES: dict[str, Cause] = {
    "nothing": Cause({}),
    "compressor 2:1, 5/100 ms, on the bass": Cause({3: _compressor(-30, 2, 5, 100)}),
    "compressor 4:1, 20/200 ms, on a voice": Cause({4: _compressor(-32, 4, 20, 200)}),
    "compressor 8:1, 60/600 ms, on a voice": Cause({4: _compressor(-36, 8, 60, 600)}),
    "compressors on a drum, the bass and a voice": Cause(
        {
            0: _compressor(-30, 4, 30, 200),
            3: _compressor(-30, 3, 10, 300),
            5: _compressor(-30, 6, 3, 100),
        }
    ),
    "gate on a drum": Cause(
        {1: _effect(pedalboard.NoiseGate(threshold_db=-30, ratio=4, attack_ms=1, release_ms=100))}
    ),
    "bus compressor on the drums": Cause({}, bus=_compressor(-30, 4, 15, 200)),
    "bus compressor, and one on the bass": Cause(
        {3: _compressor(-30, 3, 10, 300)}, bus=_compressor(-28, 3, 15, 200)
    ),
    "master compressor": Cause({}, master=_compressor(-26, 3, 20, 300)),
    "master limiter": Cause({}, master=_compressor(-20, 20, 1, 300)),
    "ride of a voice": Cause({4: _RIDE}),
    "ride of a voice that is compressed": Cause(
        {4: lambda audio: _RIDE(_compressor(-32, 4, 20, 200)(audio))}
    ),
    "ride of the drums": Cause({}, bus=_RIDE),
    "fade-out of the master": Cause({}, master=_ride((0, 18, 30), (0, 0, -30))),
}


def dry_track(track: int, seed: int) -> Float[np.ndarray, " time"]:
    """Notes of noise and harmonics at random times and levels."""
    rng = np.random.default_rng(100 * seed + track)
    audio, t = np.zeros(TIME), int(rng.uniform(0, 0.2) * RATE_HZ)
    while t < TIME:
        length = int(rng.uniform(*NOTES_S[track]) * RATE_HZ)
        time_s = np.arange(length) / RATE_HZ
        hertz = 55.0 * 2 ** (0.4 * track + rng.uniform(0, 2))
        note = (0.5 if track < 3 else 0.03) * rng.standard_normal(length)
        note += sum(np.sin(2 * np.pi * hertz * k * time_s) / k for k in range(1, 8))
        fall_s = rng.uniform(*NOTES_S[track])
        note *= np.exp(-time_s / fall_s) * np.minimum(time_s / 0.003, 1) * 10 ** rng.uniform(-1, 0)
        audio[t : t + length] += note[: TIME - t]
        t += int(rng.uniform(0.5, 1.5) * length) + round(0.05 * RATE_HZ)
    return 0.25 * audio / np.max(np.abs(audio)) * 2


def _reverb(audio: Audio, seed: int) -> Audio:
    """Add stereo noise that falls by 60 dB in 0.6 s, 12 dB below the dry sound."""
    rng = np.random.default_rng(seed)
    length = round(0.6 * RATE_HZ)
    noise = rng.standard_normal((2, length)) * 10 ** (-3 * np.arange(length) / length)
    noise *= 10 ** (-12 / 20) / np.sqrt(np.sum(noise**2, 1, keepdims=True))
    mono = audio.mean(0)
    return audio + np.stack([scipy.signal.fftconvolve(mono, n)[: audio.shape[-1]] for n in noise])


def made(name: str, seed: int = 0) -> Made:
    """Return the mix that a cause makes."""
    cause = CAUSES[name]
    dry = [dry_track(k, seed).astype(np.float32) for k in range(len(GROUPS))]
    gains_db = np.zeros((len(dry), -(-TIME // BLOCK)))
    parts = []
    for k, audio in enumerate(dry):
        part = np.outer(GAINS[k], audio)
        if k in cause.tracks:
            after = cause.tracks[k](part)
            gains_db[k] += gain_db(part, after, BLOCK)
            part = after
        parts.append(_reverb(part, 50 + k) if k in WET else part)
    drums = [k for k, group in enumerate(GROUPS) if group == "drums"]
    bus = np.sum([parts[k] for k in drums], 0)
    if cause.bus is not None:
        after = cause.bus(bus)
        gains_db[drums] += gain_db(bus, after, BLOCK)
        bus = after
    mix = bus + np.sum([parts[k] for k in range(len(dry)) if k not in drums], 0)
    if cause.master is not None:
        after = cause.master(mix)
        gains_db += gain_db(mix, after, BLOCK)
        mix = after
    tracks = tuple(
        Track(f"{k} {group}", group, a[None], Alignment(), False, None, 0)
        for k, (a, group) in enumerate(zip(dry, GROUPS, strict=True))
    )
    session = Session(name, RATE_HZ, mix.astype(np.float32), tracks, ())
    return Made(session, gains_db)
