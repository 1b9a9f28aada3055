"""The mix of the demo song: settings that a person would dial."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soxr
import torch
from jaxtyping import Float

from mixtrace.examples.compare import Mixed
from mixtrace.examples.song_files import MadeTrack, write_song
from mixtrace.examples.tracks import DEMO_GROUPS, synthesise_tracks
from mixtrace.interpret import Desk, TrackStrip, node_of
from mixtrace.processors import NodeSettings
from mixtrace.rendering import render_song
from mixtrace.session import Alignment, Session, Track
from mixtrace.store import stage

__all__ = ["DEMO_RATE_HZ", "demo_session", "plant_demo", "write_demo_song"]

_RIDE_S, _RIDE_DB = [0.0, 6.0, 12.0, 18.0, 24.0], [0.0, 2.0, -2.0, 1.0, 0.0]
_FLAT_BELL = (1000.0, 0.0, 1.0)

DEMO_RATE_HZ = 44_100
"""The rate at which the demo song is played and mixed."""


def plant_demo() -> Mixed:
    """Return the graph that mixes the tracks of `synthesise_tracks`, and its settings.

    >>> graph, _ = plant_demo()
    >>> len(graph.inputs), len(graph.of_kind("send")), [s.name for s in graph.strips.values()][-3:]
    (9, 6, ['room', 'echo', 'master'])
    """
    chains = _drums() | _music() | _vocals()
    sends: dict[str, dict[str, NodeSettings]] = {name: {} for name in DEMO_GROUPS}
    for to, name, level_db in _SENDS:
        sends[name][to] = node_of("send", level_db=level_db)
    tracks = [
        TrackStrip(name, group, chains[name], sends[name]) for name, group in DEMO_GROUPS.items()
    ]
    return Desk(tracks, _buses(), _returns()).built()


def demo_session(sample_rate_hz: int) -> Session:
    """Return the demo song, mixed at 44.1 kHz and brought to a rate; its mix peaks near -1 dBFS."""
    takes = synthesise_tracks(DEMO_RATE_HZ)
    graph, settings = plant_demo()
    dry = [torch.from_numpy(take) for take in takes.values()]
    mix = render_song(graph, settings, dry, DEMO_RATE_HZ).numpy()
    tracks = [
        Track(
            name=name,
            group=DEMO_GROUPS[name],
            kept=_at_rate(take, sample_rate_hz),
            alignment=Alignment(),
            silent=False,
            duplicate_of=None,
            clipped_samples=0,
        )
        for name, take in takes.items()
    ]
    notes = ("tracks and mix made by code",)
    return Session("demo", sample_rate_hz, _at_rate(mix, sample_rate_hz), tuple(tracks), notes)


def write_demo_song(folder: Path) -> None:
    """Write the demo song for a user: `tracks/*.wav`, `mix.wav` (24 bit) and `session.toml`.

    Args:
        folder: where to; made where it is missing, files of these names are replaced.

    Raises:
        StoreError: a file cannot be written.
        OSError: the folder cannot be made.
    """
    song = demo_session(DEMO_RATE_HZ)
    folder.mkdir(parents=True, exist_ok=True)
    with stage(folder) as part_of:
        tracks = [MadeTrack(track.name, track.group, track.audio) for track in song.tracks]
        write_song(part_of, song.name, tracks, song.mix, DEMO_RATE_HZ)


def _at_rate(
    audio: Float[np.ndarray, "channel _time"], sample_rate_hz: int
) -> Float[np.ndarray, "channel _new_time"]:
    if sample_rate_hz == DEMO_RATE_HZ:
        return audio
    resampled = soxr.resample(audio.T, DEMO_RATE_HZ, sample_rate_hz, quality="VHQ")
    return np.ascontiguousarray(resampled.T)


_SENDS = (
    ("room", "snare", -10.0),
    ("room", "voice", -13.0),
    ("room", "backing", -6.0),
    ("room", "chords", -14.0),
    ("echo", "lead", -8.0),
    ("echo", "voice", -17.0),
)
"""Return, track, level in dB."""


def _drums() -> dict[str, list[NodeSettings]]:
    return {
        "kick": [
            _eq(bells=[(60.0, 3.0, 1.0), (350.0, -5.0, 1.2)], high_shelf=(4000.0, 3.0)),
            _compressor(-18.0, 3.0, attack_ms=12.0, release_ms=90.0),
            _fader(-3.0),
        ],
        "snare": [
            _eq(bells=[(190.0, 2.5, 1.0), (4500.0, 4.0, 0.8)], high_pass_hz=90.0),
            _compressor(-20.0, 4.0, attack_ms=6.0, release_ms=110.0),
            _fader(-2.0, 0.05),
        ],
        "hihat": [_eq(high_pass_hz=400.0, high_shelf=(8000.0, 4.0)), _fader(-8.0, 0.3)],
    }


def _music() -> dict[str, list[NodeSettings]]:
    return {
        "bass": [
            _eq(bells=[(80.0, 2.0, 0.9), (250.0, -3.5, 1.0)]),
            _compressor(-22.0, 4.0, attack_ms=8.0, release_ms=140.0),
            _fader(-5.0),
        ],
        "chords": [_eq(bells=[(400.0, -3.0, 0.8), (3000.0, 2.0, 0.8)]), _fader(-8.0, -0.2)],
        "guitar": [_eq(bells=[(2500.0, 3.0, 1.0)], high_pass_hz=120.0), _fader(-10.0, -0.6)],
        "lead": [_eq(bells=[(1500.0, 2.5, 1.0)]), _fader(-13.0, 0.4)],
    }


def _vocals() -> dict[str, list[NodeSettings]]:
    ride = node_of("fader_automation", knot_s=_RIDE_S, knot_db=_RIDE_DB)
    return {
        "voice": [
            _eq(bells=[(250.0, -2.5, 1.0), (3500.0, 3.0, 0.8)], high_pass_hz=90.0),
            _compressor(-22.0, 4.0, attack_ms=5.0, release_ms=100.0),
            _fader(-4.0),
            ride,
        ],
        "backing": [_eq(bells=[(6000.0, 3.0, 0.7)], high_pass_hz=150.0), _fader(-13.0, -0.4)],
    }


def _buses() -> dict[str, list[NodeSettings]]:
    return {"drums": [_compressor(-14.0, 2.0, attack_ms=20.0, release_ms=160.0)]}


def _returns() -> dict[str, list[NodeSettings]]:
    room = node_of(
        "parametric_reverb",
        rt60_s=[0.8, 0.7, 0.6, 0.55, 0.5, 0.4],
        pre_delay_ms=12.0,
        width=0.8,
    )
    echo = node_of("feedback_delay", time_ms=360.0, feedback=0.3, damping_hz=9000.0, length_s=3.0)
    return {"room": [room], "echo": [echo]}


def _eq(
    bells: Sequence[tuple[float, float, float]] = (),
    high_pass_hz: float | None = None,
    high_shelf: tuple[float, float] | None = None,
) -> NodeSettings:
    """Return an equalizer of bells (Hz, dB, Q), a high-pass of 12 dB/oct and a shelf (Hz, dB)."""
    values = {"high_pass_db_per_octave": 0.0, "low_pass_db_per_octave": 0.0}
    if high_pass_hz is not None:
        values |= {"high_pass_hz": high_pass_hz, "high_pass_db_per_octave": 12.0}
    if high_shelf is not None:
        values |= dict(zip(("high_shelf_hz", "high_shelf_db"), high_shelf, strict=True))
    columns = zip(*(bells or [_FLAT_BELL]), strict=True)
    named = dict(zip(("bell_hz", "bell_db", "bell_q"), map(list, columns), strict=True))
    return node_of("parametric_equalizer", **values, **named)


def _compressor(threshold_db: float, ratio: float, **times: float) -> NodeSettings:
    return node_of("compressor", threshold_db=threshold_db, ratio=ratio, knee_db=4.0, **times)


def _fader(level_db: float, pan: float = 0.0) -> NodeSettings:
    return node_of("fader", level_db=level_db, pan=pan)
