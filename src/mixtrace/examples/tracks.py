"""The dry tracks of the embedded demo song: nine instruments in three groups, made by code.

Every track has the room's quiet noise between its notes, and the drums hear each other, as
recorded tracks do: a gate, a compressor and a fader all have something to work on.
"""

from functools import partial

import numpy as np
from jaxtyping import Float, Float32
from numpy.random import Generator

from mixtrace.examples import score
from mixtrace.examples.score import SONG_DURATION_S
from mixtrace.instruments import band_noise, drums, humanise, overlay, samples, tonal, voice
from mixtrace.units import ratio_from_db

__all__ = ["DEMO_GROUPS", "synthesise_tracks"]

DEMO_GROUPS: dict[str, str] = {
    "kick": "drums",
    "snare": "drums",
    "hihat": "drums",
    "bass": "music",
    "chords": "music",
    "guitar": "music",
    "lead": "music",
    "voice": "vocals",
    "backing": "vocals",
}
"""The bus of each track."""

PEAK_DB = -6.0
NOISE_DB = -58.0
BLEED_DB = {("kick", "snare"): -30.0, ("hihat", "snare"): -28.0, ("snare", "hihat"): -26.0}
"""Level at which (a drum, is heard in another's microphone), relative to its own."""


def synthesise_tracks(
    sample_rate_hz: int, seed: int = 0
) -> dict[str, Float32[np.ndarray, "channel time"]]:
    """Return the dry tracks of the demo song, by name, in the order of `DEMO_GROUPS`.

    Args:
        sample_rate_hz: sample rate, 24000 Hz or more: a hi-hat and an s need their band.
        seed: of the players' timing and velocity and of every noise; same seed, same bits.

    Returns:
        Mono [1, time] or stereo [2, time] tracks of 24 s, each with a peak of about -6 dBFS.
    """
    rngs = dict(zip(DEMO_GROUPS, np.random.default_rng(seed).spawn(len(DEMO_GROUPS)), strict=True))
    takes = (
        _drum_takes(sample_rate_hz, rngs)
        | _music_takes(sample_rate_hz, rngs)
        | _vocal_takes(sample_rate_hz, rngs)
    )
    levelled = {name: _normalise(takes[name]) for name in DEMO_GROUPS}
    tracks = {}
    for name, track in levelled.items():
        bleed = _bleed(name, levelled)
        noise = _room_noise(len(track), sample_rate_hz, rngs[name])
        tracks[name] = (track + bleed + noise).astype(np.float32)
    return tracks


def _drum_takes(sample_rate_hz: int, rngs: dict[str, Generator]) -> dict[str, np.ndarray]:
    parts = {
        "kick": (score.kick_notes(), drums.kick),
        "snare": (score.snare_notes(), drums.snare),
        "hihat": (score.hihat_notes(), drums.hihat),
    }
    takes = {}
    for name, (notes, play) in parts.items():
        sound = partial(play, sample_rate_hz=sample_rate_hz, rng=rngs[name])
        played = humanise(notes, rngs[name], timing_s=0.003)
        takes[name] = overlay(played, sound, SONG_DURATION_S, sample_rate_hz)
    return takes


def _music_takes(sample_rate_hz: int, rngs: dict[str, Generator]) -> dict[str, np.ndarray]:
    parts = {
        "bass": (score.bass_notes(), tonal.bass),
        "chords": (score.chord_notes(), tonal.electric_piano),
        "guitar": (score.strum_notes(), partial(tonal.strum, rng=rngs["guitar"])),
        "lead": (score.lead_notes(), tonal.lead),
    }
    takes = {}
    for name, (notes, play) in parts.items():
        sound = partial(play, sample_rate_hz=sample_rate_hz)
        played = humanise(notes, rngs[name], timing_s=0.006)
        takes[name] = overlay(played, sound, SONG_DURATION_S, sample_rate_hz)
    return takes


def _vocal_takes(sample_rate_hz: int, rngs: dict[str, Generator]) -> dict[str, np.ndarray]:
    parts = {"voice": score.voice_notes(), "backing": score.backing_notes()}
    takes = {}
    for name, notes in parts.items():
        sung = humanise(notes, rngs[name], timing_s=0.012)
        takes[name] = voice.sing(sung, SONG_DURATION_S, sample_rate_hz, rngs[name])
    return takes


def _normalise(take: Float[np.ndarray, "*channels time"]) -> Float[np.ndarray, "channel time"]:
    """Return a take as [channel, time] with the track's peak level."""
    return ratio_from_db(PEAK_DB) * np.atleast_2d(take) / np.abs(take).max()


def _bleed(microphone: str, tracks: dict[str, np.ndarray]) -> Float[np.ndarray, "channel time"]:
    """Return what a microphone hears of the other drums; silence for most."""
    heard = np.zeros_like(tracks[microphone])
    for (drum, other), level_db in BLEED_DB.items():
        if other == microphone:
            heard += ratio_from_db(level_db) * tracks[drum]
    return heard


def _room_noise(
    channels: int, sample_rate_hz: int, rng: Generator
) -> Float[np.ndarray, "channel time"]:
    """Return the noise of a room and a microphone amplifier, independent in each channel."""
    count = samples(SONG_DURATION_S, sample_rate_hz)
    noise = [band_noise(count, 60.0, 5000.0, sample_rate_hz, rng) for _ in range(channels)]
    return ratio_from_db(NOISE_DB) * np.stack(noise)
