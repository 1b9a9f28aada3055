"""The mix of the demo song: settings a person would choose, most of the console left unused."""

from pathlib import Path

import numpy as np
import soundfile
import soxr
import torch
from jaxtyping import Float

from mixtrace.examples.effects import (
    Effect,
    PlantedEcho,
    bell,
    delay,
    equalizer,
    gain_panning,
    high_pass,
    high_shelf,
    low_pass,
    low_shelf,
    noise_reverb,
    one_pole_compressor,
    stereo_imager,
)
from mixtrace.examples.planting import Mixed, plant
from mixtrace.examples.tracks import DEMO_GROUPS, synthesise_tracks
from mixtrace.rendering import render_song
from mixtrace.session import Alignment, Session, Track
from mixtrace.session.manifest import MANIFEST_NAME
from mixtrace.store import naming, put, stage

__all__ = ["DEMO_RATE_HZ", "demo_session", "plant_demo", "write_demo_song"]

DEMO_RATE_HZ = 44_100
"""The rate at which the demo song is played and mixed."""


def plant_demo() -> Mixed:
    """Return the graph that mixes the tracks of `synthesise_tracks`, and its settings."""
    return plant(list(DEMO_GROUPS.items()), _drums() | _music() | _vocals(), _buses())


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
    lines = [f'name = "{song.name}"', 'mix = "mix.wav"']
    with stage(folder) as part_of:
        for track in song.tracks:
            path = f"tracks/{track.name}.wav"
            _write(part_of(path), track.audio)
            lines += ["", "[[tracks]]", f'path = "{path}"', f'group = "{track.group}"']
        _write(part_of("mix.wav"), song.mix)
        put(part_of(MANIFEST_NAME), ("\n".join(lines) + "\n").encode())


def _write(path: Path, audio: Float[np.ndarray, "channel time"]) -> None:
    with naming(path), path.open("wb") as file:
        form = {"format": "WAV", "subtype": "PCM_24", "closefd": False}
        soundfile.write(file.fileno(), audio.T, DEMO_RATE_HZ, **form)


def _at_rate(
    audio: Float[np.ndarray, "channel _time"], sample_rate_hz: int
) -> Float[np.ndarray, "channel _new_time"]:
    if sample_rate_hz == DEMO_RATE_HZ:
        return audio
    resampled = soxr.resample(audio.T, DEMO_RATE_HZ, sample_rate_hz, quality="VHQ")
    return np.ascontiguousarray(resampled.T)


def _drums() -> dict[str, list[Effect]]:
    return {
        "kick": [
            equalizer(
                bell(60.0, 3.0),
                bell(350.0, -6.0, 0.8),
                high_shelf(2000.0, 6.0),
                gain_db=1.5,
            )
        ],
        "snare": [
            one_pole_compressor(-28.0, 4.0, time_ms=8.0),
            gain_panning(6.0),
            noise_reverb(0.9, -6.0, damping_hz=5000.0),
        ],
        "hihat": [equalizer(high_pass(500.0), high_shelf(8000.0, 5.0)), gain_panning(-2.0, 0.25)],
    }


def _music() -> dict[str, list[Effect]]:
    return {
        "bass": [
            equalizer(low_shelf(90.0, 2.0), bell(250.0, -4.0), low_pass(2500.0), gain_db=-1.0),
            one_pole_compressor(-24.0, 3.0, time_ms=30.0),
        ],
        "chords": [stereo_imager(3.0), gain_panning(-4.0)],
        "guitar": [equalizer(high_pass(120.0), bell(2500.0, 3.0)), gain_panning(-6.0, -0.4)],
        "lead": [
            gain_panning(-11.0, 0.2),
            delay(
                [
                    PlantedEcho(0.44, 0.0, 0.5),
                    PlantedEcho(0.88, -5.0, -0.5),
                    PlantedEcho(1.32, -10.0, 0.5),
                ],
                -6.0,
            ),
        ],
    }


def _vocals() -> dict[str, list[Effect]]:
    return {
        "voice": [
            equalizer(high_pass(90.0), bell(3500.0, 3.0), gain_db=1.0),
            one_pole_compressor(-23.0, 3.0, time_ms=15.0),
            noise_reverb(0.7, -10.0),
        ],
        "backing": [gain_panning(-11.0, -0.3), noise_reverb(1.4, -3.0)],
    }


def _buses() -> dict[str, list[Effect]]:
    return {
        "drums": [one_pole_compressor(-29.0, 2.0, time_ms=25.0)],
        "music": [equalizer(bell(400.0, -2.0, 0.8), high_shelf(6000.0, 2.5))],
    }
